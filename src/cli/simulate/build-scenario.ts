/**
 * From the checked document to the scenario that the simulator takes: copies of frameworks get their names, recorded work is
 * filled in, and what only shows when parts are seen together is refused. Pure: files were read before.
 */
import { isRejection } from '../../base/rejection.js';
import { Resources } from '../../offers/resources/resources.js';
import type { Distribution } from '../../simulator/distribution.js';
import type { Partition } from '../../simulator/partitions.js';
import type {
  AgentGroup,
  Arrivals,
  FrameworkSpec,
  RecordedJob,
  RolePolicy,
  Scenario,
} from '../../simulator/scenario.js';
import type { TraceRow } from './recorded-trace.js';
import { type Complaint, type FieldPath, type ScenarioSource, scenarioError } from './scenario-error.js';
import type { DistributionDocument, JobSizeDocument, ScenarioDocument } from './scenario-schema.js';

type FrameworkDocument = ScenarioDocument['frameworks'][number];

/** Rows of the files that the document names, by their names in it. */
export type Traces = ReadonlyMap<string, readonly TraceRow[]>;

export interface BuiltScenario {
  readonly scenario: Scenario;
  readonly description: string | undefined;
  /** Static partitions to compare with; none: no comparison. */
  readonly partitions: readonly Partition[];
}

/** Points of a series when nobody says how far apart they are. */
const DEFAULT_POINTS = 240;
const MAX_POINTS = 100_000;

/** Throws BAD_INPUT with the paths of the fields. */
export function buildScenario(document: ScenarioDocument, traces: Traces, source: ScenarioSource): BuiltScenario {
  const complaints: Complaint[] = [];
  const complain = (path: FieldPath, message: string) => complaints.push({ path, message });
  const { duration, sample_interval = duration / DEFAULT_POINTS } = document;
  if (duration / sample_interval > MAX_POINTS)
    complain(['sample_interval'], `more than ${MAX_POINTS} points; take a longer one`);
  const agents = document.agents.map(agentGroup);
  complainAboutTwins(agents, 'agents', complain);
  const specs = document.frameworks.map((framework, i) => checked(framework, i, complain));
  const frameworks = specs.flatMap((framework, i) => frameworkSpecs(framework, traces, ['frameworks', i], complain));
  complainAboutTwins(frameworks, 'frameworks', complain);
  const partitions = partitionsOf(document, frameworks, complain);
  const policies = policiesOf(document, complain);
  if (complaints.length > 0) throw scenarioError(complaints, source);
  const scenario = {
    name: document.name ?? 'scenario',
    seed: document.seed,
    durationMs: duration,
    sampleMs: sample_interval,
    agents,
    roles: rolePolicies(document),
    frameworks,
    policies,
  };
  return { scenario, description: document.description, partitions };
}

type Complain = (path: FieldPath, message: string) => void;

function agentGroup({ name, count, resources, attributes }: ScenarioDocument['agents'][number], i: number): AgentGroup {
  return { name: name ?? (i === 0 ? 'agent' : `agent-${i + 1}`), count, resources, attributes: attributes ?? [] };
}

function complainAboutTwins(
  things: readonly { readonly name: string }[],
  field: 'agents' | 'frameworks',
  complain: Complain,
): void {
  const seen = new Set<string>();
  for (const { name } of things) {
    if (seen.has(name)) complain([field], `two of them are called "${name}"`);
    seen.add(name);
  }
}

function checked(framework: FrameworkDocument, i: number, complain: Complain): FrameworkDocument {
  const path = ['frameworks', i];
  const { arrivals, jobs, scheduler, start, end } = framework;
  const isBacklog = arrivals === undefined || arrivals.backlog === true;
  if (isBacklog && scheduler.locality !== undefined)
    complain(
      [...path, 'arrivals'],
      'tasks with a preferred place come in jobs with an end; take back_to_back or poisson',
    );
  if (isBacklog && (jobs.tasks !== undefined || jobs.stages > 1))
    complain([...path, 'jobs'], 'a backlog has no jobs with an end; take back_to_back');
  if (end !== undefined && end <= start) complain([...path, 'end'], 'it is not after start');
  return framework;
}

function frameworkSpecs(
  framework: FrameworkDocument,
  traces: Traces,
  path: FieldPath,
  complain: Complain,
): readonly FrameworkSpec[] {
  const { name, count, jobs, scheduler, tasks } = framework;
  const spec: Omit<FrameworkSpec, 'name'> = {
    group: name,
    role: framework.role ?? name,
    capabilities: framework.capabilities,
    startMs: framework.start,
    endMs: framework.end ?? Number.POSITIVE_INFINITY,
    taskResources: tasks.resources,
    taskLengthMs: distributionOf(tasks.length, traces),
    jobs: {
      tasks: distributionOf(jobs.tasks ?? { constant: 1 }, traces),
      stages: jobs.stages,
      parallelism: jobs.parallelism ?? Number.POSITIVE_INFINITY,
    },
    arrivals: arrivalsOf(framework, traces),
    scheduler: {
      filterMs: scheduler.decline_filter,
      latencyMs: scheduler.latency,
      holdMs: scheduler.hold,
      suppresses: scheduler.suppress,
      locality: localityOf(scheduler.locality),
    },
  };
  if (framework.role === undefined && count > 1 && name.includes('/'))
    complain([...path, 'name'], 'a name with a slash needs a role');
  return Array.from({ length: count }, (_, i) => ({ ...spec, name: count === 1 ? name : `${name}-${i + 1}` }));
}

