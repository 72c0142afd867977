import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** A process as its operating system shows it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** Tells two processes of one number apart. */
  readonly started: string;
}

/** At the load of this package: a parent that dies during the boot is never seen otherwise. */
const PARENT = process.ppid;
const SHELLS = new Set(['sh', 'bash', 'dash', 'zsh', 'ash', 'fish', 'ksh', 'busybox', 'cmd.exe']);
const INITS = new Set(['systemd', 'init', 'tini', 'dumb-init', 'docker-init', 'catatonit']);

function fromProc(pid: number): ProcessInfo | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent = '', started = ''] = [fields[0], fields[1], fields[19]];
  if (state === 'Z' || state === 'X') return undefined;
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  return { pid, parent: Number(parent), command, started };
}

function fromPs(pid: number): ProcessInfo | undefined {
  const line = execFileSync('ps', ['-o', 'ppid=,lstart=,command=', '-p', String(pid)], {
    encoding: 'utf8',
    timeout: 1_000,
  });
  const [, parent = '', started = '', command = ''] =
    /^\s*(\d+)\s+(\S+ \S+\s+\S+ \S+ \S+)\s+(.*)$/.exec(line.trim()) ?? [];
  return parent ? { pid, parent: Number(parent), command, started } : undefined;
}

/** @returns undefined where there is no such process, or no way to know */
export function processInfo(pid: number): ProcessInfo | undefined {
  try {
    if (process.platform === 'linux') return fromProc(pid);
    return process.platform === 'win32' ? undefined : fromPs(pid);
  } catch {
    return undefined;
  }
}

const NEAREST = 6;

/** The nearest ancestors, the parent first; in a container the last of them may be the watcher itself. */
export function ancestors(): readonly ProcessInfo[] {
  const found: ProcessInfo[] = [];
  for (let pid = process.ppid; pid > 0 && found.length < NEAREST;) {
    const info = processInfo(pid);
    if (!info) break;
    found.push(info);
    pid = info.parent;
  }
  return found;
}

/** What was typed in a terminal, or started on its own, and has this process as its own, even where those between have died. */
export function groupLeader(): ProcessInfo | undefined {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    return processInfo(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]));
  } catch {
    return undefined;
  }
}

const programOf = ({ command }: ProcessInfo): string => basename(command.split(' ')[0] ?? '').replace(/^-/, '');
const isShell = (one: ProcessInfo): boolean => SHELLS.has(programOf(one));

/** What adopts the children of the dead; in a container it may be anything. */
export const isInit = (one: ProcessInfo): boolean => one.pid === 1 || INITS.has(programOf(one));

/** From the parent through shells up to the first that is none: who started this process. */
export function startedBy(chain: readonly ProcessInfo[]): readonly ProcessInfo[] {
  const first = chain.findIndex((one) => !isShell(one));
  return first === -1 ? chain : chain.slice(0, first + 1);
}

/** One of them has died, or is no longer where it was. (Never `ppid === 1`: in a container that is healthy.) */
export function isOrphaned(recorded: readonly ProcessInfo[]): boolean {
  if (process.ppid !== PARENT) return true;
  return recorded.some(({ pid, started, parent }, index) => {
    const now = processInfo(pid);
    return now?.started !== started || (index < recorded.length - 1 && now.parent !== parent);
  });
}
