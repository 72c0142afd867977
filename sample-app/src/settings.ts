import { fileURLToPath } from 'node:url';

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly database: DatabaseSettings;
  /** Absent: the server in this process. */
  readonly smtpUrl: string | undefined;
  readonly alertTo: string;
}

export type DatabaseSettings = { readonly postgresUrl: string } | { readonly sqliteFile: string };

const defaultSqliteFile = fileURLToPath(new URL('../data/uptime.sqlite', import.meta.url));

export function readSettings(env: NodeJS.ProcessEnv): Settings {
  return {
    host: env['HOST'] || '127.0.0.1',
    port: readPort(env['PORT'] || '3000'),
    database: env['DATABASE_URL']
      ? { postgresUrl: env['DATABASE_URL'] }
      : { sqliteFile: env['SQLITE_FILE'] || defaultSqliteFile },
    smtpUrl: env['SMTP_URL'] ? readSmtpUrl(env['SMTP_URL']) : undefined,
    alertTo: env['ALERT_TO'] || 'ops@localhost',
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    refuse(`PORT is "${text}"; allowed is a whole number from 0 (any free port) to 65535.`);
  return port;
}

function readSmtpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.hostname && ['smtp:', 'smtps:'].includes(url.protocol)) return text;
  const shown = text.replace(/\/\/.*@/, '//…@'); // not the password
  return refuse(`SMTP_URL is "${shown}"; allowed: smtp://host:port or smtps://host:port`);
}

function refuse(why: string): never {
  console.error(why);
  process.exit(1);
}
