import { BackgroundTasks } from 'nestjs-background-worker';
import { expect, it, onTestFinished } from 'vitest';
import { TestApp } from './test-app.js';

it('who signs up is welcomed, once', async () => {
  const app = await TestApp.start();
  onTestFinished(() => app.nest.close());
  const email = 'ada@localhost';
  expect(await app.post('/subscribers', { email })).toEqual({ id: 1, email, welcome: 'on its way' });
  expect(await app.post('/subscribers', { email })).toEqual({ id: 1, email, welcome: 'not again' });

  await app.nest.get(BackgroundTasks).drain();
  expect(await app.mails()).toEqual([{ to: [email], subject: 'Welcome' }]);
});
