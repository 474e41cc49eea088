/** Short ways to say clusters and frameworks in the simulator's tests. */
import type { FrameworkSpec, RolePolicy, Scenario, SchedulerSpec } from '../../../src/simulator/scenario.js';
import { DEFAULT_OPTIONS, res } from '../offers/fixtures.js';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

export const SCHEDULER: SchedulerSpec = {
  filterMs: 5 * SECOND,
  latencyMs: 0,
  holdMs: 0,
  suppresses: true,
  locality: undefined,
};

export function backlogOf(name: string, task: string, more: Partial<FrameworkSpec> = {}): FrameworkSpec {
  return {
    name,
    group: name,
    role: name,
    capabilities: [],
    startMs: 0,
    endMs: Number.POSITIVE_INFINITY,
    taskResources: res(task),
    taskLengthMs: { kind: 'exponential', mean: MINUTE },
    jobs: { tasks: { kind: 'constant', value: 1 }, stages: 1, parallelism: Number.POSITIVE_INFINITY },
    arrivals: { kind: 'backlog' },
    scheduler: SCHEDULER,
    ...more,
  };
}

/** Jobs of `tasks` tasks that take a minute each, at the given times. */
export function jobsAt(name: string, timesMs: readonly number[], tasks: number, more: Partial<FrameworkSpec> = {}) {
  return backlogOf(name, 'cpus:1;mem:100', {
    taskLengthMs: { kind: 'constant', value: MINUTE },
    jobs: { tasks: { kind: 'constant', value: tasks }, stages: 1, parallelism: Number.POSITIVE_INFINITY },
    arrivals: { kind: 'at', timesMs },
    ...more,
  });
}

export function scenario(frameworks: readonly FrameworkSpec[], more: Partial<Scenario> = {}): Scenario {
  const { seed, ...options } = DEFAULT_OPTIONS;
  return {
    name: 'test',
    seed,
    durationMs: 30 * MINUTE,
    sampleMs: 10 * SECOND,
    agents: [{ name: 'agent', count: 10, resources: res('cpus:4;mem:4000'), attributes: [] }],
    roles: new Map(),
    frameworks,
    policies: { ...options, allocationIntervalMs: SECOND },
    ...more,
  };
}

export function policy(more: {
  readonly weight?: number;
  readonly guarantees?: Readonly<Record<string, number>>;
  readonly limits?: Readonly<Record<string, number>>;
}): RolePolicy {
  return {
    weight: more.weight ?? 1,
    guarantees: new Map(Object.entries(more.guarantees ?? {})),
    limits: new Map(Object.entries(more.limits ?? {})),
  };
}
