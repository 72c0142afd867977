/** `npm run bench:flood`: an HTTP endpoint that submits, under more load than it can take. See flood.md beside this file. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { plainEnv } from '../test/support/plain-env.js';
import { compile } from './compile.js';
import type { Report } from './flood-run.js';

const SECONDS = Number(process.env['SECONDS'] ?? 30);
const PARTS = 3;

const server = fork(join(compile(), 'flood-run.js'), { env: plainEnv(), execArgv: ['--expose-gc'] });
const told = async (what?: string): Promise<Report> => {
  const answer = once(server, 'message') as Promise<[Report]>;
  if (what) server.send(what);
  return (await answer)[0];
};
const begun = await told();
const { url = '' } = begun;
const rows: (readonly [string, Report, autocannon.Result?])[] = [['before', begun]];
const flood = (method: 'GET' | 'POST'): Promise<autocannon.Result> =>
  autocannon({ url, method, connections: 200, duration: SECONDS / PARTS });
const idle = await flood('GET');
rows.push(['the same without `submit`', await told('tell'), idle]);
for (let part = 1; part <= PARTS; part += 1) {
  const result = await flood('POST');
  rows.push([`after ${Math.round((SECONDS / PARTS) * part)} s`, await told('tell'), result]);
}
rows.push(['drained', await told('drain')]);
server.kill('SIGTERM');
await once(server, 'exit');

const { counts } = rows.at(-1)![1];
console.log(
  `200 connections, ${SECONDS} s; Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}; load ${loadavg()[0]?.toFixed(1)}\n`,
);
console.log('| | requests/s | 2xx | 503 | errors | heap, MiB | rss, MiB | delay p50, ms | p99 | max |');
console.log('|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|');
for (const [name, { heap, rss, p50, p99, max }, result] of rows) {
  const refused = (result?.statusCodeStats as Record<string, { count: number }> | undefined)?.['503'];
  const http = result
    ? [Math.round(result.requests.average), result['2xx'], refused?.count ?? 0, result.errors]
    : ['', '', '', ''];
  const delays = result ? [p50, p99, max].map((value) => value.toFixed(1)) : ['', '', ''];
  const cells = [...http, heap.toFixed(1), rss.toFixed(1), ...delays];
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}
const { accepted, refused, done, atOnce } = counts;
console.log(`\n${accepted} accepted, ${done} done, ${refused} refused; at most ${atOnce} at once.`);
