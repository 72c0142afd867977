/**
 * The tiers of lib/, each importing only from those before it; rooms of one tier don't import each other.
 * A room is a folder of lib/, or a file where it has an extension. The rules below are made from this list.
 */
const TIERS = [
  ['shared'],
  ['contract'],
  ['events', 'definition', 'endpoint', 'threads', 'host'],
  ['units', 'supervision'],
  ['execution', 'guard', 'leases', 'tasks'],
  ['commit', 'discovery'],
  ['background-worker.orchestrator.ts'],
  ['background-worker.module.ts'],
  ['index.ts', 'adapter.ts'],
];
/** On top: each folder in adapters/ is a room of its own. Imported by nothing. */
const OUTER = ['adapters/[^/]+', 'testing', 'schematics'];

/** What the core may import besides itself and Node: its peers. More only by `import()`, at run time. */
const PEERS = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];

/** Sockets, secrets, and what is made of them. */
const GUARD_PARTS = '^lib/(endpoint/|guard/(?!guard-keeper|when-to-guard|origin|watchers|ancestry|creation))';

const escaped = (name) => name.replaceAll('.', '\\.');
const pathOf = (room) => (/\.ts$/.test(room) ? `${escaped(room)}$` : `${room}/`);
const oneOf = (rooms) => `^lib/(${rooms.map(pathOf).join('|')})`;

const tierRules = TIERS.flatMap((rooms, tier) =>
  rooms.map((room) => ({
    name: `tier-${tier + 1}-${room}`,
    comment: `lib/${room} imports only itself and the tiers before it.`,
    severity: 'error',
    from: { path: oneOf([room]) },
    to: { path: '^lib/', pathNot: oneOf([...TIERS.slice(0, tier).flat(), room]) },
  })),
);

const UNKNOWN = { path: '^lib/', pathNot: oneOf([...TIERS.flat(), ...OUTER]) };

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...tierRules,
    ...[
      { from: UNKNOWN, to: {} },
      { from: { path: '^lib/' }, to: UNKNOWN },
      { from: { ...UNKNOWN, orphan: true }, to: {} },
    ].map((rule, nr) => ({
      name: `room-unknown-${nr + 1}`,
      comment: 'Every file of lib/ belongs to a tier: name its room in .dependency-cruiser.mjs.',
      severity: 'error',
      ...rule,
    })),
    {
      name: 'the-machine-is-pure',
      comment:
        'lib/supervision/machine/ is functions of values: no clock, no Node, nothing of the supervisor that runs it.',
      severity: 'error',
      from: { path: '^lib/supervision/machine/' },
      to: {
        path: '^lib/(supervision|events|shared/clock)|^node:|^[a-z_/]+$',
        pathNot: '^lib/supervision/(machine/|ports\\.ts$)',
      },
    },
    {
      name: 'outer-rooms-are-apart',
      comment: 'Adapters, testing and schematics import the lib, never each other.',
      severity: 'error',
      from: { path: `^lib/(${OUTER.join('|')})/` },
      to: { path: `^lib/(${OUTER.join('|')})/`, pathNot: '^lib/$1/' },
    },
    {
      name: 'the-guard-is-lazy',
      comment:
        'What the guard is made of is loaded by import() where it is on: an app in production pays nothing for it.',
      severity: 'error',
      from: { path: '^lib/', pathNot: [GUARD_PARTS] },
      to: { path: GUARD_PARTS, dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycle',
      severity: 'error',
      from: { path: '^lib/' },
      to: { circular: true },
    },
    {
      name: 'lib-imports-only-lib',
      comment: 'Nothing in lib/ imports tests, the sample app or what was built.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(?!lib/)', pathNot: 'node_modules/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'core-imports-only-peers',
      comment: 'The core has no dependencies but its peers; anything else is loaded by import() where it is asked for.',
      severity: 'error',
      from: { path: '^lib/', pathNot: `^lib/(${OUTER.join('|')})/` },
      to: {
        path: 'node_modules/',
        pathNot: `node_modules/(${PEERS.join('|')})/`,
        dynamic: false,
      },
    },
    { name: 'resolvable', severity: 'error', from: { path: '^lib/' }, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'node', 'default'] },
  },
};
