import { fileURLToPath } from 'node:url';

/** Read once, at the start, and injected wherever one is needed. */
export abstract class Settings {
  abstract readonly host: string;
  abstract readonly port: number;
  abstract readonly database: DatabaseSettings;
  /** Absent: the server in this process. */
  abstract readonly smtpUrl: string | undefined;
  abstract readonly alertTo: string;
}

export type DatabaseSettings =
  { readonly type: 'postgres'; readonly url: string } | { readonly type: 'sqlite'; readonly file: string };

/** Its message is for whoever starts the app: the variable, its value and what is allowed. */
export class BadSetting extends Error {}

const defaultSqliteFile = fileURLToPath(new URL('../../data/uptime.sqlite', import.meta.url));
const postgresUrl = { pattern: /^postgres(ql)?:\/\//, allowed: 'postgres://user:password@host:port/database' };
const smtpUrl = { pattern: /^smtps?:\/\/[^/]/, allowed: 'smtp://host:port or smtps://host:port' };

/** @throws BadSetting */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  return {
    host: env['HOST'] || '127.0.0.1',
    port: readPort(env['PORT'] || '3000'),
    database: env['DATABASE_URL']
      ? { type: 'postgres', url: readUrl('DATABASE_URL', env['DATABASE_URL'], postgresUrl) }
      : { type: 'sqlite', file: env['SQLITE_FILE'] || defaultSqliteFile },
    smtpUrl: env['SMTP_URL'] ? readUrl('SMTP_URL', env['SMTP_URL'], smtpUrl) : undefined,
    alertTo: env['ALERT_TO'] || 'ops@localhost',
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new BadSetting(`PORT is "${text}"; allowed: a whole number from 0 (any free port) to 65535`);
}

function readUrl(variable: string, text: string, { pattern, allowed }: typeof smtpUrl): string {
  if (URL.canParse(text) && pattern.test(text)) return text;
  const shown = text.replace(/\/\/.*@/, '//…@'); // not the password
  throw new BadSetting(`${variable} is "${shown}"; allowed: ${allowed}`);
}