function localityOf(document: FrameworkDocument['scheduler']['locality']): FrameworkSpec['scheduler']['locality'] {
  if (document === undefined) return undefined;
  return { replicas: document.replicas, delayMs: document.delay, remoteFactor: document.remote_factor };
}

function distributionOf(document: DistributionDocument | JobSizeDocument, traces: Traces): Distribution {
  const { constant, uniform, exponential, normal, lognormal, recorded } = document;
  if (constant !== undefined) return { kind: 'constant', value: constant };
  if (uniform !== undefined) return { kind: 'uniform', ...uniform };
  if (exponential !== undefined) return { kind: 'exponential', mean: exponential };
  if (normal !== undefined) return { kind: 'normal', ...normal };
  if (lognormal !== undefined) return { kind: 'lognormal', ...lognormal };
  if (typeof recorded !== 'string') return { kind: 'recorded', values: recorded ?? [] };
  return { kind: 'recorded', values: (traces.get(recorded) ?? []).map(({ length = 0 }) => length) };
}

function arrivalsOf({ arrivals }: FrameworkDocument, traces: Traces): Arrivals {
  const { poisson, fixed, at, back_to_back, recorded } = arrivals ?? {};
  const limitOf = (limit: number | undefined) => limit ?? Number.POSITIVE_INFINITY;
  if (poisson !== undefined) return { kind: 'poisson', meanGapMs: poisson.every, limit: limitOf(poisson.limit) };
  if (fixed !== undefined) return { kind: 'fixed', everyMs: fixed.every, limit: limitOf(fixed.limit) };
  if (at !== undefined) return { kind: 'at', timesMs: at };
  if (back_to_back !== undefined)
    return { kind: 'back-to-back', pauseMs: back_to_back.pause, limit: limitOf(back_to_back.limit) };
  if (recorded === undefined) return { kind: 'backlog' };
  const jobs = typeof recorded === 'string' ? (traces.get(recorded) ?? []) : recorded;
  return { kind: 'recorded', jobs: jobs.map(recordedJob) };
}

function recordedJob({ at = 0, tasks = 1, length, resources }: TraceRow): RecordedJob {
  return { atMs: at, tasks, lengthMs: length, resources };
}

function rolePolicies(document: ScenarioDocument): ReadonlyMap<string, RolePolicy> {
  return new Map(
    Object.entries(document.roles).map(([role, { weight, guarantees, limits }]) => [
      role,
      { weight, guarantees: new Map(Object.entries(guarantees)), limits: new Map(Object.entries(limits)) },
    ]),
  );
}

function policiesOf({ policies }: ScenarioDocument, complain: Complain): Scenario['policies'] {
  const minAllocatable = policies.min_allocatable_resources
    .split('|')
    .filter((text) => text.trim() !== '')
    .map((text) => Resources.parse(text));
  for (const invalid of minAllocatable.filter(isRejection))
    complain(['policies', 'min_allocatable_resources'], invalid.message);
  return {
    minAllocatable: minAllocatable.filter((own): own is Resources => !isRejection(own)),
    roleSorter: policies.role_sorter,
    frameworkSorter: policies.framework_sorter,
    excludedResourceNames: new Set(policies.fair_sharing_excluded_resource_names),
    filterGpuResources: policies.filter_gpu_resources,
    allocationIntervalMs: policies.allocation_interval,
    maxOffersPerFramework: policies.max_offers_per_framework,
    maxOfferFraction: policies.max_offer_fraction,
    rescindHeldOffersAfterMs: policies.rescind_held_offers_after,
  };
}

function partitionsOf(
  { compare_partitions = [], agents }: ScenarioDocument,
  frameworks: readonly FrameworkSpec[],
  complain: Complain,
): readonly Partition[] {
  const groups = new Set(frameworks.map(({ group }) => group));
  const placed = new Set<string>();
  compare_partitions.forEach((partition, i) => {
    for (const name of partition.frameworks) {
      const path = ['compare_partitions', i, 'frameworks'];
      if (!groups.has(name)) complain(path, `there is no framework "${name}"`);
      if (placed.has(name)) complain(path, `"${name}" is in two partitions`);
      placed.add(name);
    }
  });
  if (compare_partitions.length === 0) return [];
  for (const group of groups)
    if (!placed.has(group)) complain(['compare_partitions'], `"${group}" is in none of the partitions`);
  const wanted = compare_partitions.reduce((sum, partition) => sum + partition.agents, 0);
  const there = agents.reduce((sum, { count }) => sum + count, 0);
  if (wanted !== there)
    complain(['compare_partitions'], `the partitions have ${wanted} agents, the cluster has ${there}`);
  return compare_partitions;
}
