import { BackgroundTasks, BackgroundWorkers } from 'nestjs-background-worker';
import { DataSource } from 'typeorm';
import { beforeEach, expect, it } from 'vitest';
import { Alert } from '../src/alerts/alert.entity.js';
import { AlertWorker } from '../src/alerts/alert.worker.js';
import { AlertsService } from '../src/alerts/alerts.service.js';
import { Transactions } from '../src/database/transactions.js';
import { TestApp } from './test-app.js';

let app: TestApp;
let alerts: AlertsService;
let transactions: Transactions;
let tasks: BackgroundTasks;

beforeEach(async () => {
  app = await TestApp.start();
  alerts = app.nest.get(AlertsService);
  transactions = app.nest.get(Transactions);
  tasks = app.nest.get(BackgroundTasks);
  return () => app.nest.close();
});

const mail = { to: ['ops@localhost'], subject: 'http://a.test/ is down' };

it('an alert is mailed once its transaction has committed, and then owed no more', async () => {
  await transactions.run(async (manager) => {
    await alerts.raise(manager, 'http://a.test/', 'it answered 500');
    await tasks.drain();
    expect(await app.mails()).toEqual([]);
  });
  await tasks.drain();
  expect(await app.mails()).toEqual([mail]);
  expect(await alerts.owed()).toEqual([]);
});

it('an alert whose transaction rolls back is no alert', async () => {
  const rolledBack = transactions.run(async (manager) => {
    await alerts.raise(manager, 'http://a.test/', 'it answered 500');
    throw new Error('no');
  });
  await expect(rolledBack).rejects.toThrow('no');
  await tasks.drain();
  expect(await app.mails()).toEqual([]);
  expect(await alerts.owed()).toEqual([]);
});

it('what a process left behind when it died is sent by the worker', async () => {
  await app.nest.get(DataSource).manager.insert(Alert, { url: 'http://a.test/', reason: 'it answered 500' });
  await app.nest.get(BackgroundWorkers).get(AlertWorker).start();
  await app.nest.get(BackgroundWorkers).get(AlertWorker).trigger();
  await tasks.drain();
  expect(await app.mails()).toEqual([mail]);
  expect(await alerts.owed()).toEqual([]);
});
