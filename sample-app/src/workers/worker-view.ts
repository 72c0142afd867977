import type { WorkerHandle, WorkerState } from 'nestjs-background-worker';

export interface WorkerView {
  readonly name: string;
  readonly isAlive: boolean;
  readonly state: WorkerState;
}

export function toWorkerView({ name, isAlive, state }: WorkerHandle): WorkerView {
  return { name, isAlive, state: 'error' in state ? { ...state, error: toPlainError(state.error) } : state };
}

interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly cause?: PlainError | string;
}

/** JSON.stringify makes {} of an Error. */
function toPlainError(error: unknown): PlainError | string {
  if (!(error instanceof Error)) return String(error);
  const { name, message, cause } = error;
  return { name, message, ...(cause === undefined ? {} : { cause: toPlainError(cause) }) };
}
