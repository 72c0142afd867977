import { BadRequestException } from '@nestjs/common';
import { excerpt, refuse } from '../refusal.js';

export interface NewMonitor {
  readonly url: string;
  readonly intervalMs: number;
}

const intervalMs = { min: 1_000, max: 86_400_000, default: 10_000 };
const maxUrlLength = 2_048;

export function parseNewMonitor(body: unknown): NewMonitor {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw refuse('body', body, 'a JSON object such as {"url":"https://nestjs.com","intervalMs":5000}');
  }
  const { url, intervalMs: interval, ...unknownFields } = body as Record<string, unknown>;
  for (const field of Object.keys(unknownFields)) {
    throw new BadRequestException(`${excerpt(field)} is not a field of a monitor; allowed are url and intervalMs`);
  }
  return { url: parseUrl(url), intervalMs: parseInterval(interval) };
}

export function parseUrl(value: unknown, field = 'url'): string {
  const allowed = `an http: or https: URL without user name and password, at most ${maxUrlLength} characters long`;
  if (typeof value !== 'string' || value.length > maxUrlLength || !URL.canParse(value)) {
    throw refuse(field, value, allowed);
  }
  const url = new URL(value);
  if (!['http:', 'https:'].includes(url.protocol) || url.username || url.password) throw refuse(field, value, allowed);
  url.hash = '';
  return url.href;
}

function parseInterval(value: unknown): number {
  if (value === undefined) return intervalMs.default;
  if (!Number.isInteger(value) || Number(value) < intervalMs.min || Number(value) > intervalMs.max) {
    throw refuse('intervalMs', value, `a whole number of milliseconds from ${intervalMs.min} to ${intervalMs.max}`);
  }
  return Number(value);
}
