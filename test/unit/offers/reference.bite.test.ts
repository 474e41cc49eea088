/**
 * That the tests of reference.prop.test.ts bite: mistakes are planted in the allocator, each in the part that decides the
 * matter, and each is found, by comparison with the reference or by a law alone. A test that finds none of them proves nothing.
 */
import { describe, expect, it } from 'vitest';
import { AllocationRun } from '../../../src/offers/allocator/allocation-run.js';
import { AgentState, Client } from '../../../src/offers/allocator/allocator-state.js';
import { InverseOffers } from '../../../src/offers/allocator/inverse-offers.js';
import { Ledger } from '../../../src/offers/allocator/ledger.js';
import { QuotaRun } from '../../../src/offers/allocator/quota-run.js';
import { RefuseFilters } from '../../../src/offers/allocator/refuse-filters.js';
import { RoleNode, RoleTree } from '../../../src/offers/allocator/role-tree.js';
import { ShareTable } from '../../../src/offers/allocator/share-table.js';
import { SiblingOrder } from '../../../src/offers/allocator/sibling-order.js';
import { Interpreter } from '../../golden/allocator/interpreter.js';
import { replay } from '../../golden/allocator/script-text.js';
import {
  EVERYTHING,
  type Family,
  INTERRUPTED,
  OPERATIONS,
  PLAIN,
  QUOTA,
  RESERVED,
  SHARED,
  sequences,
} from '../../reference/events.js';
import { findViolation, SCRIPT_FOLLOWS, type Terms } from '../../reference/trial.js';

const SEQUENCES = 1_500;
const SEED = 20_261_128;

/** A mistake; returns what takes it out again. */
type Plant = () => () => void;

/** Replaces a method by `wrong`, which is given the right one. */
function plant<T extends object, K extends keyof T>(
  owner: { readonly prototype: T },
  name: K,
  wrong: (right: T[K]) => T[K],
): Plant {
  return () => {
    const right = Object.getOwnPropertyDescriptor(owner.prototype, name);
    if (right === undefined) throw new Error(`there is no ${String(name)} to break`);
    Object.defineProperty(owner.prototype, name, { ...right, value: wrong(right.value as T[K]) });
    return () => Object.defineProperty(owner.prototype, name, right);
  };
}

/** After the client was described, `change` spoils it. */
function misdescribed(change: (client: Client) => void): Plant {
  return plant(
    Client,
    'describe',
    (right) =>
      function (this: Client, framework) {
        right.call(this, framework);
        change(this);
      },
  );
}

const nothing = () => () => {};

