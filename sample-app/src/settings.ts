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
    smtpUrl: env['SMTP_URL'] || undefined,
    alertTo: env['ALERT_TO'] || 'ops@localhost',
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    console.error(`PORT is "${text}"; allowed is a whole number from 0 (any free port) to 65535.`);
    process.exit(1);
  }
  return port;
}
