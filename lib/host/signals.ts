import type { Clock, Timer } from '../shared/clock.js';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const DOUBLE_DELIVERY = 500;
const HOOKS_CHECK = 5_000;
const WATCHDOG = 5_000;

/**
 * A second SIGINT or SIGTERM abandons what drains. One that comes within 500 ms is the first, delivered twice by a watcher or npm.
 * Where nobody else listens, the signal is raised again once the drain is over, so that it does what it would have done without us.
 * @returns the end of listening: a permanent listener would swallow the signal that Nest raises at its end
 */
export function onSecondSignal(clock: Clock, abandon: () => void): () => void {
  const begun = clock.now();
  let missed: NodeJS.Signals | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    if (isOurs(signal, 1)) missed = signal;
    if (clock.now() - begun < DOUBLE_DELIVERY) return;
    abandon();
    end();
  };
  const end = (): void => {
    for (const signal of STOP_SIGNALS) process.removeListener(signal, listener);
    if (missed && isOurs(missed, 0)) process.kill(process.pid, missed);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, listener);
  return end;
}

/** Nobody else listens. */
const isOurs = (signal: NodeJS.Signals, ours: 0 | 1): boolean => process.listenerCount(signal) === ours;

/** Calls back where `enableShutdownHooks()` is missing; late, since application contexts enable their hooks late. */
export const whenDeafToSignals = (clock: Clock, tell: () => void): Timer =>
  clock.after(HOOKS_CHECK, () => (process.listenerCount('SIGTERM') > 0 ? undefined : tell()), { unref: true });

const watchdog = (clock: Clock, shutdownTimeout: number): Timer =>
  clock.after(shutdownTimeout + WATCHDOG, () => process.exit(1), { unref: true });

/**
 * Shuts the app down, and the process with it. Nest has no injectable app: the way is the signal that it listens for.
 * @param drain for the process in which nobody listens
 */
export function endProcess(clock: Clock, shutdownTimeout: number, drain: () => Promise<unknown>, code: 0 | 1): void {
  watchdog(clock, shutdownTimeout);
  const heard = STOP_SIGNALS.find((signal) => process.listenerCount(signal) > 0);
  if (heard) process.kill(process.pid, heard);
  else void drain().finally(() => process.exit(code));
}

/**
 * The same, with a non-zero code whatever else ends the process: Nest's own `process.exit(0)` included.
 * @param isClosing the app is on its way already: another signal would cut those that drain
 */
export function exitFatally(
  clock: Clock,
  shutdownTimeout: number,
  drain: () => Promise<unknown>,
  isClosing: boolean,
): void {
  process.on('exit', () => (process.exitCode = 1));
  if (isClosing) watchdog(clock, shutdownTimeout);
  else endProcess(clock, shutdownTimeout, drain, 1);
}
