import type { Clock } from '../shared/clock.js';
import type { GuardPorts, Place } from './ports.js';
import { BackgroundWorkerError } from '../shared/errors.js';

/** One app of this process. Frozen for all versions of the package: fields are only ever added. */
export interface AppRecord {
  readonly v: number;
  readonly key: string;
  /** Stops and drains its workers; returns how many bodies still live. */
  stop(): Promise<number>;
  /** Bootstrap of the next one waits for it: it closes, or may have to be closed yet. */
  readonly isClosing?: () => boolean;
  /** It closes, and will not have workers again. */
  readonly ends?: () => boolean;
  /** The order in which the apps of this process were created. One that does not say is older. */
  readonly created?: number;
  /** Another app begins to close, has left, or has let go of the lineage. */
  readonly changed?: () => void;
  readonly lineage?: string | undefined;
  /** It holds the lineage's endpoint, for all apps of this process. */
  readonly keepsLineage?: () => boolean;
  /** A later child of the same watcher asks: drains, and waits as for another process. */
  readonly cede?: () => Promise<void>;
}

interface ProcessRegistry {
  readonly v: number;
  readonly apps: Set<AppRecord>;
  created?: number;
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

const closes = ({ ends, isClosing }: AppRecord): boolean => (ends ?? isClosing)?.() ?? false;

/** An app, as the others of its process know it. */
export function memberOf({ places, created }: Pick<GuardPorts, 'places' | 'created'>): Omit<AppRecord, 'stop'> {
  const keyOf = (wanted: Place['type']): string | undefined => places.find(({ type }) => type === wanted)?.key;
  return { v: 1, key: keyOf('app') ?? '', created, lineage: keyOf('lineage') };
}

/** The other apps of the process, as one of them sees them. */
export class Relatives {
  private readonly apps = processRegistry().apps;

  constructor(
    private readonly me: Pick<AppRecord, 'key' | 'created' | 'lineage'>,
    private readonly clock: Clock,
  ) {}

  join(record: AppRecord): void {
    this.apps.add(record);
  }

  leave(record: AppRecord): void {
    if (this.apps.delete(record)) this.notify(record);
  }

  /** Something has changed for the others. */
  notify(from: AppRecord): void {
    for (const one of this.apps) if (one !== from) one.changed?.();
  }

  /** A newer app of the same key that does not close has the workers. */
  get hasNewer(): boolean {
    return this.same.some((one) => this.isNewer(one) && !closes(one));
  }

  /** Those whose workers must have stopped before mine run. */
  get before(): readonly AppRecord[] {
    return this.same.filter((one) => !this.isNewer(one) || closes(one));
  }

  /** One of those closes; a record that cannot tell may. */
  get anyCloses(): boolean {
    return this.before.some(({ isClosing }) => isClosing?.() ?? true);
  }

  get lineageIsKept(): boolean {
    return this.kin.some(({ keepsLineage }) => keepsLineage?.() ?? false);
  }

  async cede(): Promise<void> {
    await Promise.all(this.kin.map(async (one) => await one.cede?.()));
  }

  /**
   * Resolves once no body of those before lives, or `isOver`.
   * @param stuck one of them has this many that do not stop
   */
  async released(isOver: () => boolean, stuck: (living: number) => void): Promise<void> {
    await Promise.all(this.before.map((one) => this.release(one, isOver, stuck)));
  }

  private async release(one: AppRecord, isOver: () => boolean, stuck: (living: number) => void): Promise<void> {
    for (let asked = 0; !isOver() && this.apps.has(one); asked++) {
      const living = await livingOf(one);
      if (living === 0) return;
      if (asked === 0) stuck(living);
      await new Promise<void>((resolve) => this.clock.after(AGAIN, resolve));
    }
  }

  private get same(): readonly AppRecord[] {
    return [...this.apps].filter(({ key, created }) => key === this.me.key && created !== this.me.created);
  }

  /** Of another key, but started by the same watcher. */
  private get kin(): readonly AppRecord[] {
    const { lineage, key } = this.me;
    return [...this.apps].filter((one) => lineage !== undefined && one.lineage === lineage && one.key !== key);
  }

  private isNewer({ created }: AppRecord): boolean {
    return created !== undefined && created > (this.me.created ?? 0);
  }
}
