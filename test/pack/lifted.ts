import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { clean, install, root, run } from './commands.js';

const MADE: readonly string[] = ['node_modules', 'dist', 'data'];

/** The sample app as whoever copies it has it: in a folder of its own it is built and tested, started, asked and stopped. */
export async function checkLifted(directory: string, tarball: string): Promise<void> {
  cpSync(join(root, 'sample-app'), directory, { recursive: true, filter: (path) => !MADE.includes(basename(path)) });
  install(directory, tarball);
  for (const script of ['build', 'test']) run(directory, 'npm', ['run', script], clean);
  console.log('the sample app, lifted out: built and tested');

  const app = new Started(directory);
  try {
    const { ok, status } = await fetch(`${await app.address}/monitors/1`);
    if (!ok) throw new Error(`GET /monitors/1 answered ${status}`);
    if (!existsSync(join(directory, 'data/uptime.sqlite'))) throw new Error('there is no data/uptime.sqlite');
    await app.stop();
  } catch (error) {
    throw new Error(`the sample app, lifted out:\n${app.output}`, { cause: error });
  } finally {
    app.kill('SIGKILL');
  }
  console.log('the sample app, lifted out: answered, and stopped at SIGTERM');
}

/** `npm start`, in a process group of its own as under a terminal. */
class Started {
  output = '';
  readonly address: Promise<string>;
  private readonly child;
  private readonly closed: Promise<unknown>;

  constructor(cwd: string) {
    this.child = spawn('npm', ['start'], {
      cwd,
      env: { ...clean, NO_COLOR: '1', PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    this.closed = once(this.child, 'close');
    this.address = new Promise((resolve, reject) => {
      void this.closed.then(() => reject(new Error('it ended')));
      this.child.stdout.setEncoding('utf8').on('data', (part: string) => {
        this.output += part;
        const [, address] = /runs at (http:\S+)/.exec(this.output) ?? [];
        if (address) resolve(address);
      });
    });
  }

  async stop(): Promise<void> {
    this.kill('SIGTERM');
    await this.closed;
    if (!this.output.includes('[Database] Closed')) throw new Error('it did not close its database');
  }

  kill(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal);
  }
}
