import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { RUNS, histories, policies } from './history.js';
import { StagePlay } from './stage-play.js';

describe('Supervisor', () => {
  it('keeps its laws over random histories', async () => {
    await fc.assert(
      fc.asyncProperty(policies, histories, fc.integer(), async (policy, history, seed) => {
        const play = new StagePlay(policy, seed);
        for (const move of history) await play.play(move);
        await play.end();
      }),
      { numRuns: RUNS },
    );
  }, 300_000);
});
