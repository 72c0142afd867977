import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { plainEnv } from '../../support/plain-env.js';
import type { GuardAppInput } from '../../fixtures/guard-app.js';

export const FIXTURES = process.env['BGW_FIXTURES']!;

/** `orphaned`: by a shell that has ended. It does nothing until it is told to boot. */
export type How = 'alone' | 'watching' | 'launched' | 'launched by a shell' | 'orphaned' | 'clustered';
/** By a program that gives it namespaces of its own: the number it says is not ours. */
type Within = 'within';

export async function until(reached: () => boolean, what: string, ms = 14_000, more = (): string => ''): Promise<void> {
  for (const end = performance.now() + ms; !reached(); await pause(2))
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}\n${more()}`);
}

/** Neither gone nor a zombie. */
export function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

const parentOf = (pid: number): number => Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]);

/** The launcher, by a name that makes it one that watches. */
function watcher(): string {
  const link = `${FIXTURES}node_modules/nodemon/bin/nodemon.js`;
  if (!existsSync(link)) {
    mkdirSync(dirname(link), { recursive: true });
    try {
      symlinkSync(`${FIXTURES}guard-launcher.js`, link);
    } catch {
      // Another test file was first.
    }
  }
  return link;
}

/** The program test/fixtures/guard-app in a process of its own. */
export class Running {
  output = '';
  exit: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  private readonly closed: Promise<void>;

  private constructor(
    readonly child: ChildProcess,
    private readonly how: How | Within,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    child.stdin?.on('error', () => undefined);
    child.once('exit', (code, signal) => (this.exit = { code, signal }));
    this.closed = new Promise((resolve) => child.once('close', () => resolve()));
  }

  static start(input: GuardAppInput | undefined, env: NodeJS.ProcessEnv, how: How = 'alone'): Running {
    const app = [process.execPath, `${FIXTURES}guard-app.js`, ...(input ? [JSON.stringify(input)] : [])];
    const launcher = [process.execPath, watcher()];
    // "; true" keeps the shell from becoming the program itself.
    const shell = ['sh', '-c', '"$0" "$@"; true', ...app];
    const started: Record<How, readonly string[]> = {
      watching: [...launcher, '--each'],
      alone: app,
      launched: [...launcher, ...app],
      'launched by a shell': [...launcher, ...shell],
      clustered: [process.execPath, `${FIXTURES}guard-cluster.js`, ...app.slice(2)],
      orphaned: [...launcher, 'sh', '-c', 'exec 3<&0; "$0" "$@" <&3 &', ...app],
    };
    const [program = '', ...args] = started[how];
    return new Running(spawn(program, args, { env: plainEnv(env), stdio: 'pipe' }), how);
  }

  /** As an argument of another program. */
  static within([program = '', ...args]: readonly string[], input: GuardAppInput, env: NodeJS.ProcessEnv): Running {
    const app = [process.execPath, `${FIXTURES}guard-app.js`, JSON.stringify(input)];
    return new Running(spawn(program, [...args, ...app], { env: plainEnv(env), stdio: 'pipe' }), 'within');
  }

  /** The app's own. */
  async pid(): Promise<number> {
    await this.prints('>> PID');
    return this.known;
  }

  /** 0 until it has said so. */
  get known(): number {
    return Number(/>> PID (\d+)/.exec(this.output)?.[1] ?? 0);
  }

  /** Of what the launcher started: the app, or the shell between. */
  async launched(): Promise<number> {
    await this.prints('>> LAUNCHED');
    return Number(/>> LAUNCHED (\d+)/.exec(this.output)?.[1]);
  }

  async until(reached: () => boolean, what: string, ms?: number, more?: () => string): Promise<void> {
    await until(reached, what, ms, () => `${this.output}\n${more?.() ?? ''}`);
  }

  /** By its number; of what has ended the children are init's. */
  async adopted(from: number): Promise<void> {
    const pid = await this.pid();
    await this.until(() => parentOf(pid) !== from, 'its parent is another');
  }

  prints(text: string | RegExp, times = 1): Promise<void> {
    return this.until(() => this.times(text) >= times, `prints ${String(text)} (${times})`);
  }

  times(text: string | RegExp): number {
    return this.output.split('\n').filter((line) => (typeof text === 'string' ? line.includes(text) : text.test(line)))
      .length;
  }

  /** What the library says at these levels, without time and pid. */
  said(...levels: readonly ('LOG' | 'WARN' | 'ERROR' | 'DEBUG')[]): readonly string[] {
    const line = /^\[Nest\] \d+ {2}- .* +(LOG|WARN|ERROR|DEBUG) \[BackgroundWorker\] (.*)$/;
    return this.output.split('\n').flatMap((one) => {
      const [, level, text] = line.exec(one) ?? [];
      return text !== undefined && levels.some((wanted) => wanted === level) ? [text.replace(/ \+\d+ms$/, '')] : [];
    });
  }

  get hasStackTrace(): boolean {
    return /^\s+at .*[:(]/m.test(this.output);
  }

  /** Of one that is `watching`: starts another child. */
  launch(input: GuardAppInput): void {
    this.type(JSON.stringify([process.execPath, `${FIXTURES}guard-app.js`, JSON.stringify(input)]));
  }

  type(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.known, signal);
  }

  get alive(): boolean {
    return isAlive(this.known);
  }

  /** The app itself has ended; a launcher may live. */
  async gone(ms?: number): Promise<void> {
    await this.pid();
    await this.until(() => !this.alive && (this.how !== 'alone' || this.exit !== undefined), 'it ends', ms);
  }

  /** All of it, at the end of a test. */
  async end(): Promise<void> {
    const said = this.how === 'within' ? [] : [...this.output.matchAll(/>> (?:LAUNCHED|PID) (\d+)/g)];
    for (const pid of [...said.map(([, pid]) => Number(pid)), this.child.pid ?? 0]) {
      if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
    await this.closed;
  }
}
