import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { plainEnv } from '../support/plain-env.js';
import { eventually } from './eventually.js';

export const sampleMain = fileURLToPath(new URL('../../sample-app/dist/main.js', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The built sample app as a child process. */
export class SampleApp {
  output = '';
  errors = '';
  address = '';
  readonly exited: Promise<Exit>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.exited = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  }

  static launch(env: NodeJS.ProcessEnv): SampleApp {
    const child = spawn(process.execPath, [sampleMain], {
      env: plainEnv({ DATABASE_URL: undefined, SMTP_URL: undefined, HOST: undefined, PORT: '0', ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new SampleApp(child);
  }

  static async start(env: NodeJS.ProcessEnv): Promise<SampleApp> {
    const app = SampleApp.launch(env);
    try {
      app.address = await eventually('the sample app to listen', async () => {
        if (app.child.exitCode !== null) throw new Error(`It exited with ${app.child.exitCode}`);
        return /runs at (http:\S+)/.exec(app.output)?.[1];
      });
      return app;
    } catch (error) {
      await app.kill();
      throw new Error(`The sample app did not start:\n${app.output}\n${app.errors}`, { cause: error });
    }
  }

  get outputs(): string {
    return this.output + this.errors;
  }

  get port(): string {
    return new URL(this.address).port;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.address + path);
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  async status(path: string): Promise<number> {
    const response = await fetch(this.address + path);
    await response.body?.cancel();
    return response.status;
  }

  async post(path: string, payload: unknown): Promise<{ status: number; body: unknown }> {
    const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(payload) };
    const response = await fetch(this.address + path, payload === undefined ? { method: 'POST' } : json);
    return { status: response.status, body: await response.json() };
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
