import type { INestApplication } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { AppModule } from '../src/app.module.js';
import type { ReceivedMail } from '../src/mail/local-smtp-server.js';
import type { Settings } from '../src/settings/settings.js';

const settings: Settings = {
  host: '127.0.0.1',
  port: 0,
  database: { type: 'sqlite', file: ':memory:' },
  smtpUrl: undefined,
  alertTo: 'ops@localhost',
};

/** The app in this process. Under a test runner its workers don't start by themselves; its tasks run. */
export class TestApp {
  private constructor(
    readonly nest: INestApplication,
    readonly address: string,
  ) {}

  static async start(override = (builder: TestingModuleBuilder) => builder): Promise<TestApp> {
    const module = await override(Test.createTestingModule({ imports: [AppModule.forRoot(settings)] })).compile();
    const nest = module.createNestApplication({ logger: false });
    await nest.listen(settings.port, settings.host);
    return new TestApp(nest, await nest.getUrl());
  }

  async post(path: string, body: unknown): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(this.address + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return response.json();
  }

  async mails(): Promise<readonly ReceivedMail[]> {
    const response = await fetch(`${this.address}/mails`);
    return (await response.json()) as ReceivedMail[];
  }
}
