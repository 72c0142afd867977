import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  BackgroundWorkerError,
  DoNotRestart,
  ERROR_CODES,
  Escalate,
  WorkerAborted,
  isAbortBy,
  isDoNotRestart,
  isEscalate,
  messageOf,
  stackOf,
} from '../../lib/shared/errors.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const reason = new WorkerAborted('stop', 'w');

function abortError(): Error {
  return Object.assign(new Error('x'), { name: 'AbortError' });
}

const get = (): never => {
  throw new Error('trap');
};
const trap = (key: string): object => Object.defineProperty({}, key, { get });

describe('error codes', () => {
  it('are these', () => {
    expect(ERROR_CODES).toEqual([
      'BGW_ABORTED',
      'BGW_DUPLICATE_HANDLER',
      'BGW_DUPLICATE_WORKER',
      'BGW_INVALID_OPTION',
      'BGW_METADATA_VERSION',
      'BGW_MISSING_PEER',
      'BGW_NO_CONSUMER',
      'BGW_NO_REQUEST',
      'BGW_NO_UNIT',
      'BGW_NOT_A_WORKER',
      'BGW_NOT_JSON',
      'BGW_NOT_READY',
      'BGW_NOT_REGISTERED',
      'BGW_NOT_RUNNING',
      'BGW_NOT_SUPPORTED',
      'BGW_OPEN_TRANSACTION',
      'BGW_PAYLOAD_REFUSED',
      'BGW_QUEUE_FULL',
      'BGW_SCOPED_WORKER',
      'BGW_SELF_JOIN',
      'BGW_SHUTTING_DOWN',
      'BGW_TASK_DISCARDED',
      'BGW_TOO_EARLY',
      'BGW_TOO_LATE',
      'BGW_TRANSACTION_ENDED',
      'BGW_TWO_CONFIGURATIONS',
      'BGW_UNKNOWN_HANDLER',
      'BGW_UNKNOWN_POOL',
      'BGW_UNKNOWN_TASK',
      'BGW_UNKNOWN_WORKER',
      'BGW_UNSUPPORTED_OPTION',
    ]);
  });

  it('are each explained in docs/errors.md, and no other is', () => {
    expect(existsSync(`${root}docs/errors.md`)).toBe(true);
    const explained = new Set(readFileSync(`${root}docs/errors.md`, 'utf8').match(/BGW_[A-Z_]+[A-Z]/g));
    expect([...explained].sort()).toEqual([...ERROR_CODES].sort());
  });

  it('are each thrown somewhere', () => {
    const files = readdirSync(`${root}lib`, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const source = files.map((file) => readFileSync(`${root}lib/${file}`, 'utf8')).join('\n');
    const idle = ERROR_CODES.filter((code) => !new RegExp(`(Error\\(|super\\()\\s*'${code}'`).test(source));
    expect(idle).toEqual([]);
  });
});

describe('BackgroundWorkerError', () => {
  it('carries its code in the field and in the message', () => {
    const error = new BackgroundWorkerError('BGW_NOT_RUNNING', 'w is idle', { cause: 7 });
    expect(error).toMatchObject({ name: 'BackgroundWorkerError', code: 'BGW_NOT_RUNNING', cause: 7 });
    expect(error.message).toBe('w is idle [BGW_NOT_RUNNING]');
  });

  it('as WorkerAborted is an AbortError that says why', () => {
    const error = new WorkerAborted('shutdown', 'w', 99);
    expect(error).toBeInstanceOf(BackgroundWorkerError);
    expect(error).toMatchObject({ name: 'AbortError', code: 'BGW_ABORTED', why: 'shutdown', deadline: 99 });
  });
});

describe('isAbortBy', () => {
  const cycle = new Error('a');
  cycle.cause = new Error('b', { cause: cycle });

  it.each<[string, unknown]>([
    ['the reason', reason],
    ['a cause', new Error('x', { cause: reason })],
    ['a cause of a cause', new Error('x', { cause: new Error('y', { cause: reason }) })],
    ['an AbortError of the platform', new DOMException('x', 'AbortError')],
    ['an AbortError by name', abortError()],
    ['another WorkerAborted', new WorkerAborted('timeout', 'v')],
  ])('is true for %s', (_, error) => expect(isAbortBy(reason, error)).toBe(true));

  it.each<[string, unknown]>([
    ['another error', new Error('x')],
    ['an AbortError further down', new Error('x', { cause: abortError() })],
    ['a cycle', cycle],
    ['undefined', undefined],
    ['null', null],
    ['a string', 'AbortError'],
    ['a cause that throws', trap('cause')],
    ['a name that throws', trap('name')],
  ])('is false for %s', (_, error) => expect(isAbortBy(reason, error)).toBe(false));
});

describe('marks of errors', () => {
  it('are known across copies of the package', () => {
    const foreign = { [Symbol.for('nestjs-background-worker:do-not-restart')]: true };
    expect([isDoNotRestart(foreign), isDoNotRestart(new DoNotRestart()), isDoNotRestart(new Error('x'))]).toEqual([
      true,
      true,
      false,
    ]);
    expect([isEscalate(new Escalate('x')), isEscalate(null), isEscalate('Escalate')]).toEqual([true, false, false]);
  });

  it('keep their cause and speak its message', () => {
    const cause = new Error('disk full');
    expect(new DoNotRestart(cause)).toMatchObject({ message: 'disk full', cause, name: 'DoNotRestart' });
    expect(new Escalate('no key')).toMatchObject({ message: 'no key', cause: 'no key', name: 'Escalate' });
    expect(new Escalate().message).not.toBe('');
  });

  it.each([undefined, null, 0, '', Symbol('s'), trap('message'), Object.create(null), trap('toString')])(
    'the text of %# can always be had',
    (error) => {
      expect(typeof messageOf(error)).toBe('string');
      expect(typeof stackOf(error)).toBe('string');
    },
  );

  it('the text of an error whose getters throw can be had', () => {
    const error: unknown = Object.defineProperties(new Error('x'), { stack: { get }, message: { get } });
    const unreadable = 'an error whose message cannot be read';
    expect(messageOf(error) === unreadable && stackOf(error) === unreadable).toBe(true);
  });
});
