import type { UnitInfo } from '../contract/units.js';
import { BackgroundWorkerError } from '../shared/errors.js';

/**
 * Around a unit that may leave a transaction open. `close` gives all back and says whether one was; it never rejects.
 * A unit that ended well has then lost its work, and rejects with `BGW_OPEN_TRANSACTION`.
 */
export async function closingTransactions(
  { kind, name }: UnitInfo,
  next: () => Promise<unknown>,
  close: () => Promise<boolean>,
): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await next();
  } catch (error) {
    await close();
    throw error;
  }
  if (!(await close())) return answer;
  throw new BackgroundWorkerError(
    'BGW_OPEN_TRANSACTION',
    `a ${kind} of ${name} ended with a transaction open, which was rolled back; commit it in the ${kind}`,
  );
}
