/** Runs a function in an async stack frame of its own. */
export type AsyncFrame = <R>(fn: () => R) => Promise<Awaited<R>>;

let made = 0;

/** V8's async stack is the chain of awaits itself: what runs within is found in it by a name that no other frame has. */
export function asyncFrame(label: string): AsyncFrame {
  const name = `${label} #${(made += 1)}`;
  const named = {
    async [name](fn: () => unknown): Promise<unknown> {
      return await fn();
    },
  }[name];
  return named as AsyncFrame;
}

/** Whether the caller runs in it, or is awaited in it. Timers' callbacks and calls that nobody awaits are not seen. */
export const isWithin = (frame: AsyncFrame): boolean => namesOnStack().includes(frame.name);

/** Read as call sites, whoever else has a say in how stacks look. */
function namesOnStack(): readonly unknown[] {
  const { stackTraceLimit } = Error;
  const preparing = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  // Reflect.set: with frozen intrinsics it says no, and does not throw.
  Reflect.set(Error, 'stackTraceLimit', Infinity);
  Reflect.set(Error, 'prepareStackTrace', namesOf);
  const here: { stack?: unknown } = {};
  Error.captureStackTrace(here, namesOnStack);
  const { stack } = here;
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  Reflect.set(Error, 'prepareStackTrace', preparing?.value);
  return Array.isArray(stack) ? stack : [];
}

const namesOf = (_: unknown, sites: readonly NodeJS.CallSite[]): readonly unknown[] =>
  sites.map((site) => site.getFunctionName());
