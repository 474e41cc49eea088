import { describe, expect, it } from 'vitest';
import { Simulation, simulate } from '../../../src/simulator/simulation.js';
import { res } from '../offers/fixtures.js';
import { backlogOf, jobsAt, MINUTE, policy, SCHEDULER, SECOND, scenario } from './fixtures.js';

const FULL = { kind: 'constant', value: 10 * MINUTE } as const;

describe('a simulation', () => {
  it('gives the same result for the same seed, and another for another', () => {
    const two = [backlogOf('a', 'cpus:1;mem:100'), backlogOf('b', 'cpus:1;mem:900')];
    const first = JSON.stringify(simulate(scenario(two)));
    expect(JSON.stringify(simulate(scenario(two)))).toBe(first);
    expect(JSON.stringify(simulate(scenario(two, { seed: 2 })))).not.toBe(first);
  });

  it('does not depend on where it is cut', () => {
    const one = scenario([backlogOf('a', 'cpus:1;mem:100'), jobsAt('b', [0, 5 * MINUTE], 30)]);
    const simulation = new Simulation(one);
    for (let ms = 0; ms <= one.durationMs; ms += 777) simulation.advance(ms);
    simulation.advance(one.durationMs);
    expect(simulation.result()).toEqual(simulate(one));
  });

  it('launches a job at once where there is room, and ends it after its length', () => {
    const { frameworks, resources, launched, ended } = simulate(scenario([jobsAt('a', [MINUTE], 20)]));
    expect({ launched, ended }).toEqual({ launched: 20, ended: 20 });
    expect(frameworks[0]?.waits).toMatchObject({ count: 20, max: 0 });
    expect(frameworks[0]?.jobTimes).toMatchObject({ count: 1, max: MINUTE });
    // 20 of 40 cpus for one of 30 minutes.
    expect(resources[0]).toMatchObject({ name: 'cpus', total: 40, max: 0.5 });
    expect(resources[0]?.mean).toBeCloseTo(0.5 / 30, 6);
  });

  it('makes tasks wait for room', () => {
    const { frameworks } = simulate(scenario([jobsAt('a', [0], 80)]));
    expect(frameworks[0]?.waits).toMatchObject({ count: 80, p50: 0, p90: MINUTE, max: MINUTE });
    expect(frameworks[0]?.jobTimes?.max).toBe(2 * MINUTE);
  });

  it('lets nobody use more than there is', () => {
    const mixed = [backlogOf('a', 'cpus:3;mem:100'), backlogOf('b', 'cpus:1;mem:1500'), jobsAt('c', [0], 500)];
    const { resources } = simulate(scenario(mixed));
    for (const { max } of resources) expect(max).toBeLessThanOrEqual(1);
  });

  it('divides by weight', () => {
    const two = [backlogOf('a', 'cpus:1;mem:100'), backlogOf('b', 'cpus:1;mem:100')];
    const { frameworks } = simulate(scenario(two, { roles: new Map([['a', policy({ weight: 3 })]]) }));
    const [a = 0, b = 0] = frameworks.map(({ shares }) => shares.at(-1));
    expect(a).toBeCloseTo(0.75, 1);
    expect(b).toBeCloseTo(0.25, 1);
  });

  it('holds limits of roles', () => {
    const roles = new Map([['eng', policy({ limits: { cpus: 8 } })]]);
    const one = backlogOf('a', 'cpus:1;mem:100', { role: 'eng/a' });
    const { frameworks } = simulate(scenario([one], { roles }));
    expect(Math.max(...(frameworks[0]?.shares ?? []))).toBe(8 / 40);
  });

  it('runs stages one after the other', () => {
    const jobs = { tasks: { kind: 'constant', value: 10 }, stages: 3, parallelism: Number.POSITIVE_INFINITY } as const;
    const { frameworks, launched } = simulate(scenario([jobsAt('a', [0], 10, { jobs })]));
    expect(launched).toBe(30);
    expect(frameworks[0]?.jobTimes?.max).toBeCloseTo(3 * MINUTE, -1);
  });

  it('runs no more tasks of a job than it takes at a time', () => {
    const jobs = { tasks: { kind: 'constant', value: 10 }, stages: 1, parallelism: 5 } as const;
    const { frameworks } = simulate(scenario([jobsAt('a', [0], 10, { jobs })]));
    expect(Math.max(...(frameworks[0]?.shares ?? []))).toBe(5 / 40);
    expect(frameworks[0]?.jobsDone).toBe(1);
  });

  it('takes one job after the other', () => {
    const arrivals = { kind: 'back-to-back', pauseMs: MINUTE, limit: 5 } as const;
    const { frameworks } = simulate(scenario([jobsAt('a', [], 10, { arrivals })]));
    expect(frameworks[0]).toMatchObject({ jobsArrived: 5, jobsDone: 5 });
  });

  it('starts no job after the end of a framework', () => {
    const { frameworks } = simulate(
      scenario([backlogOf('a', 'cpus:1;mem:100', { endMs: 5 * MINUTE, taskLengthMs: FULL })]),
    );
    expect(frameworks[0]?.launched).toBe(40);
    expect(frameworks[0]?.running).toBe(0);
  });

  it('takes recorded jobs as they were', () => {
    const jobs = [
      { atMs: 0, tasks: 2, lengthMs: 30 * SECOND, resources: undefined },
      { atMs: MINUTE, tasks: 1, lengthMs: 90 * SECOND, resources: res('cpus:4;mem:100') },
    ];
    const { frameworks } = simulate(scenario([jobsAt('a', [], 1, { arrivals: { kind: 'recorded', jobs } })]));
    expect(frameworks[0]?.jobTimes).toMatchObject({ count: 2, p50: 30 * SECOND, max: 90 * SECOND });
  });

  it('uses what is reserved for the role first', () => {
    const agents = [{ name: 'agent', count: 1, resources: res('cpus(a):2;mem(a):200;cpus:2;mem:200'), attributes: [] }];
    const both = [jobsAt('a', [0], 2), jobsAt('b', [0], 2)];
    const { frameworks } = simulate(scenario(both, { agents }));
    // The second is offered what the first leaves two milliseconds later, not a minute.
    expect(frameworks.map(({ waits }) => waits?.max)).toEqual([0, 2]);
  });

  it('keeps offers that it cannot use while it holds them, and launches from them', () => {
    const scheduler = { ...SCHEDULER, suppresses: false, holdMs: 10 * MINUTE };
    const { frameworks, resources } = simulate(scenario([jobsAt('a', [5 * MINUTE], 40, { scheduler })]));
    expect(frameworks[0]?.waits?.max).toBe(0);
    expect(resources[0]?.meanOffered).toBeGreaterThan(0.5);
  });

  it('waits for the filter of what was declined when nobody revives', () => {
    const scheduler = { ...SCHEDULER, suppresses: false, filterMs: 20 * SECOND };
    const { frameworks } = simulate(scenario([jobsAt('a', [5 * SECOND], 40, { scheduler })]));
    expect(frameworks[0]?.waits?.p50).toBe(15 * SECOND);
  });

  it('answers after its latency', () => {
    const scheduler = { ...SCHEDULER, latencyMs: 250 };
    const { frameworks } = simulate(scenario([jobsAt('a', [MINUTE], 4, { scheduler })]));
    expect(frameworks[0]?.waits?.max).toBe(250);
  });
});
