/**
 * Enters an agent into the books with everything it runs. Executors and live tasks of known frameworks are counted as
 * allocated before the allocator sees the agent; frameworks nobody knows yet come from the agent's report, and what
 * belongs to a removed framework is not entered but shut down. Source: spec page 07, sections 7.3 and 7.4.
 */
import { Resources } from '../../../../offers/resources/resources.js';
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import { addRecoveredFramework } from '../frameworks/lifecycle.js';
import type { Context } from '../machine/context.js';
import { type AgentFacts, AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { ExecutorRecord } from '../model/holding.js';
import type { TaskRecord } from '../model/task.js';
import { enterReported, totalWithOperations } from '../operations/book.js';
import { publishAgentAdded } from '../operators/publish.js';
import { countReturn } from '../registry/offer-hold.js';
import { addExecutor, addTask, unshelveTask } from '../tasks/tasks.js';
import { moveAddress } from './channels.js';
import { watchAgent } from './liveness.js';
import { reportedExecutor, reportedTask } from './report.js';

type Report = Pick<link.Reregister, 'tasks' | 'executor_infos' | 'frameworks' | 'operations'>;

export interface Admitted {
  readonly agent: AgentRecord;
  readonly tasks: readonly TaskRecord[];
  /** Reported tasks whose id is live elsewhere by now: they have to be killed. */
  readonly superseded: readonly link.KillTask[];
}

/** The agent is not connected yet. `report` is empty for a new agent. */
export function enterAgent(context: Context, agentId: string, facts: AgentFacts, report: Report): Admitted {
  const { state } = context;
  const agent = new AgentRecord(agentId, facts, context.now.unixMs);
  agent.deactivation = state.deactivatedAgents.get(agentId);
  state.agents.set(agentId, agent);
  state.recoveredAgents.delete(agentId);
  state.unreachableAgents.delete(agentId);
  state.lostAgents.delete(agentId);
  moveAddress(context, agent, facts.address);
  adoptFrameworks(context, report);
  enterReported(context, agent, report.operations ?? []);
  agent.setTotal(totalWithOperations(agent, facts.total));
  const executors = executorsOf(context, agentId, report);
  const { tasks, superseded } = tasksOf(context, report);
  const { info, capabilitySet: capabilities, total } = agent;
  context.allocator.addAgent({ id: agentId, info, capabilities, total, used: usedBy(executors, tasks) });
  // Offered only once it is connected, if at all.
  context.allocator.deactivateAgent(agentId);
  for (const [framework, executor] of executors) addExecutor(context, framework, agent, executor);
  for (const [framework, task] of tasks) {
    unshelveTask(context, framework, task.id);
    addTask(context, framework, agent, task);
  }
  countReturn(context);
  watchAgent(context, agent);
  publishAgentAdded(context, agent);
  return { agent, tasks: tasks.map(([, task]) => task), superseded };
}

/** Frameworks that only agents remember: nothing is ever killed because a registration is absent. */
export function adoptFrameworks(context: Context, report: Report): void {
  const { frameworks, tombstones } = context.state;
  for (const info of report.frameworks ?? []) {
    const id = info.id?.value;
    if (id === undefined || frameworks.has(id) || tombstones.has(id)) continue;
    addRecoveredFramework(context, { info, suppressedRoles: new Set(), offerConstraints: undefined }, id);
  }
}

function executorsOf(context: Context, agentId: string, report: Report): [FrameworkRecord, ExecutorRecord][] {
  const found: [FrameworkRecord, ExecutorRecord][] = [];
  for (const info of report.executor_infos ?? []) {
    const framework = livingFramework(context, info.framework_id?.value);
    const executor = framework === undefined ? undefined : reportedExecutor(info, framework.id, agentId);
    if (framework !== undefined && executor !== undefined) found.push([framework, executor]);
    else context.outbox.log('warn', 'reported executor not entered', { agentId, executorId: info.executor_id.value });
  }
  return found;
}

function tasksOf(context: Context, report: Report) {
  const tasks: [FrameworkRecord, TaskRecord][] = [];
  const superseded: link.KillTask[] = [];
  for (const message of report.tasks ?? []) {
    const { framework_id, task_id } = message;
    const framework = livingFramework(context, framework_id.value);
    const task = framework === undefined ? undefined : reportedTask(message);
    const fields = { frameworkId: framework_id.value, taskId: task_id.value };
    if (framework === undefined || task === undefined) context.outbox.log('warn', 'reported task not entered', fields);
    else if (framework.tasks.has(task.id)) {
      superseded.push({ framework_id, task_id });
      context.outbox.log('error', 'reported task is live on another agent', fields);
    } else tasks.push([framework, task]);
  }
  return { tasks, superseded };
}

/** A framework whose removal has begun takes in nothing any more. */
export function livingFramework(context: Context, frameworkId: string | undefined): FrameworkRecord | undefined {
  const framework = context.state.frameworks.get(frameworkId ?? '');
  return framework?.removing === true ? undefined : framework;
}

function usedBy(
  executors: readonly [FrameworkRecord, ExecutorRecord][],
  tasks: readonly [FrameworkRecord, TaskRecord][],
): ReadonlyMap<string, Resources> {
  const parts = new Map<string, Resources[]>();
  const add = (frameworkId: string, resources: Resources) => {
    const known = parts.get(frameworkId);
    if (known === undefined) parts.set(frameworkId, [resources]);
    else known.push(resources);
  };
  for (const [framework, { resources }] of executors) add(framework.id, resources);
  for (const [framework, task] of tasks) if (!task.isTerminal) add(framework.id, task.resources);
  return new Map(Array.from(parts, ([frameworkId, list]) => [frameworkId, Resources.sum(list)]));
}
