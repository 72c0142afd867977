import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** A process as its operating system shows it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** Its argument list, the program first. */
  readonly args: readonly string[];
  /** The kernel's word of when it began, in units of its own: ticks on Linux, milliseconds by `ps`. */
  readonly started: number;
}

const SHELLS = new Set(['sh', 'bash', 'dash', 'zsh', 'ash', 'fish', 'ksh', 'busybox', 'cmd.exe']);
const INITS = new Set(['systemd', 'init', 'tini', 'dumb-init', 'docker-init', 'catatonit']);

/** What a process has set as its title stands there as one argument. */
const listOf = (args: readonly string[]): readonly string[] =>
  args.length === 1 ? (args[0] ?? '').split(' ').filter(Boolean) : args;

const fieldsOf = (stat: string): readonly string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

function fromProc(pid: number): ProcessInfo | undefined {
  const [state = '', parent = '', ...more] = fieldsOf(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (state === 'Z' || state === 'X') return undefined;
  const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '').split('\0');
  return { pid, parent: Number(parent), args: listOf(args), started: Number(more[17]) };
}

const PS_LINE = /^\s*(\d+)\s+(\d+)\s+(\S+ \S+\s+\S+ \S+ \S+)\s+(.*)$/;

/** `ps` tells no argument list, only a line: an argument with a space in it is taken for two. */
function fromPs(): ReadonlyMap<number, ProcessInfo> {
  const text = execFileSync('ps', ['-axo', 'pid=,ppid=,lstart=,command='], { encoding: 'utf8', timeout: 1_000 });
  const found = text.split('\n').flatMap((line): [number, ProcessInfo][] => {
    const [, pid, parent, started = '', command = ''] = PS_LINE.exec(line) ?? [];
    if (pid === undefined) return [];
    const info = { parent: Number(parent), args: command.split(' '), started: Date.parse(started) };
    return [[Number(pid), { pid: Number(pid), ...info }]];
  });
  return new Map(found);
}

/** A way to ask for several: one run of `ps` serves all. Windows tells neither parents nor start times at a bearable price. */
function asker(): (pid: number) => ProcessInfo | undefined {
  if (process.platform === 'win32') return () => undefined;
  if (process.platform === 'linux') return fromProc;
  let table: ReadonlyMap<number, ProcessInfo> | undefined;
  return (pid) => (table ??= fromPs()).get(pid);
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** @returns undefined where there is no such process, or no way to know */
export const processInfo = (pid: number): ProcessInfo | undefined => attempt(() => asker()(pid));

/** Under `nodemon --exec "npx tsx"` the watcher is the sixth. */
const NEAREST = 12;

/** The nearest ancestors, the parent first; in a container the last of them may be the watcher itself. */
export function ancestors(): readonly ProcessInfo[] {
  const ask = asker();
  const found: ProcessInfo[] = [];
  for (let pid = process.ppid; pid > 0 && found.length < NEAREST;) {
    const info = attempt(() => ask(pid));
    if (!info) break;
    found.push(info);
    pid = info.parent;
  }
  return found;
}

/** What was typed in a terminal, or started on its own, and has this process as its own, even where those between have died. */
export const groupLeader = (): ProcessInfo | undefined =>
  process.platform === 'linux'
    ? attempt(() => fromProc(Number(fieldsOf(readFileSync('/proc/self/stat', 'latin1'))[2])))
    : undefined;

const programOf = ({ args }: ProcessInfo): string => basename(args[0] ?? '').replace(/^-/, '');
const isShell = (one: ProcessInfo): boolean => SHELLS.has(programOf(one));

/** What adopts the children of the dead; in a container it may be anything. */
export const isInit = (one: ProcessInfo): boolean => one.pid === 1 || INITS.has(programOf(one));

/** From the parent through shells up to the first that is none: who started this process. */
export function startedBy(chain: readonly ProcessInfo[]): readonly ProcessInfo[] {
  const first = chain.findIndex((one) => !isShell(one));
  return first === -1 ? chain : chain.slice(0, first + 1);
}

/**
 * One of them has died, or is no longer where it was. (Never `ppid === 1`: in a container that is healthy.)
 * @param recorded from the parent up to the watcher
 */
export function isOrphaned(recorded: readonly ProcessInfo[]): boolean {
  const [parent] = recorded;
  if (!parent) return false;
  if (process.ppid !== parent.pid) return true;
  const ask = asker();
  return recorded.some(({ pid, started, parent: its }, index) => {
    const now = attempt(() => ask(pid));
    return now?.started !== started || (index < recorded.length - 1 && now.parent !== its);
  });
}
