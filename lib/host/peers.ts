import { BackgroundWorkerError } from '../shared/errors.js';

/** An optional package that somebody asks for. */
export interface Peer<T> {
  /** Who asks: a class. */
  readonly subject: string;
  /** What of it asks. */
  readonly option: string;
  /** Its name on npm. */
  readonly package: string;
  /** `() => import('cron')`, in the file that uses it: a bundler sees it there. */
  load(): Promise<T>;
}

/** @throws BackgroundWorkerError `BGW_MISSING_PEER` */
export async function loadPeer<T>(peer: Peer<T>): Promise<T> {
  try {
    return await peer.load();
  } catch (error) {
    throw isMissing(error, peer.package) ? missing(peer, error) : error;
  }
}

/** Optional packages of an app: noted while it is made, loaded while it is initialised. */
export class Peers {
  private readonly noted: (() => Promise<void>)[] = [];
  private loaded: Promise<void> | undefined;

  /** @throws BackgroundWorkerError `BGW_TOO_LATE` */
  need<T>(peer: Peer<T>): () => T {
    const { subject, option } = peer;
    if (this.loaded)
      throw new BackgroundWorkerError(
        'BGW_TOO_LATE',
        `${subject}: option "${option}" asks for a package when all are loaded; ask in a constructor`,
      );
    let found: { readonly module: T } | undefined;
    this.noted.push(async () => void (found = { module: await loadPeer(peer) }));
    return () => {
      if (found) return found.module;
      const when = `${subject}: option "${option}" uses ${peer.package} before it is loaded; use it in onApplicationBootstrap() or later`;
      throw new BackgroundWorkerError('BGW_TOO_EARLY', when);
    };
  }

  /** @throws BackgroundWorkerError `BGW_MISSING_PEER` */
  load(): Promise<void> {
    return (this.loaded ??= Promise.all(this.noted.map((load) => load())).then(() => undefined));
  }
}

const NOT_FOUND: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];

/** Itself, not a package that it needs in turn. */
const isMissing = (error: unknown, name: string): boolean =>
  error instanceof Error &&
  NOT_FOUND.includes((error as { code?: unknown }).code) &&
  error.message.includes(`'${name}'`);

const missing = ({ subject, option, package: name }: Peer<unknown>, cause: unknown): BackgroundWorkerError =>
  new BackgroundWorkerError(
    'BGW_MISSING_PEER',
    `${subject}: option "${option}" needs the package ${name}, which is not installed: npm install ${name}`,
    { cause },
  );
