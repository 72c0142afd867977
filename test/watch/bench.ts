import { spawn, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { Journal, type Line } from './journal.js';
import { commandOf, isAlive, pause, processesOf } from './processes.js';
import { repo, writeMain, type Watcher } from './watchers.js';

export type Stop = 'instant' | 'drain' | 'never' | 'hang';
export type Kind = 'http' | 'context';

export interface Setting {
  readonly stop: Stop;
  readonly kind: Kind;
  readonly guard: 'auto' | 'off';
  readonly port: number;
  /** Of a body that drains, in milliseconds. */
  readonly drain: number;
}

export class CellFailure extends Error {}

/** How often the journal is looked at, in milliseconds. */
const GLANCE = 20;
/** A watcher that shows no sign of an edit for so long has missed it (it was not watching yet): the file is written again. */
const MISSED = 12_000;

const text = (version: number, note: string): string => `export const VERSION = ${version};\n${note}`;

/** One checkout of the fixture, its dev servers and its journal. */
export class Bench {
  readonly journal: Journal;
  readonly checkout: string;
  version = 0;
  edits = 0;
  missed = 0;
  private readonly servers = new Map<string, ChildProcess>();
  private writes = 0;
  /** How long the output was when the last server was started. */
  startedAt = 0;

  constructor(
    readonly directory: string,
    packages: string,
    readonly watcher: Watcher,
    readonly setting: Setting,
    private readonly deadline: number,
  ) {
    this.checkout = join(directory, 'app');
    this.journal = new Journal(join(directory, 'journal.jsonl'));
    cpSync(join(repo, 'test/watch/fixture'), this.checkout, { recursive: true });
    // Not in the fixture itself: there it would keep the compiler from finding this very package.
    writeFileSync(
      join(this.checkout, 'package.json'),
      '{ "name": "watched-app", "private": true, "version": "0.0.0" }',
    );
    linkModules(join(this.checkout, 'node_modules'), packages);
    if (watcher.main !== undefined) writeMain(this.checkout, watcher.main);
    if (watcher.compiled) for (const name of readdirSync(join(this.checkout, 'src'))) this.compile(name);
  }

  get patience(): number {
    return this.setting.guard === 'off' ? 9_000 : 75_000;
  }

  /** @param server its name, where there are several */
  start(server = '1'): ChildProcess {
    const { kind, stop, guard, port, drain } = this.setting;
    const output = openSync(this.outputPath, 'a');
    this.startedAt = this.output().length;
    const child = spawn(process.execPath, this.watcher.args, {
      cwd: this.checkout,
      detached: true,
      stdio: ['ignore', output, output],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        ...(process.env['XDG_RUNTIME_DIR'] === undefined ? {} : { XDG_RUNTIME_DIR: process.env['XDG_RUNTIME_DIR'] }),
        WATCH_CELL: this.directory,
        WATCH_STOP: stop,
        WATCH_DRAIN: String(drain),
        WATCH_SERVER: server,
        ...(kind === 'http' ? { WATCH_PORT: String(port + Number(server) - 1) } : {}),
        GUARD: guard,
        ...this.watcher.env?.(this.checkout),
      },
    });
    closeSync(output);
    this.servers.set(server, child);
    return child;
  }

  serverPid(server = '1'): number {
    const pid = this.servers.get(server)?.pid;
    if (pid === undefined) throw new CellFailure(`server ${server} does not run`);
    return pid;
  }

  get outputPath(): string {
    return join(this.directory, 'output.log');
  }

  output(): string {
    return readFileSync(this.outputPath, 'utf8');
  }

  /** A new version of the code. */
  edit(): void {
    this.version++;
    this.edits++;
    this.write(text(this.version, ''));
  }

  /** What does not parse. */
  break(): void {
    this.edits++;
    this.write(`export const VERSION = = ${this.version};\n`);
  }

  private write(content: string): void {
    writeFileSync(join(this.checkout, 'src/version.ts'), content);
    if (this.watcher.compiled) this.compile('version.ts');
  }

  private compile(name: string): void {
    const source = readFileSync(join(this.checkout, 'src', name), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      fileName: name,
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.CommonJS,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    });
    mkdirSync(join(this.checkout, 'dist'), { recursive: true });
    const broken = source.includes('= =');
    writeFileSync(join(this.checkout, 'dist', basename(name, '.ts') + '.js'), broken ? source : outputText);
  }

  /** Waits for what the journal says. @returns false when it does not come in time */
  async until(met: () => boolean, patience = this.patience): Promise<boolean> {
    const limit = Math.min(performance.now() + patience, this.deadline);
    for (;;) {
      this.journal.read();
      if (met()) return true;
      if (performance.now() > limit) return false;
      await pause(GLANCE);
    }
  }

  async must(what: string, met: () => boolean, patience?: number): Promise<void> {
    if (await this.until(met, patience)) return;
    if (this.setting.guard === 'auto') throw new CellFailure(`timed out: ${what}`);
  }

  /**
   * Both workers run the newest code, or its app was lost. An edit that the watcher missed is made again.
   * @param fresh the watcher has just been started, and cannot miss what was there before
   */
  async settled(fresh = false): Promise<void> {
    const { version } = this;
    const since = this.journal.lines.length;
    let glanced = performance.now();
    let seen = since;
    let printed = 0;
    const outputBefore = this.startedAt;
    await this.must(
      `version ${version} does not run`,
      () => {
        const { length } = this.journal.lines;
        const idle = this.journal.lines.slice(seen).every(({ event }) => event === 'start' || event === 'end');
        const { size } = statSync(this.outputPath);
        if (!idle || size !== printed) glanced = performance.now();
        seen = length;
        printed = size;
        if (!fresh && performance.now() - glanced > MISSED && !this.hasBooted(version)) {
          this.missed++;
          glanced = performance.now();
          this.write(text(version, `// again ${this.writes++}\n`));
        }
        return this.runs(version) || this.lostOf(version) || (!fresh && this.isOfNoUse(outputBefore));
      },
      fresh ? 75_000 : undefined,
    );
  }

  /** Its own runtime says so: it read a half-written update, or met a syntax error. */
  isOfNoUse(since: number): boolean {
    return (
      this.watcher.ofNoUseAfterError === true &&
      /\[HMR\] (Update failed|You need to restart)/.test(this.output().slice(since))
    );
  }

  hasBooted(version: number): boolean {
    return this.journal.lines.some((line) => line.event === 'boot' && line.version === version);
  }

  private lostOf(version: number): boolean {
    return this.journal.lines.some((line) => line.event === 'lost' && line.version === version);
  }

  private runs(version: number): boolean {
    return (['loop', 'tick'] as const).every((worker) =>
      this.journal.lines.some(
        (line) => line.event === 'start' && line.worker === worker && line.version === version && isAlive(line.process),
      ),
    );
  }

  /** The old app has been told to stop; or the new one runs already. */
  async draining(): Promise<void> {
    const since = this.journal.lines.length;
    const { version } = this;
    await this.until(
      () => this.journal.lines.slice(since).some(({ event }) => event === 'asked') || this.runs(version),
      15_000,
    );
  }

  /** The watcher has said what is wrong with the source. */
  async complained(since: number): Promise<void> {
    await this.until(() => /error|expected|unexpected/i.test(this.output().slice(since)), 15_000);
  }

  /** The last body to have started. */
  newest(): Line {
    this.journal.read();
    const found = this.journal.lines.findLast(({ event }) => event === 'start');
    if (!found) throw new CellFailure('no body has ever started');
    return found;
  }

  liveApps(): readonly string[] {
    this.journal.read();
    const apps = this.journal.lines.filter(({ event }) => event === 'boot').map((line) => line.process);
    return [...new Set(apps)].filter(isAlive);
  }

  processes(server: string): readonly number[] {
    return processesOf(this.directory, server);
  }

  async ended(server: string): Promise<void> {
    if (await this.until(() => this.processes(server).length === 0, 20_000)) return;
    // Without the guard an orphan lives on.
    if (this.setting.guard === 'off') return;
    throw new CellFailure(`server ${server} does not end: ${this.processes(server).map(commandOf).join('; ')}`);
  }
}

/** The repository's modules one by one, and the package among them as if it were installed. */
function linkModules(target: string, packages: string): void {
  const from = join(repo, 'node_modules');
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name === 'nestjs-background-worker' || name === '.package-lock.json' || name.startsWith('.vite')) continue;
    symlinkSync(join(from, name), join(target, name));
  }
  symlinkSync(join(packages, 'nestjs-background-worker'), join(target, 'nestjs-background-worker'));
}
