/**
 * The allocator against the slow reference (test/reference) and against the laws that hold for any allocator. A failure is
 * shrunk and printed as a golden script: paste it into test/golden/allocator, mend, and it stays mended.
 * That these tests find what is wrong is shown in reference.bite.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusters, EVERYTHING, PLAIN, QUOTA, SHARED, sequences } from '../../reference/events.js';
import { findViolation, play, type Search } from '../../reference/trial.js';

/** Far beyond what a slow machine needs. */
const DEADLINE_MS = 900_000;

/** Thrown, not compared: the message is long, and meant to be read. */
function expectLawful(search: Omit<Search, 'shrinks'>): void {
  const violation = findViolation({ ...search, shrinks: true });
  if (violation !== undefined) throw new Error(violation);
}

describe('the allocator', () => {
  it(
    'decides as the reference does on 5,000 random clusters',
    () => {
      expectLawful({
        sequences: clusters(),
        runs: 5_000,
        terms: (_, seed) => ({ compares: true, judges: false, options: `seed=${seed}` }),
      });
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
    (_, family, runs) => {
      expectLawful({
        sequences: sequences(family),
        runs,
        terms: (budget, seed) => ({ budget, compares: true, judges: true, options: `seed=${seed} region=east` }),
      });
    },
    DEADLINE_MS,
  );

  it.each([
    ['of everything', EVERYTHING],
    ['about quota', QUOTA],
  ] as const)(
    'keeps every law with a bound on outstanding offers %s',
    (_, family) => {
      expectLawful({
        sequences: sequences(family),
        runs: 500,
        terms: (budget, seed) => ({
          budget,
          compares: true,
          judges: true,
          options: `seed=${seed} region=east bound=${1 + (seed % 3)}`,
        }),
      });
    },
    DEADLINE_MS,
  );

  it(
    'keeps every law with random sorters',
    () => {
      expectLawful({
        sequences: sequences(EVERYTHING),
        runs: 1_500,
        terms: (budget, seed) => ({
          budget,
          compares: false,
          judges: true,
          options: `seed=${seed} sorter=random region=east`,
        }),
      });
    },
    DEADLINE_MS,
  );
});

describe('the random sequences', () => {
  it('use every command and lead to every kind of offer', () => {
    const samples = [EVERYTHING, QUOTA, SHARED].flatMap((family) =>
      fc.sample(sequences(family), { numRuns: 150, seed: 1 }),
    );
    const steps = samples.flatMap((moves) => play(moves, { compares: true, judges: false, options: 'region=east' }));
    const words = new Set(steps.map(({ line }) => line.split(' ')[0]));
    for (const word of COMMANDS) expect(words, `${word} is drawn`).toContain(word);
    const offers = steps.filter(({ line }) => line.startsWith('allocate')).flatMap(({ answer }) => answer);
    for (const kind of KINDS) expect(offers.filter((offer) => offer.includes(kind)).length, kind).toBeGreaterThan(5);
    expect(offers.filter((offer) => offer === 'no offers').length / offers.length).toBeLessThan(0.5);
  });
});

const COMMANDS = [
  ...['agent', 'framework', 'update-framework', 'remove-framework', 'activate', 'deactivate', 'back-pressure'],
  ...['update-agent', 'remove-agent', 'activate-agent', 'deactivate-agent', 'whitelist', 'pause', 'resume', 'now'],
  ...['allocate', 'decline', 'decline-all', 'launch', 'finish', 'reserve', 'create-shared', 'operator-reserve'],
  ...['suppress', 'revive', 'weight', 'quota'],
];

/** As an offer names them. */
const KINDS = [
  'cpus{REV}',
  'gpus',
  'ports',
  'STATIC',
  'DYNAMIC',
  'SHARED',

  'no offers',
];
