/** A scenario made of a few flags, for a first look without a file: agents that are alike, frameworks that share by DRF. Pure. */
import { parseDuration } from '../../base/duration.js';
import { isRejection } from '../../base/rejection.js';
import { Resources } from '../../offers/resources/resources.js';
import type { RawScenario } from './read-scenario.js';

export interface GeneratorFlags {
  readonly agents?: number | undefined;
  readonly 'agent-resources'?: string | undefined;
  readonly frameworks?: number | undefined;
  readonly 'task-resources'?: string | undefined;
  readonly 'task-length'?: string | undefined;
  readonly load?: number | undefined;
}

/** What flags say that only concern a generated scenario. */
export const GENERATOR_FLAGS = [
  'agents',
  'agent-resources',
  'frameworks',
  'task-resources',
  'task-length',
  'load',
] as const satisfies readonly (keyof GeneratorFlags)[];

const DEFAULT_AGENTS = 100;
const DEFAULT_FRAMEWORKS = 4;
const DEFAULT_AGENT_RESOURCES = 'cpus:8;mem:32768';
const DEFAULT_TASK_RESOURCES = 'cpus:1;mem:2048';
const DEFAULT_TASK_LENGTH = '10mins';

export function generateScenario(flags: GeneratorFlags): RawScenario {
  const { agents = DEFAULT_AGENTS, frameworks = DEFAULT_FRAMEWORKS } = flags;
  const document = {
    name: 'generated',
    agents: [{ name: 'agent', count: agents, resources: flags['agent-resources'] ?? DEFAULT_AGENT_RESOURCES }],
    frameworks: Array.from({ length: frameworks }, (_, i) => ({
      name: `framework-${i + 1}`,
      tasks: {
        resources: flags['task-resources'] ?? DEFAULT_TASK_RESOURCES,
        length: { exponential: flags['task-length'] ?? DEFAULT_TASK_LENGTH },
      },
      ...arrivalsFor(flags.load, agents, frameworks, flags),
    })),
  };
  return { document, source: { file: undefined, lineOf: () => undefined }, directory: '.' };
}

/** Tasks come one by one, so often that they would use `percent` of the cluster; undefined: there are always more. */
function arrivalsFor(percent: number | undefined, agents: number, frameworks: number, flags: GeneratorFlags): object {
  if (percent === undefined) return {};
  const agent = Resources.parse(flags['agent-resources'] ?? DEFAULT_AGENT_RESOURCES);
  const task = Resources.parse(flags['task-resources'] ?? DEFAULT_TASK_RESOURCES);
  const lengthMs = parseDuration(flags['task-length'] ?? DEFAULT_TASK_LENGTH);
  // Of what cannot be read the check of the scenario says so.
  if (isRejection(agent) || isRejection(task) || isRejection(lengthMs)) return {};
  const slots =
    agents * Math.min(...task.entries.map(({ kind, milli }) => Math.floor(agent.scalarMilli(kind.name) / milli)));
  if (!(slots > 0)) return {};
  const gapMs = (lengthMs * frameworks) / ((percent / 100) * slots);
  return { arrivals: { poisson: { every: gapMs / 1000 } } };
}
