/** The simulator bites: each planted bug is found within some seeds, and the sound core passes the seed that found it. */
import { describe, expect, it } from 'vitest';
import { Cluster, type ClusterOptions } from './cluster.js';
import { PLANTED_BUGS, type PlantedBug, plant } from './planted-bugs.js';

const STEPS = 20_000;
const MAX_SEEDS = 400;
const DEADLINE_MS = 300_000;

/** What the seed finds; undefined: nothing. */
function play(seed: number, options: Partial<ClusterOptions>): string | undefined {
  try {
    new Cluster({ seed, steps: STEPS, ...options }).run();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

async function hunt(bug: PlantedBug): Promise<{ readonly seed: number; readonly found: string } | undefined> {
  const planted = bug.change === undefined ? undefined : await plant(bug.change);
  try {
    for (let seed = 1; seed <= MAX_SEEDS; seed++) {
      const found = play(seed, { ...bug.options, ...planted });
      if (found !== undefined) return { seed, found };
    }
    return undefined;
  } finally {
    planted?.remove();
  }
}

describe('planted bugs', () => {
  it.each(PLANTED_BUGS.map((bug) => [bug.name, bug] as const))(
    '%s: is found',
    async (_name, bug) => {
      const catchOf = await hunt(bug);
      expect(catchOf?.found).toMatch(/^(Violation|AssertionError): /);
      expect(play(catchOf?.seed ?? 0, {})).toBeUndefined();
    },
    DEADLINE_MS,
  );
});
