import { readFileSync, readdirSync } from 'node:fs';

const PF_EXITING = 4;

interface Seen {
  readonly started: string;
  readonly lives: boolean;
}

function see(pid: number): Seen | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state = '', flags = '', started = ''] = [fields[0], fields[6], fields[19]];
    return { started, lives: state !== 'Z' && state !== 'X' && (Number(flags) & PF_EXITING) === 0 };
  } catch {
    return undefined;
  }
}

/** Of a process as the journal names it: number and start, so that a reused number is no confusion. */
export function isAlive(name: string): boolean {
  const [pid = '', started = ''] = name.split('-');
  const seen = see(Number(pid));
  return seen !== undefined && seen.lives && seen.started === started;
}

/** All processes that carry this cell in their environment, whoever their parent is by now. */
export function processesOf(cell: string, server?: string): readonly number[] {
  const variables = [`WATCH_CELL=${cell}`, ...(server === undefined ? [] : [`WATCH_SERVER=${server}`])];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => carries(pid, variables) && see(pid)?.lives === true);
}

/** For a message. */
export function commandOf(pid: number): string {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 160)}`;
  } catch {
    return String(pid);
  }
}

function carries(pid: number, variables: readonly string[]): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    return variables.every((one) => environment.includes(one));
  } catch {
    return false;
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Ends everything of a cell, one by one, until nothing of it is left. */
export async function endAll(cell: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const left = processesOf(cell);
    if (left.length === 0) return;
    for (const pid of left) signal(pid, 'SIGKILL');
    await pause(50);
  }
  throw new Error(`processes of ${cell} survive SIGKILL: ${processesOf(cell).join(', ')}`);
}
