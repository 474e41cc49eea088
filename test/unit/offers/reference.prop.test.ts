/**
 * The allocator against the slow reference (test/reference) and against the laws that hold for any allocator. A failure is
 * shrunk and printed as a golden script: paste it into test/golden/allocator, mend, and it stays mended.
 * That these tests find what is wrong is shown in reference.bite.test.ts.
 *
 * The sequences are the same each time, so that a failure is of the change that is tested. Others, to look for more:
 *   MESOCTL_SEED=$RANDOM npx vitest run test/unit/offers/reference.prop.test.ts
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

const SEED = Number(process.env.MESOCTL_SEED ?? 1);

/** Thrown, not compared: the message is long, and meant to be read. */
function expectLawful(search: Omit<Search, 'seed' | 'shrinks'>): void {
  const violation = findViolation({ ...search, seed: SEED, shrinks: true });
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

const SAMPLES = 100;

/** In which part of the sequences, at least, an event of the kind happens. */
const FLOORS = [
  [
    'operations',
    OPERATIONS,
    {
      ...{ weight: 0.3, agentActivity: 0.3, whitelist: 0.3, returnAgent: 0.3, reregister: 0.3, moveRegion: 0.3 },
      ...{ agentCapabilities: 0.3, changeCapabilities: 0.4, maintain: 0.4, answerInverse: 0.15 },
    },
  ],
  ['reservations', RESERVED, { refine: 0.1, operatorRefine: 0.4 }],
  ['interrupted runs', INTERRUPTED, { slice: 0.8, quota: 0.5, suppress: 0.2, whitelist: 0.1, agentActivity: 0.2 }],
] as const;

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

  it.each(FLOORS)('have enough of what changes: %s', (_, family, floors) => {
    const counts = new Map<string, number>();
    for (const moves of fc.sample(sequences(family), { numRuns: SAMPLES, seed: 2 })) {
      const steps = play(moves, { compares: 'nothing', judges: false, options: 'region=east' });
      for (const kind of new Set(steps.map((step) => step.kind ?? 'options')))
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    for (const [kind, share] of Object.entries(floors))
      expect((counts.get(kind) ?? 0) / SAMPLES, `${kind} of ${family.kinds.length}`).toBeGreaterThan(share);
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
