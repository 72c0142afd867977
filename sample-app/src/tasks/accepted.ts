import type { TaskHandle } from 'nestjs-background-worker';

/** The answer to a request whose work goes on after it: where to ask how far it is, and what came of it. */
export interface Accepted {
  readonly task: string;
  readonly status: string;
  readonly outcome: string;
}

export const accepted = ({ id }: TaskHandle<unknown>, outcomes: string): Accepted => ({
  task: id,
  status: `/tasks/${id}`,
  outcome: `/${outcomes}/${id}`,
});
