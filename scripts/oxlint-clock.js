/**
 * An oxlint rule: time and chance come from the injected clock (lib/shared/clock.ts), nowhere else.
 * `new Date(ms)` and `Date` as a type read no time and are fine. Cancelling is the clock's, too.
 */
const GLOBALS = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'performance',
]);
const MEMBERS = new Set(['Date.now', 'Math.random', 'AbortSignal.timeout', 'process.hrtime', 'process.uptime']);
const MODULES = /^(node:)?(timers|timers\/promises|perf_hooks)$/;
const HOLDERS = new Set(['globalThis', 'global']);

const isReference = (node) => {
  const { parent } = node;
  if (parent.type === 'MemberExpression') {
    return parent.object === node || parent.computed || HOLDERS.has(parent.object.name);
  }
  if (parent.type === 'Property') return parent.value === node;
  return !/^(TS|PropertyDefinition|MethodDefinition|ImportSpecifier|ExportSpecifier)/.test(parent.type);
};

const onlyInClock = {
  create(context) {
    const report = (node, what) =>
      context.report({ node, message: `${what}: all time comes from the injected clock (lib/shared/clock.ts).` });
    return {
      Identifier(node) {
        if (GLOBALS.has(node.name) && isReference(node)) report(node, node.name);
      },
      MemberExpression(node) {
        const name = `${node.object.name}.${node.property.name}`;
        if (MEMBERS.has(name)) report(node, name);
      },
      NewExpression(node) {
        if (node.callee.name === 'Date' && node.arguments.length === 0) report(node, 'new Date()');
      },
      CallExpression(node) {
        if (node.callee.name === 'Date') report(node, 'Date()');
      },
      ImportDeclaration(node) {
        if (MODULES.test(node.source.value)) report(node, node.source.value);
      },
      ImportExpression(node) {
        if (MODULES.test(node.source.value)) report(node, node.source.value);
      },
    };
  },
};

export default { meta: { name: 'clock' }, rules: { 'only-in-clock': onlyInClock } };
