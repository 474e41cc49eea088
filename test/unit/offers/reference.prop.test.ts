/**
 * The allocator against the slow reference (test/reference) and against the laws that hold for any allocator. A failure is
 * shrunk and printed as a golden script: paste it into test/golden/allocator, mend, and it stays mended.
 * That these tests find what is wrong is shown in reference.bite.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clusters,
  EVERYTHING,
  INTERRUPTED,
  OPERATIONS,
  optionsOf,
  PLAIN,
  QUOTA,
  RESERVED,
  SHARED,
  sequences,
} from '../../reference/events.js';
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
        terms: (_, seed) => ({ compares: 'offers', judges: false, options: optionsOf(seed) }),
      });
    },
    DEADLINE_MS,
  );

  // 10,000 sequences in all.
  it.each([
    ['of everything', EVERYTHING, 3_000],
    ['of operations', OPERATIONS, 1_500],
    ['of plain sharing', PLAIN, 1_500],
    ['about quota', QUOTA, 1_000],
    ['about shared volumes', SHARED, 500],
    ['about reservations', RESERVED, 500],
  ] as const)(
    'keeps every law through random sequences %s',
    (_, family, runs) => {
      expectLawful({
        sequences: sequences(family),
        runs,
        terms: (budget, seed) => ({ budget, compares: 'offers', judges: true, options: optionsOf(seed) }),
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
          compares: 'offers',
          judges: true,
          options: optionsOf(seed, `bound=${1 + (seed % 3)}`),
        }),
      });
    },
    DEADLINE_MS,
  );

  it.each([
    ['with random sorters', EVERYTHING, 700, 'sorter=random'],
    ['with random sorters and quota', QUOTA, 500, 'sorter=random'],
    ['when events come between the slices of a run', INTERRUPTED, 1_000, ''],
    ['when they do, with random sorters', INTERRUPTED, 300, 'sorter=random'],
    ['when they do, with a bound on outstanding offers', INTERRUPTED, 200, 'bound=2'],
  ] as const)(
    'keeps every law %s',
    (_, family, runs, more) => {
      const isInterrupted = family === INTERRUPTED;
      expectLawful({
        sequences: sequences(family),
        runs,
        terms: (budget, seed) => ({
          budget: isInterrupted ? undefined : budget,
          compares: 'roles',
          judges: true,
          options: optionsOf(seed, more),
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
    const steps = samples.flatMap((moves) =>
      play(moves, { compares: 'offers', judges: false, options: 'region=east' }),
    );
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
