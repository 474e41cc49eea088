import { describe, expect, it } from 'vitest';
import { type Demand, IdealShares } from '../../../src/simulator/ideal-share.js';
import type { RolePolicy } from '../../../src/simulator/scenario.js';
import { policy } from './fixtures.js';

function ideal(demands: readonly Demand[], roles: Readonly<Record<string, RolePolicy>> = {}, totals = [100, 100]) {
  const shares = new IdealShares({
    names: ['cpus', 'mem'],
    totals: Float64Array.from(totals),
    excluded: new Set(),
    roles: new Map(Object.entries(roles)),
  });
  return shares.of(demands);
}

function demand(role: string, cpus: number, mem: number, tasks = Number.POSITIVE_INFINITY): Demand {
  return { role, perTask: Float64Array.of(cpus, mem), tasks };
}

function expectShares(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((share, i) => {
    expect(Math.abs(share - (expected[i] ?? 0)), `${i}: ${share}`).toBeLessThan(0.002);
  });
}

describe('the ideal division', () => {
  it('is that of the DRF paper: 9 cpus and 18 GB, tasks of (1, 4) and (3, 1), two thirds each', () => {
    expectShares(ideal([demand('a', 1, 4), demand('b', 3, 1)], {}, [9, 18]), [2 / 3, 2 / 3]);
  });

  it('gives by weight', () => {
    expectShares(ideal([demand('a', 1, 0), demand('b', 1, 0)], { a: policy({ weight: 3 }) }), [0.75, 0.25]);
  });

  it('gives nobody more than it wants, and the rest to the others', () => {
    expectShares(ideal([demand('a', 1, 0, 10), demand('b', 1, 0), demand('c', 1, 0)]), [0.1, 0.45, 0.45]);
  });

  it('divides between siblings first', () => {
    const shares = ideal([demand('eng/a', 1, 0), demand('eng/b', 1, 0), demand('ops', 1, 0)]);
    expectShares(shares, [0.25, 0.25, 0.5]);
  });

  it('divides a role among its frameworks', () => {
    expectShares(ideal([demand('a', 1, 0), demand('a', 1, 0), demand('b', 1, 0)]), [0.25, 0.25, 0.5]);
  });

  it('never exceeds the limit of an ancestor', () => {
    const roles = { eng: policy({ limits: { cpus: 20 } }) };
    expectShares(ideal([demand('eng/a', 1, 0), demand('eng/b', 1, 0), demand('ops', 1, 0)], roles), [0.1, 0.1, 0.8]);
  });

  it('serves guarantees before shares', () => {
    const roles = { a: policy({ guarantees: { cpus: 70 } }) };
    expectShares(ideal([demand('a', 1, 0), demand('b', 1, 0), demand('c', 1, 0)], roles), [0.7, 0.15, 0.15]);
  });

  it('keeps back what is guaranteed to somebody who does not want it yet', () => {
    const roles = { a: policy({ guarantees: { cpus: 70 } }) };
    expectShares(ideal([demand('a', 1, 0, 10), demand('b', 1, 0)], roles), [0.1, 0.3]);
  });
});
