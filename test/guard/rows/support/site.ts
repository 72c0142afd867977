import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { afterEach } from 'vitest';
import { endAll } from '../../../watch/processes.js';
import { overlapsIn } from '../../support/overlaps.js';
import { isAlive, until } from '../../support/running.js';
import type { Settings } from '../app/shape.js';
import { Program } from './program.js';
import { toolModules } from './tools.js';

const repo = join(import.meta.dirname, '../../../..');
/** Nest loads its own optional packages from where it lies itself: they must be beside it. */
type Nest = 'of the repository' | 'with microservices';

const sites = new Set<Site>();

afterEach(async () => {
  for (const site of sites) await site.close();
  sites.clear();
});

export interface Start {
  readonly in: string;
  readonly settings?: Settings;
  readonly env?: NodeJS.ProcessEnv;
}

/** One test's directory: its checkouts, its journal, and all that was started in it. */
export class Site {
  readonly directory = mkdtempSync(join(tmpdir(), 'bgw-row-'));
  private readonly journal = join(this.directory, 'journal');
  private readonly programs: Program[] = [];

  constructor() {
    writeFileSync(this.journal, '');
    sites.add(this);
  }

  /** An app of a developer's, with the package installed. @returns its folder */
  checkout(name = 'app', settings?: Settings, nest: Nest = 'of the repository'): string {
    const folder = join(this.directory, name);
    cpSync(join(import.meta.dirname, '../app'), join(folder, 'src'), { recursive: true });
    this.write(join(folder, 'package.json'), JSON.stringify({ name: 'an-app', private: true }));
    cpSync(join(repo, 'test/watch/fixture/tsconfig.json'), join(folder, 'tsconfig.json'));
    cpSync(join(repo, 'test/watch/fixture/nest-cli.json'), join(folder, 'nest-cli.json'));
    cpSync(join(repo, 'test/watch/fixture/vite.config.mjs'), join(folder, 'vite.config.mjs'));
    linkModules(join(folder, 'node_modules'), nest);
    if (settings) this.edit(folder, settings);
    compile(folder);
    return folder;
  }

  scripts(folder: string, scripts: Readonly<Record<string, string>>): void {
    this.write(join(folder, 'package.json'), JSON.stringify({ name: 'an-app', private: true, scripts }));
  }

  /** As a developer saves it. */
  edit(folder: string, settings: Settings): void {
    const text = `import type { Settings } from './shape.js';\nexport const settings: Settings = ${JSON.stringify(settings)};\n`;
    this.write(join(folder, 'src/settings.ts'), text);
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** @see journal.ts of the app */
  make(file: string): void {
    writeFileSync(`${this.journal}.${file}`, '');
  }

  start([command = '', ...args]: readonly string[], { in: cwd, settings = {}, env }: Start): Program {
    const program = Program.start(command, args, cwd, {
      WATCH_CELL: this.directory,
      XDG_RUNTIME_DIR: this.directory,
      ROW_JOURNAL: this.journal,
      ROW_SETTINGS: JSON.stringify(settings),
      ...env,
    });
    this.programs.push(program);
    return program;
  }

  node(folder: string, args: readonly string[], more: Omit<Start, 'in'> = {}): Program {
    return this.start([process.execPath, ...args], { in: folder, ...more });
  }

  get lines(): readonly string[] {
    return readFileSync(this.journal, 'utf8').split('\n').filter(Boolean);
  }

  /** Those of an event, and of a name or a pid. */
  those(event: string, of?: string | number): readonly string[] {
    return this.lines.filter((line) => {
      const [what, pid, name] = line.split(' ');
      return what === event && (of === undefined || pid === String(of) || name === of);
    });
  }

  pidOf(event: string, of?: string): number {
    return Number(this.those(event, of).at(-1)?.split(' ')[1] ?? 0);
  }

  /** Its process has ended, however. */
  async dies(name: string): Promise<void> {
    const pid = Number(this.those('init', name).at(-1)?.split(' ')[1]);
    await this.until(() => !isAlive(pid), `${name} ends`);
  }

  /** What the last body did. */
  get lastBody(): string {
    return this.lines.findLast((line) => /^(start|stop) /.test(line)) ?? '';
  }

  get overlaps(): readonly string[] {
    return overlapsIn(this.lines);
  }

  /** Waits for an event to have come so many times. */
  async sees(event: string, of?: string | number, times = 1): Promise<void> {
    await this.until(() => this.those(event, of).length >= times, `${event} of ${of ?? 'anybody'} (${times})`);
  }

  async until(reached: () => boolean, what: string, ms = 60_000): Promise<void> {
    await until(reached, what, ms, () => `journal:\n${this.lines.join('\n')}\n${this.output}`);
  }

  /** Nothing has happened for so long. */
  async calm(ms = 1_500): Promise<void> {
    let [seen, since] = [this.lines.length, performance.now()];
    await this.until(() => {
      if (this.lines.length !== seen) [seen, since] = [this.lines.length, performance.now()];
      return performance.now() - since > ms;
    }, 'calm');
  }

  private get output(): string {
    return this.programs.map((one) => `--- ${one.command}\n${one.output}`).join('\n');
  }

  async close(): Promise<void> {
    await endAll(this.directory);
    await Promise.all(this.programs.map((one) => one.ended));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The repository's modules and those of the tools one by one, and the package among them. */
function linkModules(target: string, nest: Nest): void {
  mkdirSync(join(target, '@nestjs'), { recursive: true });
  const link = (from: string, name: string): void => {
    try {
      symlinkSync(join(from, name), join(target, name));
    } catch (error) {
      // Both have it.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  };
  const all = [join(repo, 'node_modules'), toolModules].filter(isThere);
  for (const from of nest === 'with microservices' ? all.reverse() : all) {
    for (const name of readdirSync(from)) if (!/^(\.|@nestjs$|nestjs-background-worker$)/.test(name)) link(from, name);
    for (const name of readdirSync(join(from, '@nestjs'))) link(from, `@nestjs/${name}`);
  }
  const installed = join(target, 'nestjs-background-worker');
  if (nest === 'of the repository') return symlinkSync(repo, installed);
  // A link would find the other Nest.
  for (const part of ['dist', 'package.json']) cpSync(join(repo, part), join(installed, part), { recursive: true });
}

function isThere(directory: string): boolean {
  try {
    return readdirSync(directory).length > 0;
  } catch {
    return false;
  }
}

/** src to dist, as CommonJS. */
export function compile(folder: string): void {
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.CommonJS,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  };
  mkdirSync(join(folder, 'dist'), { recursive: true });
  for (const name of readdirSync(join(folder, 'src'))) {
    const source = readFileSync(join(folder, 'src', name), 'utf8');
    const { outputText } = ts.transpileModule(source, { fileName: name, compilerOptions });
    writeFileSync(join(folder, 'dist', name.replace(/\.ts$/, '.js')), outputText);
  }
}
