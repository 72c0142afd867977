import { NestFactory } from '@nestjs/core';
import type { INestApplication } from '@nestjs/common';
import { boot, options, rootModule, settings } from './boot.js';

/** Packages that these tests install by themselves: types of them are not at hand everywhere. */
interface Microservice {
  enableShutdownHooks(): void;
  listen(): Promise<void>;
}
const { createMicroservice } = NestFactory as unknown as {
  createMicroservice: (module: object, options: object) => Promise<Microservice & INestApplication>;
};
const { type = 'hybrid', port = 0 } = settings.transport ?? {};
const TCP = 0;
const tcp = { transport: TCP, options: { host: '127.0.0.1', port } };

/** Says to whoever connects which process it is. */
function gateway(): object {
  const { WebSocketGateway } = require('@nestjs/websockets') as { WebSocketGateway: (port: number) => ClassDecorator };
  class Gateway {
    handleConnection(client: { send(text: string): void }): void {
      client.send(String(process.pid));
    }
  }
  WebSocketGateway(port)(Gateway);
  return Gateway;
}

async function server(providers: readonly object[]): Promise<INestApplication> {
  const app = await NestFactory.create(rootModule(providers) as never, options);
  app.enableShutdownHooks();
  return app;
}

async function made(): Promise<INestApplication> {
  if (type === 'microservice') {
    const app = await createMicroservice.call(NestFactory, rootModule(), { ...options, ...tcp });
    app.enableShutdownHooks();
    await app.listen();
    return app;
  }
  const app = await server(type === 'gateway' ? [gateway()] : []);
  if (type === 'gateway') {
    const { WsAdapter } = require('@nestjs/platform-ws') as { WsAdapter: new (app: object) => never };
    app.useWebSocketAdapter(new WsAdapter(app));
  } else {
    app.connectMicroservice(tcp);
    await app.startAllMicroservices();
  }
  await app.listen(settings.port ?? 0, '127.0.0.1');
  return app;
}

void boot(made);
