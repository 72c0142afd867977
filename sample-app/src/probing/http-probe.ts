import { Injectable } from '@nestjs/common';

export interface ProbeOutcome {
  readonly up: boolean;
  readonly latencyMs: number;
  readonly httpStatus?: number;
  readonly error?: string;
}

const timeoutMs = 5_000;

@Injectable()
export class HttpProbe {
  /** Rejects only when `signal` aborts: a probe that was cut short says nothing about the address. */
  async probe(url: string, signal: AbortSignal): Promise<ProbeOutcome> {
    const startedAt = performance.now();
    const latencyMs = (): number => Math.round(performance.now() - startedAt);
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, { signal: AbortSignal.any([signal, timeout]) });
      const outcome = { up: response.ok, httpStatus: response.status, latencyMs: latencyMs() };
      await response.body?.cancel();
      return outcome;
    } catch (error) {
      signal.throwIfAborted();
      const reason = timeout.aborted ? `no answer within ${timeoutMs} ms` : explain(error);
      return { up: false, latencyMs: latencyMs(), error: reason };
    }
  }
}

/** fetch says "fetch failed" and keeps what happened in `cause`; that of a refused connection has a code only. */
function explain(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const { message, code } = cause as NodeJS.ErrnoException;
  return message || code || String(cause);
}
