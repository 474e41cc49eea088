/** `GET /state-summary`: agents and frameworks with counts of their tasks by state. Source: spec page 03, 3.4. */
import type { JsonObject } from '../../http/legacy-resources.js';
import type { TaskView } from '../core/view.js';
import { describeFrameworkSummary, describeSlave } from './legacy-state.js';
import type { MasterSite } from './site.js';

const COUNTED_STATES = [
  'TASK_STAGING',
  'TASK_STARTING',
  'TASK_RUNNING',
  'TASK_KILLING',
  'TASK_FINISHED',
  'TASK_KILLED',
  'TASK_FAILED',
  'TASK_LOST',
  'TASK_ERROR',
  'TASK_UNREACHABLE',
] as const;

/** Counts of one agent or framework, and who it has to do with. */
class Tally {
  readonly counts = new Map<string, number>(COUNTED_STATES.map((state) => [state, 0]));
  readonly others = new Set<string>();

  add(state: string, other: string): void {
    const count = this.counts.get(state);
    if (count !== undefined) this.counts.set(state, count + 1);
    this.others.add(other);
  }
}

export function describeSummary(site: MasterSite): JsonObject {
  const view = site.view();
  const byAgent = new Map<string, Tally>();
  const byFramework = new Map<string, Tally>();
  const tallyOf = (tallies: Map<string, Tally>, id: string): Tally => {
    const tally = tallies.get(id) ?? new Tally();
    tallies.set(id, tally);
    return tally;
  };
  const count = ({ frameworkId, agentId, message }: TaskView) => {
    tallyOf(byFramework, frameworkId).add(message.state, agentId);
    tallyOf(byAgent, agentId).add(message.state, frameworkId);
  };
  for (const framework of [...view.frameworks.values(), ...view.completedFrameworks.values()]) {
    for (const task of framework.tasks.values()) count(task);
    for (const task of framework.unreachableTasks.values()) count(task);
    for (const task of framework.completedTasks) count(task);
  }
  return {
    hostname: site.masterInfo.hostname,
    ...(site.config.cluster === undefined ? {} : { cluster: site.config.cluster }),
    slaves: Array.from(view.agents.values(), (agent) => {
      const { counts, others } = tallyOf(byAgent, agent.id);
      return { ...describeSlave(agent), ...Object.fromEntries(counts), framework_ids: [...others] };
    }),
    frameworks: Array.from(view.frameworks.values(), (framework) => {
      const { counts, others } = tallyOf(byFramework, framework.id);
      return { ...describeFrameworkSummary(framework), ...Object.fromEntries(counts), slave_ids: [...others] };
    }),
  };
}