/** [mistake, what must be complained of, events among which it shows, the mistake itself] */
const AGAINST_A_LAW: readonly (readonly [string, RegExp, Family, Plant])[] = [
  [
    'a limit is ignored at a grandparent',
    /and its limit is/,
    QUOTA,
    plant(
      QuotaRun,
      'remainingLimits',
      (right) =>
        function (this: QuotaRun, role) {
          const grandparent = role.parent?.parent;
          const quota = grandparent?.quota;
          if (grandparent !== undefined) grandparent.quota = undefined;
          const remaining = right.call(this, role);
          if (grandparent !== undefined) grandparent.quota = quota;
          return remaining;
        },
    ),
  ],
  [
    'reservations do not count against a limit',
    /and its limit is/,
    QUOTA,
    plant(
      RoleNode,
      'consumed',
      () =>
        function (this: RoleNode, index) {
          return this.chargedFirm.get(index);
        },
    ),
  ],
  [
    'a filter is dropped too early',
    /refused until/,
    EVERYTHING,
    plant(
      RefuseFilters,
      'expire',
      (right) =>
        function (this: RefuseFilters, nowMs, onExpired, limit) {
          return right.call(this, nowMs + 400, onExpired, limit);
        },
    ),
  ],
  ['filters are not looked at', /refused until/, EVERYTHING, plant(RefuseFilters, 'blocks', () => () => false)],
  [
    'an offer is made twice',
    /offered twice in one run/,
    EVERYTHING,
    plant(
      AllocationRun,
      'step',
      (right) =>
        function (this: AllocationRun, budget) {
          const { offers, done } = right.call(this, budget);
          return { offers: [...offers.slice(0, 1), ...offers], done };
        },
    ),
  ],
  [
    'a slice loses an agent',
    /in slices of/,
    EVERYTHING,
    plant(
      AllocationRun,
      'step',
      (right) =>
        function (this: AllocationRun, budget) {
          const { offers, done } = right.call(this, budget);
          return { offers: done ? offers : offers.slice(1), done };
        },
    ),
  ],
  ['offered resources stay free', /is free|do not make/, EVERYTHING, plant(AgentState, 'shrink', nothing)],
  [
    'what is given back is lost',
    /do not make/,
    EVERYTHING,
    plant(
      AgentState,
      'grow',
      () =>
        function (this: AgentState) {
          this.unsettleAll();
        },
    ),
  ],
  ['constraints are ignored', /constraint is against it/, EVERYTHING, plant(Client, 'accepts', () => () => true)],
  [
    'an agent that changed is not looked at again',
    /constraint is against it|was not offered/,
    EVERYTHING,
    plant(Ledger, 'forgetConstraintOutcomes', nothing),
  ],
  [
    'revocable resources go to everybody',
    /it may not have cpus/,
    EVERYTHING,
    misdescribed((client) => {
      client.takesRevocable = true;
    }),
  ],
  [
    'shared volumes go to everybody',
    /it may not have disk/,
    SHARED,
    misdescribed((client) => {
      client.takesShared = true;
    }),
  ],
  [
    'GPUs and other regions go to everybody',
    /capability, region or constraint/,
    EVERYTHING,
    misdescribed((client) => {
      client.can = 0xff;
    }),
  ],
  [
    'the minimum of a framework is ignored',
    /less than the minimum/,
    EVERYTHING,
    misdescribed((client) => {
      client.minAllocatable = [];
    }),
  ],
  [
    'suppressed frameworks are offered to',
    /takes no part/,
    EVERYTHING,
    plant(
      Ledger,
      'settleActivity',
      (right) =>
        function (this: Ledger, client) {
          this.frameworks.get(client.frameworkId)?.suppressedRoles.clear();
          right.call(this, client);
        },
    ),
  ],
  ['an order is not brought up to date', /its largest offer is/, PLAIN, plant(SiblingOrder, 'touch', nothing)],
  ['a weight is ignored', /its largest offer is/, PLAIN, plant(ShareTable, 'setWeight', nothing)],
];

/** Mistakes that break no law; only the reference knows better. */
const AGAINST_THE_REFERENCE: readonly (readonly [string, Family, Plant])[] = [
  ['a filter never ends', EVERYTHING, plant(RefuseFilters, 'expire', () => () => true)],
  ['revive keeps the filters', EVERYTHING, plant(RefuseFilters, 'removeClient', nothing)],
  ['whoever gained nothing once is not asked again', EVERYTHING, plant(AgentState, 'unsettleAll', nothing)],
  ['what guarantees need is given away', QUOTA, plant(QuotaRun, 'boundByHeadroom', () => (target) => target)],
  ['guarantees are not served first', QUOTA, plant(QuotaRun, 'findMissing', () => () => undefined)],
  [
    'a subrole draws on its own guarantee only',
    QUOTA,
    plant(
      QuotaRun,
      'findMissing',
      () =>
        function (this: QuotaRun, role) {
          return this.findUnsatisfied(role);
        },
    ),
  ],
  ['a shared volume counts for nobody', SHARED, plant(RoleTree, 'chargeVolumes', nothing)],
  [
    'allocations are not counted',
    PLAIN,
    plant(
      ShareTable,
      'charge',
      (right) =>
        function (this: ShareTable, slot, delta, sign) {
          right.call(this, slot, delta, sign, false);
        },
    ),
  ],
];

