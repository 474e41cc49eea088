/**
 * Watches a simulation and says at the end what came of it: utilisation, shares against the ideal, waiting times. It changes
 * nothing; the same events with another sample distance give the same utilisation, waits and launches.
 */
import { present } from '../base/assert.js';
import type { Resources } from '../offers/resources/resources.js';
import { type Demand, IdealShares } from './ideal-share.js';
import type {
  Fairness,
  FrameworkOutcome,
  Outcome,
  Quantiles,
  ResourceUse,
  RoleOutcome,
  SimulationResult,
} from './result.js';
import { Samples } from './samples.js';
import type { Scenario } from './scenario.js';
import type { SimulatedFramework } from './simulated-framework.js';
import { Scalars, UsageMeter } from './usage-meter.js';

interface Watched {
  readonly framework: SimulatedFramework;
  readonly used: UsageMeter;
  running: number;
  readonly shares: number[];
  readonly ideal: number[];
}

interface RoleWatched {
  readonly used: UsageMeter;
  readonly shares: number[];
}

export class Observer {
  readonly #scalars: Scalars;
  readonly #ideal: IdealShares;
  readonly #used: UsageMeter;
  readonly #offered: UsageMeter;
  readonly #watched = new Map<SimulatedFramework, Watched>();
  /** Of the frameworks subscribed to exactly this role. */
  readonly #roles = new Map<string, RoleWatched>();
  readonly #timesMs: number[] = [];
  readonly #usedSeries: Float64Array[] = [];
  readonly #errors: number[] = [];
  readonly #maxUsed: Float64Array;

  constructor(private readonly scenario: Scenario) {
    this.#scalars = new Scalars(scenario.agents);
    const { names, totals } = this.#scalars;
    const { roles, policies } = scenario;
    this.#ideal = new IdealShares({ names, totals, excluded: policies.excludedResourceNames, roles });
    this.#used = new UsageMeter(names.length);
    this.#offered = new UsageMeter(names.length);
    this.#maxUsed = new Float64Array(names.length);
  }

