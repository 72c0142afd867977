import { connect } from 'node:net';
import { describe } from 'vitest';

/** A database server to test against: named by the environment, or at its usual local port. */
export interface Server {
  readonly title: string;
  readonly kind: 'postgres' | 'mariadb';
  readonly url: string;
  /** Why there is none. */
  readonly missing?: string;
}

const found = async (kind: Server['kind'], title: string, variable: string, local: string): Promise<Server> => {
  const url = process.env[variable] ?? local;
  if (await answers(new URL(url))) return { title, kind, url };
  const missing = `no ${title} at ${url}: set ${variable}`;
  if (process.env['CI'] === 'true') throw new Error(missing);
  console.warn(`SKIPPED: ${missing}`);
  return { title, kind, url, missing };
};

function answers({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', end(true)).once('error', end(false));
  });
}

export const postgres = await found(
  'postgres',
  'PostgreSQL',
  'TEST_POSTGRES_URL',
  'postgres://postgres@127.0.0.1:5432/test',
);
export const mariadb = await found('mariadb', 'MariaDB', 'TEST_MARIADB_URL', 'mysql://root@127.0.0.1:3306/test');

/** A suite that needs this server. */
export const describeWith = ({ title, missing }: Server, about: string, suite: () => void): void =>
  void describe.skipIf(missing !== undefined)(`${about} on ${title}`, suite);
