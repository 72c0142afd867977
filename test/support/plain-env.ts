/** What a test runner, CI, npm or a watcher says of itself, and our own switch. BGW_TEST_PROCESS stays, for the leak check. */
const TELLTALE =
  /^(VITEST|JEST_|NODE_TEST|NODE_ENV$|NODE_OPTIONS$|CI$|BACKGROUND_WORKERS$|FORCE_COLOR$|WATCH_REPORT|npm_)/;

/** Those variables of this process that would make the library see it, or choose workers. */
export const telltales = (): readonly string[] => Object.keys(process.env).filter((name) => TELLTALE.test(name));

/** The environment of a child that is to run as it would for a user. */
export function plainEnv(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !TELLTALE.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: '1', ...more };
}
