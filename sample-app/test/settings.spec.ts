import { expect, it } from 'vitest';
import { BadSetting, readSettings } from '../src/settings/settings.js';

it('has a default for everything', () => {
  expect(readSettings({ SMTP_URL: '', DATABASE_URL: '' })).toEqual({
    host: '127.0.0.1',
    port: 3_000,
    database: { type: 'sqlite', file: expect.stringMatching(/data\/uptime\.sqlite$/) as string },
    smtpUrl: undefined,
    alertTo: 'ops@localhost',
  });
});

it('takes Postgres rather than SQLite where both are named', () => {
  const url = 'postgres://me@localhost/uptime';
  expect(readSettings({ DATABASE_URL: url, SQLITE_FILE: 'uptime.sqlite' }).database).toEqual({ type: 'postgres', url });
});

it.each([
  ['PORT', 'http', /^PORT is "http"; allowed: a whole number/],
  ['PORT', '65536', /^PORT is "65536"; allowed: a whole number/],
  ['SMTP_URL', '   ', /^SMTP_URL is " {3}"; allowed: smtp:/],
  ['SMTP_URL', 'smtp://', /^SMTP_URL is "smtp:\/\/"; allowed: smtp:/],
  ['SMTP_URL', 'http://localhost', /^SMTP_URL is "http:\/\/localhost"; allowed: smtp:/],
  [
    'DATABASE_URL',
    'mysql://me:secret@localhost/test',
    /^DATABASE_URL is "mysql:\/\/…@localhost\/test"; allowed: postgres:/,
  ],
])('refuses %s=%s, and shows no password', (variable, value, message) => {
  expect(() => readSettings({ [variable]: value })).toThrow(BadSetting);
  expect(() => readSettings({ [variable]: value })).toThrow(message);
});
