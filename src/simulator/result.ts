/** What a simulation found. Shares and parts are 0 to 1, times milliseconds of virtual time; series have a point a sample. */

export interface SimulationResult {
  readonly name: string;
  readonly seed: number;
  readonly durationMs: number;
  readonly agents: number;
  /** Points in time of all series. */
  readonly timesMs: readonly number[];
  /** By scalar of the cluster. */
  readonly resources: readonly ResourceUse[];
  readonly frameworks: readonly FrameworkOutcome[];
  readonly roles: readonly RoleOutcome[];
  readonly fairness: Fairness;
  readonly waits: Quantiles | undefined;
  readonly launched: number;
  readonly ended: number;
  readonly offers: number;
  /** Of tasks with a preference, the part that ran where its input lies; undefined: there were none. */
  readonly locality: number | undefined;
  readonly allocationRuns: number;
  /** Lengths of the tasks that were launched. */
  readonly meanTaskMs: number;
}

export interface ResourceUse {
  readonly name: string;
  readonly total: number;
  /** Parts of the total that tasks used. */
  readonly mean: number;
  readonly max: number;
  readonly series: readonly number[];
  /** Part of the total that was in offers, on average. */
  readonly meanOffered: number;
}

/** Milliseconds. */
export interface Quantiles {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface Outcome {
  readonly launched: number;
  readonly ended: number;
  readonly jobsArrived: number;
  readonly jobsDone: number;
  readonly offers: number;
  /** Tasks at the end; undefined: a backlog, there is no end of them. */
  readonly waiting: number | undefined;
  readonly running: number;
  /** Dominant share of what its tasks used, averaged from the start of the simulation. */
  readonly meanShare: number;
  readonly meanIdealShare: number;
  readonly shares: readonly number[];
  readonly idealShares: readonly number[];
  /** Mean and largest distance of the two, at sample times. */
  readonly meanError: number;
  readonly maxError: number;
  /** undefined: no task was launched, or those of a backlog only. */
  readonly waits: Quantiles | undefined;
  readonly jobTimes: Quantiles | undefined;
  readonly locality: number | undefined;
}

export interface FrameworkOutcome extends Outcome {
  readonly name: string;
  readonly group: string;
  readonly role: string;
}

export interface RoleOutcome extends Outcome {
  readonly name: string;
  readonly weight: number;
  readonly frameworks: number;
}

/** Distance of the dominant shares from those of ideal DRF; of all frameworks the largest, at each sample time. */
export interface Fairness {
  readonly series: readonly number[];
  readonly mean: number;
  readonly max: number;
  /** Largest a mean task length and more after a framework came or stopped; undefined: never, or demand is not steady. */
  readonly settledMax: number | undefined;
}
