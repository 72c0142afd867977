import { z } from 'zod';
import { allowed } from '../body/body.pipe.js';

const maxUrlLength = 2_048;
const interval = { min: 1_000, max: 86_400_000, default: 10_000 };
const anInterval = allowed(`a whole number of milliseconds from ${interval.min} to ${interval.max}`);

function isHttpUrl(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > maxUrlLength || !URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return ['http:', 'https:'].includes(protocol) && !username && !password;
}

export const httpUrl = z
  .custom<string>(
    isHttpUrl,
    allowed(`an http: or https: URL without user name and password, at most ${maxUrlLength} characters long`),
  )
  .transform((text) => {
    const url = new URL(text);
    url.hash = '';
    return url.href;
  });

export const newMonitor = z.strictObject(
  {
    url: httpUrl,
    intervalMs: z.int(anInterval).min(interval.min, anInterval).max(interval.max, anInterval).default(interval.default),
  },
  allowed('a JSON object such as {"url":"https://nestjs.com","intervalMs":5000}'),
);

export type NewMonitor = z.output<typeof newMonitor>;