  watch(framework: SimulatedFramework): void {
    const width = this.#scalars.names.length;
    this.#watched.set(framework, { framework, used: new UsageMeter(width), running: 0, shares: [], ideal: [] });
    const { role } = framework.spec;
    if (!this.#roles.has(role)) this.#roles.set(role, { used: new UsageMeter(width), shares: [] });
  }

  onOffered(resources: Resources, nowMs: number): void {
    this.#offered.change(nowMs, this.#scalars.columnsOf(resources), 1);
  }

  onDeclined(resources: Resources, nowMs: number): void {
    this.#offered.change(nowMs, this.#scalars.columnsOf(resources), -1);
  }

  onLaunched(framework: SimulatedFramework, resources: Resources, nowMs: number): void {
    const columns = this.#scalars.columnsOf(resources);
    this.#offered.change(nowMs, columns, -1);
    this.#changeUse(framework, columns, nowMs, 1);
    for (let i = 0; i < columns.length; i++) this.#maxUsed[i] = Math.max(this.#maxUsed[i] ?? 0, this.#used.now[i] ?? 0);
  }

  onEnded(framework: SimulatedFramework, resources: Resources, nowMs: number): void {
    this.#changeUse(framework, this.#scalars.columnsOf(resources), nowMs, -1);
  }

  takeSample(nowMs: number): void {
    this.#timesMs.push(nowMs);
    this.#usedSeries.push(this.#used.now.slice());
    const all = [...this.#watched.values()];
    const ideal = this.#ideal.of(all.map(({ framework }) => this.#demandOf(framework)));
    let error = 0;
    all.forEach((watched, i) => {
      const share = this.#ideal.shareOf(watched.used.now);
      watched.shares.push(share);
      watched.ideal.push(ideal[i] ?? 0);
      error = Math.max(error, Math.abs(share - (ideal[i] ?? 0)));
    });
    this.#errors.push(error);
    for (const role of this.#roles.values()) role.shares.push(this.#ideal.shareOf(role.used.now));
  }

  resultAt(endMs: number, allocationRuns: number): SimulationResult {
    const all = [...this.#watched.values()];
    const counts = all.map(({ framework }) => framework.counts);
    const launched = sumOf(counts, (count) => count.launched);
    const meanTaskMs = launched === 0 ? 0 : sumOf(counts, (count) => count.lengthMs) / launched;
    return {
      name: this.scenario.name,
      seed: this.scenario.seed,
      durationMs: endMs,
      agents: sumOf(this.scenario.agents, ({ count }) => count),
      timesMs: this.#timesMs,
      resources: this.#resourceUse(endMs),
      frameworks: all.map((watched) => this.#frameworkOutcome(watched, endMs)),
      roles: [...this.#roles].map(([role, watched]) => this.#roleOutcome(role, watched, endMs)),
      fairness: this.#fairness(meanTaskMs),
      waits: quantilesOf(all.map(({ framework }) => framework.waits)),
      launched,
      ended: sumOf(counts, (count) => count.ended),
      offers: sumOf(counts, (count) => count.offers),
      locality: localityOf(all),
      allocationRuns,
      meanTaskMs,
    };
  }

  #changeUse(framework: SimulatedFramework, columns: Float64Array, nowMs: number, sign: 1 | -1): void {
    this.#used.change(nowMs, columns, sign);
    const watched = present(this.#watched.get(framework), 'every framework is watched');
    watched.used.change(nowMs, columns, sign);
    watched.running += sign;
    this.#roles.get(framework.spec.role)?.used.change(nowMs, columns, sign);
  }

  /** Its tasks as if they were all like their mean. */
  #demandOf(framework: SimulatedFramework): Demand {
    const { names, totals } = this.#scalars;
    const wanted = [...framework.wantedTasks()];
    const [first] = wanted;
    const { role } = framework.spec;
    if (first === undefined) return { role, perTask: new Float64Array(names.length), tasks: 0 };
    if (wanted.length === 1) return { role, perTask: this.#scalars.columnsOf(first[0]), tasks: first[1] };
    const tasks = sumOf(wanted, ([, count]) => count);
    const perTask = totals.map((_, i) =>
      sumOf(wanted, ([resources, count]) => (this.#scalars.columnsOf(resources)[i] ?? 0) * (count / tasks)),
    );
    return { role, perTask, tasks };
  }

  #resourceUse(endMs: number): readonly ResourceUse[] {
    const used = this.#used.meansAt(endMs);
    const offered = this.#offered.meansAt(endMs);
    return this.#scalars.names.map((name, i) => {
      const total = this.#scalars.totals[i] ?? 0;
      const part = (amount: number | undefined) => (total > 0 ? (amount ?? 0) / total : 0);
      return {
        name,
        total,
        mean: part(used[i]),
        max: part(this.#maxUsed[i]),
        series: this.#usedSeries.map((point) => part(point[i])),
        meanOffered: part(offered[i]),
      };
    });
  }

  #frameworkOutcome(watched: Watched, endMs: number): FrameworkOutcome {
    const { name, group, role } = watched.framework.spec;
    return { name, group, role, ...this.#outcome([watched], watched.used, watched.shares, endMs) };
  }

  #roleOutcome(name: string, { used, shares }: RoleWatched, endMs: number): RoleOutcome {
    const own = [...this.#watched.values()].filter(({ framework }) => framework.spec.role === name);
    const weight = this.scenario.roles.get(name)?.weight ?? 1;
    return { name, weight, frameworks: own.length, ...this.#outcome(own, used, shares, endMs) };
  }

  #outcome(of: readonly Watched[], used: UsageMeter, shares: readonly number[], endMs: number): Outcome {
    const counts = of.map(({ framework }) => framework.counts);
    const idealShares = this.#timesMs.map((_, i) => sumOf(of, ({ ideal }) => ideal[i] ?? 0));
    const errors = shares.map((share, i) => Math.abs(share - (idealShares[i] ?? 0)));
    const waiting = sumOf(of, ({ framework }) => framework.waiting);
    return {
      launched: sumOf(counts, (count) => count.launched),
      ended: sumOf(counts, (count) => count.ended),
      jobsArrived: sumOf(counts, (count) => count.jobsArrived),
      jobsDone: sumOf(counts, (count) => count.jobsDone),
      offers: sumOf(counts, (count) => count.offers),
      waiting: Number.isFinite(waiting) ? waiting : undefined,
      running: sumOf(of, ({ running }) => running),
      meanShare: this.#ideal.shareOf(used.meansAt(endMs)),
      meanIdealShare: meanOf(idealShares),
      shares,
      idealShares,
      meanError: meanOf(errors),
      maxError: maxOf(errors),
      waits: quantilesOf(of.map(({ framework }) => framework.waits)),
      jobTimes: quantilesOf(of.map(({ framework }) => framework.jobTimes)),
      locality: localityOf(of),
    };
  }

  #fairness(meanTaskMs: number): Fairness {
    return {
      series: this.#errors,
      mean: meanOf(this.#errors),
      max: maxOf(this.#errors),
      settledMax: this.#settledError(meanTaskMs),
    };
  }

  /** With jobs that come and go, demand never settles. */
  #settledError(meanTaskMs: number): number | undefined {
    const { frameworks } = this.scenario;
    if (frameworks.some(({ arrivals }) => arrivals.kind !== 'backlog')) return undefined;
    const changesMs = frameworks.flatMap(({ startMs, endMs }) => [startMs, endMs]);
    const isSettled = (atMs: number) => changesMs.every((changeMs) => changeMs > atMs || changeMs + meanTaskMs <= atMs);
    const settled = this.#errors.filter((_, i) => isSettled(this.#timesMs[i] ?? 0));
    return settled.length === 0 ? undefined : maxOf(settled);
  }
}

function quantilesOf(parts: readonly Samples[]): Quantiles | undefined {
  const [only] = parts;
  let all = only;
  if (parts.length !== 1) {
    all = new Samples();
    for (const part of parts) all.addAll(part);
  }
  if (all === undefined || all.size === 0) return undefined;
  return {
    count: all.size,
    mean: all.mean,
    p50: all.quantile(0.5),
    p90: all.quantile(0.9),
    p99: all.quantile(0.99),
    max: all.quantile(1),
  };
}

function localityOf(of: readonly Watched[]): number | undefined {
  const local = sumOf(of, ({ framework }) => framework.counts.local);
  const placed = local + sumOf(of, ({ framework }) => framework.counts.remote);
  return placed === 0 ? undefined : local / placed;
}

function sumOf<T>(items: readonly T[], amountOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + amountOf(item), 0);
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : sumOf(values, (value) => value) / values.length;
}

function maxOf(values: readonly number[]): number {
  return values.reduce((max, value) => Math.max(max, value), 0);
}
