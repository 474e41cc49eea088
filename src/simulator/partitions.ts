/**
 * The same work on a cluster that is cut up: each partition has some of the agents and some of the frameworks, and what is
 * idle in one is of no use to another. What a shared cluster gains over it.
 */
import type { Quantiles, SimulationResult } from './result.js';
import type { AgentGroup, Scenario } from './scenario.js';

export interface Partition {
  /** Groups of frameworks. */
  readonly frameworks: readonly string[];
  readonly agents: number;
}

export interface Comparison {
  readonly resources: readonly ComparedResource[];
  readonly groups: readonly ComparedGroup[];
}

/** Parts of the total that tasks used on average, 0 to 1. */
export interface ComparedResource {
  readonly name: string;
  readonly shared: number;
  readonly partitioned: number;
}

/** Frameworks that are copies of one. */
export interface ComparedGroup {
  readonly name: string;
  readonly tasksEnded: { readonly shared: number; readonly partitioned: number };
  readonly jobsDone: { readonly shared: number; readonly partitioned: number };
  /** Milliseconds a job on average; undefined: none was done. */
  readonly jobMs: { readonly shared: number | undefined; readonly partitioned: number | undefined };
  /** How many times as fast jobs are on the shared cluster; undefined: not known. */
  readonly speedUp: number | undefined;
}

/** A scenario for each partition; agents are dealt out in their order. */
export function partitionScenarios(scenario: Scenario, partitions: readonly Partition[]): readonly Scenario[] {
  const left = scenario.agents.map((group) => ({ group, taken: 0 }));
  return partitions.map(({ frameworks, agents }) => ({
    ...scenario,
    name: `${scenario.name}: ${frameworks.join(', ')}`,
    agents: deal(left, agents),
    frameworks: scenario.frameworks.filter(({ group }) => frameworks.includes(group)),
  }));
}

export function compare(shared: SimulationResult, parts: readonly SimulationResult[]): Comparison {
  const resources = shared.resources.map(({ name, total, mean }) => {
    const used = parts.flatMap((part) => part.resources.filter((other) => other.name === name));
    const amount = used.reduce((sum, own) => sum + own.mean * own.total, 0);
    return { name, shared: mean, partitioned: total > 0 ? amount / total : 0 };
  });
  const apart = parts.flatMap(({ frameworks }) => frameworks);
  const groups = [...new Set(shared.frameworks.map(({ group }) => group))];
  return { resources, groups: groups.map((group) => compareGroup(group, shared.frameworks, apart)) };
}

type Outcomes = SimulationResult['frameworks'];

function compareGroup(name: string, shared: Outcomes, apart: Outcomes): ComparedGroup {
  const both = <T>(read: (outcomes: Outcomes) => T) => ({
    shared: read(shared.filter(({ group }) => group === name)),
    partitioned: read(apart.filter(({ group }) => group === name)),
  });
  const jobMs = both((outcomes) => meanOf(outcomes.map(({ jobTimes }) => jobTimes)));
  return {
    name,
    tasksEnded: both((outcomes) => outcomes.reduce((sum, { ended }) => sum + ended, 0)),
    jobsDone: both((outcomes) => outcomes.reduce((sum, { jobsDone }) => sum + jobsDone, 0)),
    jobMs,
    speedUp:
      jobMs.shared === undefined || jobMs.partitioned === undefined ? undefined : jobMs.partitioned / jobMs.shared,
  };
}

function meanOf(parts: readonly (Quantiles | undefined)[]): number | undefined {
  const known = parts.filter((part) => part !== undefined);
  const count = known.reduce((sum, part) => sum + part.count, 0);
  return count === 0 ? undefined : known.reduce((sum, part) => sum + part.mean * part.count, 0) / count;
}

function deal(left: readonly { readonly group: AgentGroup; taken: number }[], wanted: number): readonly AgentGroup[] {
  const dealt: AgentGroup[] = [];
  let open = wanted;
  for (const from of left) {
    const count = Math.min(open, from.group.count - from.taken);
    if (count <= 0) continue;
    dealt.push({ ...from.group, name: `${from.group.name}-from-${from.taken + 1}`, count });
    from.taken += count;
    open -= count;
  }
  return dealt;
}
