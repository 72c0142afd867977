import { spawn, type ChildProcess } from 'node:child_process';
import { plainEnv } from '../../../support/plain-env.js';
import { until } from '../../support/running.js';

/** What somebody typed in a terminal, in a process group of its own. */
export class Program {
  output = '';
  private hasEnded = false;
  readonly ended: Promise<void>;

  private constructor(
    readonly child: ChildProcess,
    readonly command: string,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.hasEnded = true;
        resolve();
      };
      child.once('close', end).once('error', end);
    });
  }

  static start(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Program {
    const child = spawn(command, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: plainEnv(env) });
    return new Program(child, [command, ...args].join(' '));
  }

  /** Of the app that it runs, or ran last. */
  get pid(): number {
    return Number([...this.output.matchAll(/>> PID (\d+)/g)].at(-1)?.[1] ?? 0);
  }

  async prints(text: string | RegExp, times = 1, ms = 60_000): Promise<void> {
    await until(
      () => this.times(text) >= times,
      `prints ${String(text)} (${times})`,
      ms,
      () => this.output,
    );
  }

  /** Until its watcher has been quiet for a while: what it prints last it prints before it watches. */
  async watches(): Promise<void> {
    let [length, since] = [this.output.length, performance.now()];
    const quiet = (): boolean => {
      if (this.output.length !== length) [length, since] = [this.output.length, performance.now()];
      return performance.now() - since > 700;
    };
    await until(quiet, 'quiet', 30_000, () => this.output);
  }

  times(text: string | RegExp): number {
    return this.output.split('\n').filter((line) => (typeof text === 'string' ? line.includes(text) : text.test(line)))
      .length;
  }

  /** What the library says to a person. */
  get said(): readonly string[] {
    const line = / (?:LOG|WARN|ERROR) \[BackgroundWorker\] (.*)$/;
    return this.output.split('\n').flatMap((one) => line.exec(one)?.[1] ?? []);
  }

  says(...words: readonly (string | number | RegExp)[]): boolean {
    return this.said.some((line) =>
      words.every((one) => (one instanceof RegExp ? one.test(line) : line.includes(String(one)))),
    );
  }

  async mustSay(...words: readonly (string | number | RegExp)[]): Promise<void> {
    await until(
      () => this.says(...words),
      `says ${words.map(String).join(' and ')}`,
      30_000,
      () => this.output,
    );
  }

  get isOver(): boolean {
    return this.hasEnded;
  }

  signal(name: NodeJS.Signals): void {
    process.kill(-this.child.pid!, name);
  }
}
