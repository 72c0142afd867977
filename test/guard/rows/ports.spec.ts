import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/room.js';
import { Site } from './support/site.js';
import { INSTALL, installTools, toolModules } from './support/tools.js';

beforeAll(installTools, INSTALL);

interface Client {
  once(event: 'message', listener: (data: unknown) => void): void;
  once(event: 'error' | 'close', listener: (error: Error) => void): void;
  close(): void;
}

/** @returns what the gateway says, or that nobody is there */
async function askGateway(port: number): Promise<string> {
  const { WebSocket } = createRequire(join(toolModules, 'x'))('ws') as { WebSocket: new (url: string) => Client };
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  try {
    return await new Promise((resolve, reject) => {
      client.once('message', (data) => resolve(String(data)));
      client.once('error', (error) => reject(error));
      client.once('close', () => reject(new Error('closed')));
    });
  } catch {
    return 'nobody';
  } finally {
    client.close();
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

for (const type of ['hybrid', 'microservice', 'gateway'] as const)
  it(`${type}: its port is free when the old one has drained`, { timeout: 120_000 }, async () => {
    const site = new Site();
    const folder = site.checkout('app', {}, 'with microservices');
    const transport = { type, port: await freePort() };
    const settings = { transport, port: await freePort() };
    const start = (name: string, more = {}) =>
      site.node(folder, ['dist/transports.js'], {
        settings: { ...settings, name, ...more },
        env: { NODE_ENV: 'development' },
      });
    const old = start('old', { drainUntil: 'go' });
    await site.sees('up', 'old');
    await site.sees('start', 'old');
    old.signal('SIGTERM');
    await site.sees('asked', 'old');
    const young = start('young');
    await young.prints('Starting Nest application');
    // It waits by now, or has died of it.
    await young.watches();
    site.make('go');
    await site.dies('old');
    await site.until(() => site.those('start', 'young').length + site.those('lost').length > 0, 'it starts, or dies');
    expect(site.those('lost')).toEqual([]);
    await site.sees('up', 'young');
    if (type === 'gateway') {
      for (let tries = 0; (await askGateway(transport.port)) !== String(young.pid); tries++) {
        expect(tries, `the gateway does not listen: ${young.output}`).toBeLessThan(20);
        await pause(50);
      }
    } else expect(await answers(transport.port)).toBe(true);
    expect(young.output).not.toContain('EADDRINUSE');
    expect(site.overlaps).toEqual([]);
  });
