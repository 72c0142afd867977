import { basename, dirname, sep } from 'node:path';

/** An argument list, the program first. */
export type Args = readonly string[];

/** Options of node, and of tools like it, whose value is the next argument. */
const WITH_VALUE = new Set([
  ...['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions', '--env-file'],
  ...['--watch-path', '--stack-trace-limit', '-c', '--config', '-P', '-p', '--project', '--tsconfig', '--title'],
]);
/** Options of node that are the program. */
const WITH_CODE = new Set(['-e', '--eval', '-p', '--print', '-pe', '-i', '--interactive']);

/** The arguments that are no options, nor the values of options. */
export const operands = (args: Args): Args =>
  args.filter((one, at) => !one.startsWith('-') && !WITH_VALUE.has(args[at - 1] ?? ''));

export interface Invocation {
  /** `node`, or what runs by itself. */
  readonly program: string;
  /** Of node. */
  readonly options: Args;
  /** What node was told to run; absent for code, stdin, and what runs by itself. */
  readonly script?: string;
  /** The script's, or the program's. */
  readonly args: Args;
}

/** Which of the arguments are node's, and which the script's. */
export function invocationOf([first = '', ...rest]: Args): Invocation {
  const program = basename(first).replace(/\.(exe|cmd)$/, '');
  if (!/^(node|nodejs|bun)$/.test(program)) return { program, options: [], args: rest };
  const at = rest.findIndex((one, index) => !one.startsWith('-') && !WITH_VALUE.has(rest[index - 1] ?? ''));
  const options = at === -1 ? rest : rest.slice(0, at);
  if (at === -1 || options.some((one) => WITH_CODE.has(one.split('=')[0] ?? '')))
    return { program, options: rest, args: [] };
  return { program, options, script: rest[at] ?? '', args: rest.slice(at + 1) };
}

/** The package of a tool that is run: by its file in node_modules, or by its link in a directory of programs. */
export function toolOf({ program, script }: Invocation): string {
  if (script === undefined) return program;
  const parts = script.split(/[/\\]/);
  const at = parts.lastIndexOf('node_modules');
  const [owner = '', name = ''] = parts.slice(at + 1);
  if (at !== -1 && owner !== '.bin') return owner.startsWith('@') ? `${owner}/${name}` : owner;
  const isProgram = ['bin', '.bin'].includes(basename(dirname(script)));
  return isProgram ? basename(script).replace(/\.[cm]?js$/, '') : '';
}

const has = (args: Args, ...wanted: Args): boolean => args.some((one) => wanted.includes(one.split('=')[0] ?? ''));
const always = (): boolean => true;
const watching = (args: Args): boolean => has(args, '--watch', '-w') || args[0] === 'watch';
const nest = (args: Args): boolean => /^(start|build)$/.test(args[0] ?? '') && watching(args);
const vite = (args: Args): boolean => !/^(build|preview|optimize)$/.test(args[0] ?? '');
const nx = (args: Args): boolean =>
  args[0] === 'serve' || args.some((one) => /:serve(:|$)/.test(one)) || has(args, '--target=serve');

const WATCHERS: Readonly<Record<string, (args: Args) => boolean>> = {
  nest,
  '@nestjs/cli': nest,
  nodemon: always,
  'ts-node-dev': always,
  tsnd: always,
  'tsc-watch': always,
  'node-dev': always,
  webpack: always,
  'webpack-cli': always,
  tsx: watching,
  'vite-node': watching,
  vite,
  nx,
};

/** By its own argument list: what an app was started with, or is called, is no mark. */
export function isWatcher(args: Args): boolean {
  const invocation = invocationOf(args);
  if (has(invocation.options, '--watch', '--watch-path')) return true;
  const tool = toolOf(invocation);
  if (tool === 'nx' && basename(invocation.script ?? '') === 'run-executor.js') return true;
  return Object.hasOwn(WATCHERS, tool) && WATCHERS[tool]?.(invocation.args) === true;
}

const TEST_TOOLS = new Set(['mocha', 'jest', 'jest-cli', 'jest-worker', 'ava', 'tap', '@tapjs/run', 'tape', 'jasmine']);
const MORE_TEST_TOOLS = new Set(['vitest', 'uvu', 'playwright', '@playwright/test', 'cypress', 'cucumber-js']);

export function isTestRunner(args: Args): boolean {
  const invocation = invocationOf(args);
  const tool = toolOf(invocation);
  return has(invocation.options, '--test') || TEST_TOOLS.has(tool) || MORE_TEST_TOOLS.has(tool);
}

const PREFIX = /^(\w+=.*|cross-env|env|npx|dotenv|--|exec)$/;

/** Of a script's last command, which it leaves in the foreground. Quotes are not understood. */
export function lastCommandOf(script: string): Args {
  const words = (/[^;&|]*$/.exec(script)?.[0] ?? '').trim().split(/\s+/);
  return words.slice(words.findIndex((one) => !PREFIX.test(one)));
}

/** A runner in node_modules is not the app. */
export const isInstalled = (path: string): boolean => path.split(sep).includes('node_modules');
