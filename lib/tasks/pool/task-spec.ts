import { AsyncLocalStorage } from 'node:async_hooks';
import type { SubmitOptions } from '../../contract/tasks.js';
import { submittedBackoff } from '../../definition/submission.js';
import { DEFAULT_BACKOFF, type BackoffOptions } from '../../shared/backoff.js';
import type { Within } from '../../shared/root-context.js';
import type { UnitEnvironment } from '../../units/environment.js';
import { NO_HEADERS, capture } from '../../units/unit-runner.js';

/** What of `SubmitOptions` lasts as long as the task. */
export interface TaskSpec {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly retries: number;
  readonly backoff: BackoffOptions;
  readonly timeout: number | undefined;
  /** Runs the function in the submitter's context. */
  readonly within: Within | undefined;
  readonly id: string | undefined;
  /** Of a task that an engine outside of this process has until its end is told: how many attempts may follow this one. */
  readonly engine: { readonly attemptsLeft: number } | undefined;
}

const DEFAULT_SPEC: TaskSpec = {
  name: '',
  headers: NO_HEADERS,
  retries: 0,
  backoff: DEFAULT_BACKOFF,
  timeout: undefined,
  within: undefined,
  id: undefined,
  engine: undefined,
};

/** What of a submission lasts as long as the task. Nothing is made where nothing differs from the default. */
export function specOf(
  environment: UnitEnvironment,
  options: SubmitOptions | undefined,
  more?: Partial<TaskSpec>,
): TaskSpec {
  const { interceptors } = environment;
  if (options === undefined && more === undefined && interceptors.length === 0) return DEFAULT_SPEC;
  const { name = '', retries: tries = 0, backoff, timeout, context } = options ?? {};
  return {
    name,
    headers: more?.headers ?? capture(interceptors),
    retries: tries,
    backoff: more?.backoff ?? submittedBackoff('submit', backoff),
    timeout,
    within: context === 'inherit' ? AsyncLocalStorage.snapshot() : undefined,
    id: undefined,
    engine: undefined,
    ...more,
  };
}
