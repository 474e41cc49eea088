/**
 * The allocator against the slow reference (test/reference) and against the laws that hold for any allocator. A failure is
 * shrunk and printed as a golden script: paste it into test/golden/allocator, mend, and it stays mended.
 */
import { describe, it } from 'vitest';
import { clusters, EVERYTHING, PLAIN, QUOTA, SHARED, sequences } from '../../reference/events.js';
import { expectLawful } from '../../reference/trial.js';

const DEADLINE_MS = 600_000;

describe('the allocator', () => {
  it(
    'decides as the reference does on 5,000 random clusters',
    () => {
      expectLawful(clusters(), 5_000, (_, seed) => ({ compares: true, judges: false, options: `seed=${seed}` }));
    },
    DEADLINE_MS,
  );

  // 10,000 sequences in all.
  it.each([
    ['of everything', EVERYTHING, 4_500],
    ['of plain sharing', PLAIN, 2_000],
    ['about quota', QUOTA, 1_000],
    ['about shared volumes', SHARED, 1_000],
  ] as const)(
    'keeps every law through random sequences %s',
    (_, kinds, runs) => {
      expectLawful(sequences(kinds), runs, (budget, seed) => ({
        budget,
        compares: true,
        judges: true,
        options: `seed=${seed} region=east`,
      }));
    },
    DEADLINE_MS,
  );

  it(
    'keeps every law with random sorters',
    () => {
      expectLawful(sequences(EVERYTHING), 1_500, (budget, seed) => ({
        budget,
        compares: false,
        judges: true,
        options: `seed=${seed} sorter=random region=east`,
      }));
    },
    DEADLINE_MS,
  );
});
