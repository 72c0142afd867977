import { seconds } from '../events/log/words.js';
import type { GuardEvent, Named, Strange } from './guard-event.js';
import { KEY_VARIABLE } from './guard-key.js';

export interface Line {
  readonly level: 'log' | 'warn' | 'error';
  readonly text: string;
}

export const RUN_BOTH = `To run both, start one of them with ${KEY_VARIABLE}=b in its environment`;
const OR_OFF = "or switch the guard off: BackgroundWorkerModule.forRoot({ guard: 'off' })";

const named = ({ pid, entry }: Named): string => `pid ${pid} (${entry})`;
const log = (text: string): Line => ({ level: 'log', text });
const warn = (text: string): Line => ({ level: 'warn', text });
const error = (text: string): Line => ({ level: 'error', text });

const STRANGE: Readonly<Record<Strange, string>> = {
  unproven: 'did not prove that it belongs to this user',
  refused: 'did not take this process for one of its own user',
  'other-version': 'speaks another protocol version: install one version of nestjs-background-worker in both',
  silent: 'does not answer',
};
const WHO_ELSE =
  'It may be an app in a container that shares the network, another user’s, or another program: end it, or start this one with';

/** One line of the log for each; what happened, and what to do where there is something. */
export function lineOf(event: GuardEvent): Line {
  switch (event.type) {
    case 'handedOver': {
      const { to, ms, closing } = event;
      if (closing) return log(`workers handed over to pid ${to.pid} after ${seconds(ms)}`);
      return log(`workers handed over to ${named(to)} after ${seconds(ms)}; they come back when it ends. ${RUN_BOTH}`);
    }
    case 'tookOver': {
      const { from, ms, how } = event;
      const after = `after ${seconds(ms)}`;
      if (how === 'closing') return log(`workers taken over from pid ${from.pid} ${after}`);
      if (how === 'ended') return log(`workers taken over from ${named(from)}, which has ended, ${after}`);
      return log(`workers taken over from ${named(from)} ${after}, which is still running. ${RUN_BOTH}`);
    }
    case 'waitingForHolder':
      return log(`${named(event.holder)} has the workers; they wait here until it has ended. ${RUN_BOTH}`);
    case 'cameBack': {
      const ended = event.settled ? 'has ended' : 'ended before its start was over';
      return log(`${named(event.from)} ${ended}: the workers are back here`);
    }
    case 'gaveBack':
      return warn(
        `this process ends: the workers go back to ${named(event.to)}. ${RUN_BOTH}, and on a port of its own`,
      );
    case 'cameBackHere':
      return log('the newer app of this process closes: the workers come back to the older one');
    case 'superseded':
      return log('a newer app of this process has the workers; they come back here when it closes');
    case 'cannotStop':
      return warn(
        `${named(event.holder)} cannot stop ${event.workers.join(', ')}: the workers wait for it, or for its end`,
      );
    case 'olderCannotStop': {
      const what = event.living === 1 ? 'a worker' : `${event.living} workers`;
      return warn(
        `an older app of this process cannot stop ${what}: the workers wait for it, or for a restart of the process`,
      );
    }
    case 'late':
      return warn(`${named(event.holder)} has not handed the workers over yet; they wait`);
    case 'bootWaits': {
      const { endsIn } = event;
      const who = event.for ? named(event.for) : 'another process';
      if (endsIn === undefined) return log(`bootstrap waits for an answer of ${who}, which holds the workers`);
      return log(`bootstrap waits for ${who}, which closes: it will have ended within ${seconds(endsIn)}`);
    }
    case 'strange': {
      const { note, why } = event;
      const who = note
        ? `${named(note)} holds the workers since ${note.since} and`
        : 'another process holds the workers and';
      const advice = why === 'silent' || why === 'other-version' ? '' : `. ${WHO_ELSE} ${KEY_VARIABLE}=b, ${OR_OFF}`;
      return warn(`${who} ${STRANGE[why]}: the workers wait${advice}`);
    }
    case 'watcherGone': {
      const { successor } = event;
      const has = successor === undefined ? '' : `, and pid ${successor.pid} has the workers`;
      return log(`the watcher of this process is gone${has}: it ends`);
    }
    case 'forced': {
      const { by, living, option } = event;
      const who = living.length > 0 ? `still running: ${living.join(', ')}` : 'the shutdown does not end';
      return error(`pid ${by} waits for this process to end; ${who}; ${option} is over: exiting`);
    }
    case 'broken': {
      const until = event.retries ? ' until it can' : '';
      return error(`the guard cannot work: ${event.message}; no worker starts here${until}. Mend it, ${OR_OFF}`);
    }
    default:
      return event satisfies never;
  }
}