function find(
  family: Family,
  mistake: Plant,
  how: Pick<Terms, 'compares'> & { readonly shrinks?: boolean; readonly options?: string; readonly isSliced?: boolean },
): string | undefined {
  const { compares, shrinks = false, options = '', isSliced = true } = how;
  const mend = mistake();
  try {
    return findViolation({
      sequences: sequences(family),
      runs: SEQUENCES,
      seed: SEED,
      shrinks,
      terms: (budget, seed) => ({
        budget: isSliced ? budget : undefined,
        compares,
        judges: true,
        options: `seed=${seed} region=east ${options}`,
      }),
    });
  } finally {
    mend();
  }
}

describe('planted mistakes', () => {
  it.each(AGAINST_A_LAW)('%s: a law is broken', (_, complaint, family, mistake) => {
    expect(find(family, mistake, { compares: 'nothing' })).toMatch(complaint);
  });

  it.each(AGAINST_THE_REFERENCE)('%s: the reference disagrees', (_, family, mistake) => {
    expect(find(family, mistake, { compares: 'offers' })).toMatch(/the reference offers|of the reference/);
  });
});

/** [mistake, the mistake itself]; each framework may have two offers. */
const AGAINST_THE_BOUND: readonly (readonly [string, Plant])[] = [
  ['offers are not counted', plant(Ledger, 'countOffer', () => () => false)],
  [
    'an offer that ended still counts',
    plant(
      Ledger,
      'countOffer',
      (right) =>
        function (this: Ledger, frameworkId, step) {
          return step > 0 && right.call(this, frameworkId, step);
        },
    ),
  ],
];

describe('mistakes about the bound on outstanding offers', () => {
  it.each(AGAINST_THE_BOUND)('%s: the reference disagrees', (_, mistake) => {
    const told = find(EVERYTHING, mistake, { compares: 'offers', options: 'bound=2' });
    expect(told).toMatch(/the reference offers|has \d+ offers of 2/);
  });
});

/** [mistake, what is complained of, events among which it shows, the mistake itself] */
const AGAINST_CHANGES: readonly (readonly [string, RegExp, Family, Plant])[] = [
  [
    'refined reservations go to everybody',
    /it may not have/,
    RESERVED,
    misdescribed((client) => {
      client.takesRefined = true;
    }),
  ],
  ['an answer to an inverse offer is not heard', /wanted back/, OPERATIONS, plant(InverseOffers, 'settle', nothing)],
  ['maintenance is not noted', /wanted back/, OPERATIONS, plant(InverseOffers, 'update', nothing)],
  [
    'a weight changes without a new order',
    /the reference offers|of the reference/,
    OPERATIONS,
    plant(ShareTable, 'setWeight', nothing),
  ],
  ['quota between slices is not heeded', /its limit is/, INTERRUPTED, plant(AllocationRun, 'takeQuota', nothing)],
  [
    'what was decided by other facts is offered',
    /takes no part|against it|is free|its limit is|refused until|whitelist|is out, but/,
    INTERRUPTED,
    plant(AllocationRun, 'dropHeld', () => () => false),
  ],
];

describe('mistakes about what changes', () => {
  it.each(AGAINST_CHANGES)('%s: it is found', (_, complaint, family, mistake) => {
    const compares = family === INTERRUPTED ? 'roles' : 'offers';
    const told = find(family, mistake, { compares, isSliced: family !== INTERRUPTED });
    expect(told).toMatch(complaint);
  });
});

describe('a failure', () => {
  it('is told as a golden script that fails with the mistake and passes without', () => {
    const [, , family, mistake] = AGAINST_A_LAW[0] ?? [];
    if (family === undefined || mistake === undefined) throw new Error('there is a first mistake');
    const told = find(family, mistake, { compares: 'offers', shrinks: true }) ?? '';
    const script = told.slice(told.indexOf(SCRIPT_FOLLOWS) + SCRIPT_FOLLOWS.length).trimStart();
    const commands = script.split('\n').filter((line) => /^[a-z-]+ /.test(line) && !line.includes('->'));
    expect(commands.length, script).toBeLessThan(12);
    expect(replay(script, new Interpreter())).toBe(script);
    const mend = mistake();
    const replayed = replay(script, new Interpreter());
    mend();
    expect(replayed).not.toBe(script);
  });
});
