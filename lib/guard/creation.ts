/** The registry of process-registry.ts, or another version's. */
const REGISTRY = Symbol.for('nestjs-background-worker:apps');

interface Counting {
  created?: number;
}

const drawn = new WeakMap<object, number>();

/** The place of an app in the order of creation of its process: drawn when it is first asked for, which its module's constructor does. */
export function creationOf(app: object): number {
  const known = drawn.get(app);
  if (known !== undefined) return known;
  const shared = globalThis as { [REGISTRY]?: Counting };
  const registry = (shared[REGISTRY] ??= { v: 1, apps: new Set() } as Counting);
  const created = (registry.created = (registry.created ?? 0) + 1);
  drawn.set(app, created);
  return created;
}
