import { Injectable, type OnModuleInit } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BackgroundTask, BackgroundTasks } from '../../lib/index.js';
import { FakeBroker, FakeBrokerTransport } from '../support/fake-broker.js';
import { bootWith, until } from './support/app.js';
import { Child } from './support/child.js';

const ran: unknown[] = [];

@Injectable()
class Mails implements OnModuleInit {
  booted = false;

  constructor(private readonly tasks: BackgroundTasks) {}

  async onModuleInit(): Promise<void> {
    await this.tasks.dispatch(Mails, 'send', 'early');
    await delay(20);
    this.booted = true;
  }

  @BackgroundTask({ name: 'mail' })
  send(to: string): void {
    ran.push([to, this.booted]);
  }
}
Reflect.defineMetadata('design:paramtypes', [BackgroundTasks], Mails);

describe('dispatched while the app boots', () => {
  it.each([
    ['in memory', undefined],
    ['through a broker', new FakeBrokerTransport(new FakeBroker())],
  ])('%s a task begins after that', async (_, transport) => {
    ran.length = 0;
    await bootWith([Mails], { transport });
    await until('it ran', () => ran.length > 0);
    expect(ran).toEqual([['early', true]]);
  });
});

describe('the end of the transport', () => {
  it('holds up app.close(), stop() before close()', async () => {
    const transport = new FakeBrokerTransport(new FakeBroker());
    transport.slow = { stop: () => delay(300), close: () => delay(100) };
    const { app, lines } = await bootWith([], { transport });
    await app.close();
    expect(transport.calls).toEqual(['connect', 'consume', 'stop', 'stopped', 'close', 'closed']);
    expect(lines.of('warn', 'error')).toEqual([]);
  });

  it('comes before that of the process, under SIGTERM', async () => {
    const child = Child.start('app', { hooks: ['SIGTERM'], transport: { stop: 300, close: 200 } });
    await child.prints('>> UP');
    child.signal('SIGTERM');
    await child.prints('ASKED');
    child.type('release');
    expect(await child.exits()).toMatchObject({ code: null, signal: 'SIGTERM' });
    const order = ['stop BEGUN', 'stop ENDED', 'DATABASE CLOSED', 'close BEGUN', 'close ENDED'];
    expect(order.map((text) => child.at(text)).every((at, nr, all) => nr === 0 || all[nr - 1]! < at)).toBe(true);
    expect(child.output).not.toMatch(/ERROR|WARN/);
  });

  it('that never comes holds up no process longer than shutdownTimeout, and is named', async () => {
    const child = Child.start('app', { hooks: ['SIGTERM'], transport: {}, shutdownTimeout: 1_500 });
    await child.prints('>> UP');
    child.signal('SIGTERM');
    await child.prints('ASKED');
    child.type('release');
    const { signal, ms } = await child.exits();
    expect(signal).toBe('SIGTERM');
    expect(ms).toBeLessThan(2_500);
    expect(child.times('the task transport SlowTransport did not stop taking tasks in time')).toBe(1);
    expect(child.times('the task transport SlowTransport did not close in time')).toBe(1);
  });
});
