import { createServer, connect, type ListenOptions, type Server, type Socket } from 'node:net';
import { createHash } from 'node:crypto';

/** A name on this machine that one process holds at a time, and that the kernel frees when the process ends, however it ends. */
export interface Endpoint {
  /** @returns undefined where somebody else holds the name */
  hold(onConnection: (socket: Socket) => void): Promise<Held | undefined>;
  /** @returns undefined where nobody holds the name */
  reach(): Promise<Socket | undefined>;
}

export interface Held {
  /** The name is free once this returns; connections go on. */
  release(): void;
}

/** Keeps a flood of connections from costing more than these. */
const MAX_CONNECTIONS = 64;

class SocketEndpoint implements Endpoint {
  constructor(private readonly address: ListenOptions & { path?: string; port?: number }) {}

  hold(onConnection: (socket: Socket) => void): Promise<Held | undefined> {
    return new Promise((resolve, reject) => {
      const server: Server = createServer((socket) => onConnection(socket.unref()));
      server.maxConnections = MAX_CONNECTIONS;
      server.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
      );
      server.listen({ ...this.address, exclusive: true }, () => {
        server.unref();
        server.removeAllListeners('error').on('error', () => undefined);
        resolve({ release: () => void server.close() });
      });
    });
  }

  reach(): Promise<Socket | undefined> {
    return new Promise((resolve, reject) => {
      const { path, port, host } = this.address;
      const socket = path === undefined ? connect({ port: port ?? 0, host }) : connect({ path });
      const nobody = (error: NodeJS.ErrnoException): void =>
        ['ECONNREFUSED', 'ENOENT', 'ECONNRESET'].includes(error.code ?? '') ? resolve(undefined) : reject(error);
      socket.once('error', nobody).once('connect', () => resolve(socket.off('error', nobody)));
    });
  }
}

const digest = (name: string): Buffer => createHash('sha256').update(name).digest();

/** Linux. Exactly 108 bytes: Node 20 pads shorter names with NULs, other versions do not. */
export const abstractSocket = (name: string): Endpoint =>
  new SocketEndpoint({ path: `\0nestjs-background-worker-${digest(name).toString('hex')}`.padEnd(108, '.') });

/** Windows. */
export const namedPipe = (name: string): Endpoint =>
  new SocketEndpoint({ path: `\\\\.\\pipe\\nestjs-background-worker-${digest(name).toString('hex')}` });

const FIRST_PORT = 20_000;
const PORTS = 12_768;

/** Anywhere else: a port of the name's own, below the range from which systems draw theirs. */
export const loopback = (name: string): Endpoint =>
  new SocketEndpoint({ host: '127.0.0.1', port: FIRST_PORT + (digest(name).readUInt32BE() % PORTS) });

export function endpointOf(name: string, platform: NodeJS.Platform = process.platform): Endpoint {
  if (platform === 'linux') return abstractSocket(name);
  return platform === 'win32' ? namedPipe(name) : loopback(name);
}
