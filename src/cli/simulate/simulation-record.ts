/** A simulation as `--json` prints it (docs/schemas/simulate.json). Times in seconds, shares 0 to 1, six digits. Pure. */
import type { Comparison } from '../../simulator/partitions.js';
import type { Outcome, Quantiles, SimulationResult } from '../../simulator/result.js';

export function simulationRecord(result: SimulationResult, comparison: Comparison | undefined): object {
  return {
    name: result.name,
    seed: result.seed,
    duration_seconds: seconds(result.durationMs),
    agents: result.agents,
    resources: result.resources.map(({ name, total, mean, max, meanOffered, series }) => ({
      name,
      total: digits(total),
      used_mean: digits(mean),
      used_max: digits(max),
      offered_mean: digits(meanOffered),
      used: series.map(digits),
    })),
    launched: result.launched,
    ended: result.ended,
    offers: result.offers,
    allocation_runs: result.allocationRuns,
    mean_task_seconds: seconds(result.meanTaskMs),
    waiting_seconds: quantiles(result.waits),
    locality: result.locality === undefined ? null : digits(result.locality),
    fairness: {
      error_mean: digits(result.fairness.mean),
      error_max: digits(result.fairness.max),
      settled_error_max: result.fairness.settledMax === undefined ? null : digits(result.fairness.settledMax),
      error: result.fairness.series.map(digits),
    },
    frameworks: result.frameworks.map(({ name, group, role, ...outcome }) => ({
      name,
      group,
      role,
      ...outcomeRecord(outcome),
    })),
    roles: result.roles.map(({ name, weight, frameworks, ...outcome }) => ({
      name,
      weight,
      frameworks,
      ...outcomeRecord(outcome),
    })),
    times_seconds: result.timesMs.map(seconds),
    partitions: comparison === undefined ? null : comparisonRecord(comparison),
  };
}

function outcomeRecord(outcome: Outcome): object {
  return {
    launched: outcome.launched,
    ended: outcome.ended,
    running: outcome.running,
    waiting: outcome.waiting ?? null,
    offers: outcome.offers,
    jobs_arrived: outcome.jobsArrived,
    jobs_done: outcome.jobsDone,
    share_mean: digits(outcome.meanShare),
    ideal_share_mean: digits(outcome.meanIdealShare),
    error_mean: digits(outcome.meanError),
    error_max: digits(outcome.maxError),
    waiting_seconds: quantiles(outcome.waits),
    job_seconds: quantiles(outcome.jobTimes),
    locality: outcome.locality === undefined ? null : digits(outcome.locality),
    share: outcome.shares.map(digits),
    ideal_share: outcome.idealShares.map(digits),
  };
}

function comparisonRecord({ resources, groups }: Comparison): object {
  const nullable = (ms: number | undefined) => (ms === undefined ? null : seconds(ms));
  return {
    resources: resources.map(({ name, shared, partitioned }) => ({
      name,
      used_shared: digits(shared),
      used_partitioned: digits(partitioned),
      gain: digits(shared - partitioned),
    })),
    frameworks: groups.map(({ name, tasksEnded, jobsDone, jobMs, speedUp }) => ({
      name,
      ended_shared: tasksEnded.shared,
      ended_partitioned: tasksEnded.partitioned,
      jobs_shared: jobsDone.shared,
      jobs_partitioned: jobsDone.partitioned,
      job_seconds_shared: nullable(jobMs.shared),
      job_seconds_partitioned: nullable(jobMs.partitioned),
      speed_up: speedUp === undefined ? null : digits(speedUp),
    })),
  };
}

function quantiles(of: Quantiles | undefined): object | null {
  if (of === undefined) return null;
  const { count, mean, p50, p90, p99, max } = of;
  return { count, mean: seconds(mean), p50: seconds(p50), p90: seconds(p90), p99: seconds(p99), max: seconds(max) };
}

function seconds(ms: number): number {
  return digits(ms / 1000);
}

function digits(value: number): number {
  return Number(value.toFixed(6));
}
