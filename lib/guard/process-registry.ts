import type { Clock } from '../shared/clock.js';
import { BackgroundWorkerError } from '../shared/errors.js';

/** One app of this process. Frozen for all versions of the package: fields are only ever added. */
export interface AppRecord {
  readonly v: number;
  readonly key: string;
  /** Stops and drains its workers; returns how many bodies still live. */
  stop(): Promise<number>;
  readonly isClosing?: () => boolean;
}

interface ProcessRegistry {
  readonly v: number;
  readonly apps: Set<AppRecord>;
}

const REGISTRY = Symbol.for('nestjs-background-worker:apps');
const AGAIN = 250;

/** What the apps of one process know of each other, whichever copy of the package they use. */
function processRegistry(): ProcessRegistry {
  const shared = globalThis as { [REGISTRY]?: ProcessRegistry };
  const registry = (shared[REGISTRY] ??= { v: 1, apps: new Set() });
  if (registry.v === 1) return registry;
  throw new BackgroundWorkerError(
    'BGW_METADATA_VERSION',
    `another copy of nestjs-background-worker in this process keeps a registry of version ${registry.v}; this copy reads version 1`,
  );
}

/** One that cannot stop, whatever copy it is of, may have bodies that live. */
async function livingOf(one: AppRecord): Promise<number> {
  try {
    return await one.stop();
  } catch {
    return 1;
  }
}

export const stuckLine = (living: number): string =>
  `an older app of this process cannot stop ${living === 1 ? 'a worker' : `${living} workers`}: the workers wait for it, or for a restart of the process`;

interface Older {
  readonly exists: boolean;
  /** One of them is; a record that cannot tell may be. */
  isClosing(): boolean;
  /**
   * Resolves once none of their bodies lives, or `isOver`.
   * @param stuck one of them has this many that do not stop
   */
  released(isOver: () => boolean, stuck: (living: number) => void): Promise<void>;
}

/** The newest app of a key wins: it gets the older ones to stop first. */
export function joinProcess(record: AppRecord, clock: Clock): { older: Older; leave: () => void } {
  const { apps } = processRegistry();
  const same = [...apps].filter(({ key }) => key === record.key);
  apps.add(record);
  const release = async (one: AppRecord, isOver: () => boolean, stuck: (living: number) => void): Promise<void> => {
    for (let asked = 0; !isOver() && apps.has(one); asked++) {
      const living = await livingOf(one);
      if (living === 0) return;
      if (asked === 0) stuck(living);
      await new Promise<void>((resolve) => clock.after(AGAIN, resolve));
    }
  };
  return {
    older: {
      exists: same.length > 0,
      isClosing: () => same.some(({ isClosing }) => isClosing?.() ?? true),
      released: async (isOver, stuck) => void (await Promise.all(same.map((one) => release(one, isOver, stuck)))),
    },
    leave: () => apps.delete(record),
  };
}
