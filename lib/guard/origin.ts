import type { GuardOptions } from '../definition/module-options.js';
import { ancestors, groupLeader } from './ancestry.js';
import { whenToGuard, type Decision, type Origin } from './when-to-guard.js';

let known: Origin | undefined;

/** Read once a process: it has no other answer later, and a parent that had died since would be missing. */
export const originOf = (): Origin =>
  (known ??= {
    env: process.env,
    self: [process.argv0, ...process.execArgv, ...process.argv.slice(1)],
    ancestors: ancestors(),
    leader: groupLeader(),
  });

export const decide = ({ mode = 'auto' }: GuardOptions): Decision => whenToGuard(mode, originOf, process.env);
