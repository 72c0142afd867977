import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach } from 'vitest';
import { plainEnv } from '../../support/plain-env.js';
import { until } from './app.js';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const running = new Set<Child>();

afterEach(async () => {
  await Promise.all([...running].map((child) => child.end()));
});

/** A program of test/fixtures in a process of its own. */
export class Child {
  output = '';
  readonly exited: Promise<Exit>;
  private exit: Exit | undefined;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.exited = new Promise((resolve) =>
      child.once('close', (code, signal) => {
        this.exit = { code, signal };
        running.delete(this);
        resolve(this.exit);
      }),
    );
  }

  /** @param input what it is told, as JSON */
  static start(program: string, input: object = {}, env: NodeJS.ProcessEnv = {}): Child {
    const path = `${process.env['BGW_FIXTURES']}${program}.js`;
    const child = spawn(process.execPath, [path, JSON.stringify(input)], {
      env: plainEnv(env),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const one = new Child(child);
    running.add(one);
    return one;
  }

  /** Waits until it has printed this. */
  prints(text: string): Promise<void> {
    return this.printsTimes(text, 1);
  }

  /** Waits until this many lines have it; fails at once when it has ended without. */
  async printsTimes(text: string, times: number): Promise<void> {
    const printed = (): boolean => this.times(text) >= times;
    const complaint = (): Error => new Error(`printed ${this.times(text)} times: "${text}"; all:\n${this.output}`);
    await until(text, () => printed() || this.exit !== undefined, 15_000).catch(() => Promise.reject(complaint()));
    if (!printed()) throw complaint();
  }

  /** How often a line has it. */
  times(text: string): number {
    return this.output.split('\n').filter((line) => line.includes(text)).length;
  }

  /** Where it was printed; fails when it wasn't. */
  at(text: string): number {
    const at = this.output.indexOf(text);
    if (at < 0) throw new Error(`not printed: "${text}"; all:\n${this.output}`);
    return at;
  }

  type(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** The exit, and the milliseconds until then. */
  async exits(): Promise<Exit & { ms: number }> {
    const begun = performance.now();
    return { ...(await this.exited), ms: performance.now() - begun };
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
