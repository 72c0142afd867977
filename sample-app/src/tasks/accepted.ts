import type { TaskHandle } from 'nestjs-background-worker';

/** The answer to a request whose work goes on after it. */
export interface Accepted {
  readonly task: string;
  readonly status: string;
}

export const accepted = ({ id }: TaskHandle<unknown>): Accepted => ({ task: id, status: `/tasks/${id}` });
