import fc from 'fast-check';
import { describe, it } from 'vitest';
import { MOVE_KINDS, type Move, type MoveKind, OPERATION_MOVES, World, type WorldOptions } from './support/world.js';

const moveOf = (kinds: readonly MoveKind[]): fc.Arbitrary<Move> =>
  fc.record({ kind: fc.constantFrom(...kinds), who: fc.nat(5), what: fc.nat(59) });

describe('any sequence of events', () => {
  it.each<WorldOptions & { readonly what: string; readonly kinds: readonly MoveKind[] }>([
    { what: 'all', kinds: MOVE_KINDS, allocator: 'bookkeeping', stepBudget: 2000 },
    { what: 'all', kinds: MOVE_KINDS, allocator: 'bookkeeping', stepBudget: 1 },
    { what: 'all', kinds: MOVE_KINDS, allocator: 'sliced', stepBudget: 3 },
    { what: 'all', kinds: MOVE_KINDS, allocator: 'hierarchical', stepBudget: 2000 },
    { what: 'all', kinds: MOVE_KINDS, allocator: 'hierarchical', stepBudget: 1 },
    { what: 'operations', kinds: OPERATION_MOVES, allocator: 'bookkeeping', stepBudget: 2000 },
    { what: 'operations', kinds: OPERATION_MOVES, allocator: 'hierarchical', stepBudget: 2000 },
  ])(
    'keeps the invariants: $what, $allocator allocator, $stepBudget units a step',
    ({ kinds, allocator, stepBudget }) => {
      const seed = process.env.SEED === undefined ? undefined : Number(process.env.SEED);
      fc.assert(
        fc.property(fc.array(moveOf(kinds), { minLength: 10, maxLength: 150, size: 'max' }), (moves) => {
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
