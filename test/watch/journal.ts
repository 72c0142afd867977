import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export type WorkerName = 'loop' | 'tick';

export interface Line {
  readonly event: 'boot' | 'ready' | 'lost' | 'start' | 'end' | 'asked';
  /** Number and start of the process. */
  readonly process: string;
  readonly pid: number;
  readonly server?: string;
  readonly t: number;
  readonly version: number;
  readonly worker?: WorkerName;
  readonly body?: number;
  /** Of a start: the other processes that were alive then. */
  readonly others?: readonly string[];
  /** Of a lost app. */
  readonly code?: string;
}

/** What the workers of a cell wrote themselves. */
export class Journal {
  readonly lines: Line[] = [];
  private offset = 0;
  private rest = '';

  constructor(private readonly path: string) {}

  read(): void {
    let file: number;
    try {
      file = openSync(this.path, 'r');
    } catch {
      return;
    }
    const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - this.offset));
    this.offset += readSync(file, buffer, 0, buffer.length, this.offset);
    closeSync(file);
    const parts = (this.rest + buffer.toString('utf8')).split('\n');
    this.rest = parts.pop() ?? '';
    for (const part of parts) this.lines.push(JSON.parse(part) as Line);
  }
}

export interface Overlap {
  readonly worker: WorkerName;
  readonly older: Line;
  readonly newer: Line;
  /** Milliseconds; undefined where the older one never ended. */
  readonly ms: number | undefined;
}

const bodyOf = (line: Line): string => `${line.process}/${line.body}`;

/**
 * Two bodies of one worker that were alive at once. The order of the lines decides; a body without an end ended with its process,
 * and whether that was over is what the newer body saw when it started.
 */
export function overlapsIn(lines: readonly Line[]): readonly Overlap[] {
  const ends = new Map(lines.filter(({ event }) => event === 'end').map((line) => [bodyOf(line), line.t]));
  const open = new Map<string, Line>();
  const found: Overlap[] = [];
  for (const line of lines) {
    if (line.event === 'end') open.delete(bodyOf(line));
    if (line.event !== 'start' || !line.worker) continue;
    for (const [name, older] of open) {
      if (older.worker !== line.worker) continue;
      if (older.process !== line.process && !line.others?.includes(older.process)) {
        open.delete(name);
        continue;
      }
      const end = ends.get(name);
      found.push({ worker: line.worker, older, newer: line, ms: end === undefined ? undefined : end - line.t });
    }
    open.set(bodyOf(line), line);
  }
  return found;
}
