import fc from 'fast-check';
import { describe, it } from 'vitest';
import { MOVE_KINDS, type Move, World, type WorldOptions } from './support/world.js';

const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom(...MOVE_KINDS),
  who: fc.nat(5),
  what: fc.nat(59),
});

describe('any sequence of events', () => {
  it.each<[WorldOptions['allocator'], number]>([
    ['bookkeeping', 2000],
    ['bookkeeping', 1],
    ['sliced', 3],
    ['hierarchical', 2000],
    ['hierarchical', 1],
  ])(
    'keeps the invariants: %s allocator, %i units a step',
    (allocator, stepBudget) => {
      const seed = process.env.SEED === undefined ? undefined : Number(process.env.SEED);
      fc.assert(
        fc.property(fc.array(move, { minLength: 10, maxLength: 150, size: 'max' }), (moves) => {
          const world = new World({ allocator, stepBudget });
          for (const one of moves) world.play(one);
          world.finish();
        }),
        { numRuns: Number(process.env.RUNS ?? 40), ...(seed === undefined ? {} : { seed }) },
      );
    },
    120_000,
  );
});
