/** The experiments of design/performance.md, rows H3 and H4: scenarios of examples/simulate, seeded, so their outcome is exact. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScenario, readScenarioFile } from '../../../src/cli/simulate/read-scenario.js';
import { setFields } from '../../../src/cli/simulate/set-field.js';
import { compare, partitionScenarios } from '../../../src/simulator/partitions.js';
import { simulate } from '../../../src/simulator/simulation.js';
import { projectRoot } from '../../harness/process.mjs';

const PATIENCE_MS = 240_000;

async function load(file: string, ...assignments: readonly string[]) {
  const raw = await readScenarioFile(join(projectRoot, 'examples/simulate', file));
  return loadScenario({ ...raw, document: setFields(raw.document, assignments) });
}

async function localityAt(delay: string): Promise<number> {
  const { scenario } = await load('delay-scheduling.yaml', `frameworks.0.scheduler.locality.delay=${delay}`);
  return simulate(scenario).locality ?? 0;
}

describe('delay scheduling (H3)', () => {
  it('runs most tasks elsewhere without a delay', { timeout: PATIENCE_MS }, async () => {
    expect(await localityAt('0s')).toBeLessThan(0.6);
  });

  it('runs 95 % of the tasks where their input lies with a delay of a second', { timeout: PATIENCE_MS }, async () => {
    expect(await localityAt('1s')).toBeGreaterThanOrEqual(0.95);
  });

  it('runs 98 % of them there with a delay of five seconds', { timeout: PATIENCE_MS }, async () => {
    expect(await localityAt('5s')).toBeGreaterThanOrEqual(0.98);
  });
});

describe('a framework that collects offers', () => {
  async function longestWaitMs(...policies: readonly string[]): Promise<number> {
    const { scenario } = await load('held-offers.yaml', ...policies.map((policy) => `policies.${policy}`));
    const waiting = simulate(scenario).frameworks.find(({ name }) => name === 'waiting');
    return waiting?.waits?.max ?? Number.NaN;
  }
  const SECOND = 1000;

  it('starves another one that waits', { timeout: PATIENCE_MS }, async () => {
    expect(await longestWaitMs()).toBeGreaterThan(2000 * SECOND);
  });

  it('is not stopped by a fraction of each agent alone', { timeout: PATIENCE_MS }, async () => {
    expect(await longestWaitMs('max_offer_fraction=0.5')).toBeGreaterThan(2000 * SECOND);
  });

  it('gives offers back to who waits', { timeout: PATIENCE_MS }, async () => {
    expect(await longestWaitMs('rescind_held_offers_after=30s')).toBeLessThan(31 * SECOND);
  });

  it('leaves what is beyond its bound', { timeout: PATIENCE_MS }, async () => {
    expect(await longestWaitMs('max_offers_per_framework=10')).toBeLessThan(15 * SECOND);
    expect(await longestWaitMs('max_offers_per_framework=10', 'max_offer_fraction=0.5')).toBeLessThan(SECOND);
  });
});

describe('sharing against static partitions (H4)', () => {
  it('gains as much as in the Mesos paper', { timeout: PATIENCE_MS }, async () => {
    const { scenario, partitions } = await load('sharing.yaml');
    const shared = simulate(scenario);
    const { resources, groups } = compare(shared, partitionScenarios(scenario, partitions).map(simulate));
    const gains = Object.fromEntries(resources.map((own) => [own.name, own.shared - own.partitioned]));
    expect(gains.cpus).toBeGreaterThanOrEqual(0.1);
    expect(gains.mem).toBeGreaterThanOrEqual(0.17);
    const batch = groups.find(({ name }) => name === 'batch');
    expect(batch?.speedUp).toBeGreaterThanOrEqual(2);
  });

  it('offers the same work to both sides', async () => {
    const { scenario, partitions } = await load('sharing.yaml', 'duration=10m');
    const shared = simulate(scenario);
    const apart = partitionScenarios(scenario, partitions).map(simulate);
    const arrived = (name: string) =>
      [shared, ...apart].flatMap(({ frameworks }) =>
        frameworks.filter((framework) => framework.name === name).map(({ jobsArrived }) => jobsArrived),
      );
    for (const name of ['interactive', 'rigid']) {
      const [first, second] = arrived(name);
      expect({ name, first }).toEqual({ name, first: second });
      expect(first).toBeGreaterThan(5);
    }
  });

  it('is within 1 % of ideal DRF one task length after a framework came', { timeout: PATIENCE_MS }, async () => {
    const { scenario } = await load('fair-shares.yaml');
    const { fairness } = simulate(scenario);
    expect(fairness.settledMax).toBeLessThanOrEqual(0.01);
    // It was unfair in between: the measure sees something.
    expect(fairness.max).toBeGreaterThan(0.1);
  });
});
