/**
 * The life of a task in the master's books: added, updated, removed. Only here do tasks change state, do their resources
 * go back to the allocator, and do they move between live, unreachable and completed. Source: spec page 07, 7.6.
 */
import { assert, present } from '../../../../base/assert.js';
import type { Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { isTerminal } from '../../../../wire/task-state.js';
import type { Context } from '../machine/context.js';
import { ACTIVE_COUNTS, TERMINAL_COUNTS } from '../metrics/framework-counts.js';
import { countTaskEnding } from '../metrics/task-metrics.js';
import type { AgentRecord } from '../model/agent.js';
import { trimOldest } from '../model/bounded-history.js';
import type { FrameworkRecord } from '../model/framework.js';
import { type ExecutorRecord, Holding } from '../model/holding.js';
import type { TaskRecord } from '../model/task.js';
import { publishTaskAdded, publishTaskUpdated } from '../operators/publish.js';
import { tellTask, tellTaskForgotten } from '../watchers/tell.js';
import { touchUsage } from '../watchers/usage.js';

function holdingOf(agent: AgentRecord, framework: FrameworkRecord): Holding {
  const known = agent.holdings.get(framework.id);
  if (known !== undefined) return known;
  const made = new Holding(framework.id, agent.id);
  agent.holdings.set(framework.id, made);
  framework.holdings.set(agent.id, made);
  return made;
}

function dropIfEmpty(agent: AgentRecord, framework: FrameworkRecord, holding: Holding): void {
  if (!holding.isEmpty) return;
  assert(holding.used.isEmpty, 'an empty holding uses nothing');
  agent.holdings.delete(framework.id);
  framework.holdings.delete(agent.id);
}

/** Enters a task whose resources the allocator counts already (reported by a re-registering agent). */
export function addTask(context: Context, framework: FrameworkRecord, agent: AgentRecord, task: TaskRecord): void {
  enterTask(context, framework, agent, task);
  if (task.holdsResources) addUse(framework, agent, task.resources);
}

/** As `addTask`, but for its use, which is entered by `addUse` before anybody looks: for many tasks at once. */
export function enterTask(context: Context, framework: FrameworkRecord, agent: AgentRecord, task: TaskRecord): void {
  assert(!framework.tasks.has(task.id), 'a task id is live once');
  const holding = holdingOf(agent, framework);
  framework.tasks.set(task.id, task);
  holding.tasks.set(task.id, task);
  task.place = 'live';
  task.holdsResources = !task.isTerminal;
  countLive(context, framework, task.state, 1);
  publishTaskAdded(context, task);
  tellTask(context, task);
  touchUsage(context, framework.id, agent.id);
}

/** Of tasks that were entered on the agent. */
export function addUse(framework: FrameworkRecord, agent: AgentRecord, resources: Resources): void {
  const holding = present(agent.holdings.get(framework.id), 'a task has a holding');
  changeUse(framework, holding, resources, 1);
}

function countLive(context: Context, framework: FrameworkRecord, state: mesos.TaskState, by: 1 | -1): void {
  context.state.countTask(state, by);
  framework.count(ACTIVE_COUNTS.get(state), by);
}

/** A shared volume counts once, however many use it. */
function changeUse(framework: FrameworkRecord, holding: Holding, resources: Resources, sign: 1 | -1): void {
  const { hasShared } = resources;
  if (hasShared) framework.allocatedTally.subtract(holding.used.shared());
  holding.used = sign === 1 ? holding.used.add(resources) : holding.used.subtract(resources);
  if (sign === 1) framework.allocatedTally.add(resources.nonShared());
  else framework.allocatedTally.subtract(resources.nonShared());
  if (hasShared) framework.allocatedTally.add(holding.used.shared());
}

/** Enters an executor whose resources the allocator counts already. */
export function addExecutor(
  context: Context,
  framework: FrameworkRecord,
  agent: AgentRecord,
  executor: ExecutorRecord,
): void {
  const holding = holdingOf(agent, framework);
  assert(!holding.executors.has(executor.id), 'an executor id is live once on an agent');
  holding.executors.set(executor.id, executor);
  changeUse(framework, holding, executor.resources, 1);
  touchUsage(context, framework.id, agent.id);
}

/** Its resources go back and may be offered at once. */
export function removeExecutor(
  context: Context,
  framework: FrameworkRecord,
  agent: AgentRecord,
  executor: ExecutorRecord,
): void {
  const holding = present(agent.holdings.get(framework.id), 'an executor has a holding');
  assert(holding.executors.delete(executor.id), 'the executor is known');
  changeUse(framework, holding, executor.resources, -1);
  touchUsage(context, framework.id, agent.id);
  giveBack(context, framework.id, agent.id, executor.resources);
  dropIfEmpty(agent, framework, holding);
}

/**
 * Takes in a status: `latestState` is the newest state the agent knows, which may be ahead of the update that is being
 * delivered. A terminal state is final. Returns whether the task ended by this.
 */
export function updateTask(
  context: Context,
  framework: FrameworkRecord,
  task: TaskRecord,
  status: mesos.TaskStatus,
  latestState: mesos.TaskState = status.state,
): boolean {
  const before = task.state;
  const wasTerminal = task.isTerminal;
  const next = wasTerminal ? before : latestState;
  const previous = task.lastStatus;
  const isNews = next !== before || previous?.state !== status.state || checksChanged(previous, status);
  if (next !== before) {
    countLive(context, framework, before, -1);
    countLive(context, framework, next, 1);
    task.setState(next, context.now.unixMs);
  }
  if (status.uuid !== undefined) task.setForwarded(status.state, status.uuid);
  task.recordStatus(status);
  if (isTerminal(next) || next === 'TASK_UNREACHABLE') releaseResources(context, framework, task);
  if (isNews) publishTaskUpdated(context, task, status);
  tellTask(context, task);
  const ended = !wasTerminal && isTerminal(next);
  if (ended) {
    countTaskEnding(context, { ...status, state: next });
    framework.count(TERMINAL_COUNTS.get(next));
    touchUsage(context, framework.id, task.agentId);
  }
  return ended;
}

function checksChanged(before: mesos.TaskStatus | undefined, status: mesos.TaskStatus): boolean {
  return before?.healthy !== status.healthy || status.reason === 'REASON_TASK_CHECK_STATUS_UPDATED';
}

function releaseResources(context: Context, framework: FrameworkRecord, task: TaskRecord): void {
  if (!task.holdsResources) return;
  task.holdsResources = false;
  const holding = present(framework.holdings.get(task.agentId), 'a task that holds resources has a holding');
  changeUse(framework, holding, task.resources, -1);
  touchUsage(context, framework.id, task.agentId);
  giveBack(context, framework.id, task.agentId, task.resources);
}

function giveBack(context: Context, frameworkId: string, agentId: string, resources: TaskRecord['resources']): void {
  if (resources.isEmpty) return;
  context.allocator.recoverResources({ frameworkId, agentId, resources, allocated: true });
  context.allocation.requestNow(context.now.monotonicMs, agentId);
}

/** Out of the live books; the caller says where to. What it still holds goes back. */
function removeTask(context: Context, framework: FrameworkRecord, task: TaskRecord): void {
  const agent = present(context.state.agents.get(task.agentId), 'a live task has an agent');
  const holding = present(agent.holdings.get(framework.id), 'a live task has a holding');
  releaseResources(context, framework, task);
  assert(framework.tasks.delete(task.id), 'the task is live');
  holding.tasks.delete(task.id);
  dropIfEmpty(agent, framework, holding);
  forgetKill(agent, task);
  if (agent.deactivation?.drain?.state === 'DRAINING') context.state.maybeDrained.add(agent.id);
  countLive(context, framework, task.state, -1);
  touchUsage(context, framework.id, agent.id);
}

/** Live to completed. */
export function completeTask(context: Context, framework: FrameworkRecord, task: TaskRecord): void {
  removeTask(context, framework, task);
  retireTask(context, framework, task);
}

/** Into the history of a framework; the task is in no other book. */
export function retireTask(context: Context, framework: FrameworkRecord, task: TaskRecord): void {
  task.place = 'completed';
  const forgotten = framework.completedTasks.push(task);
  tellTask(context, task);
  if (forgotten !== undefined) forgetTask(context, framework, forgotten);
}

/** It is in no book any more. */
export function forgetTask(context: Context, framework: FrameworkRecord, task: TaskRecord): void {
  task.place = 'forgotten';
  tellTaskForgotten(context, framework, task);
}

/** Live to unreachable, bounded. The agent may bring it back. */
export function shelveTask(context: Context, framework: FrameworkRecord, task: TaskRecord): void {
  removeTask(context, framework, task);
  task.place = 'unreachable';
  framework.unreachableTasks.set(task.id, task);
  tellTask(context, task);
  const { shelved } = context.state;
  const ofAgent = shelved.get(task.agentId);
  if (ofAgent === undefined) shelved.set(task.agentId, new Set([task]));
  else ofAgent.add(task);
  const dropped = trimOldest(framework.unreachableTasks, context.config.maxUnreachableTasksPerFramework);
  for (const oldest of dropped) {
    forgetShelved(context, oldest);
    forgetTask(context, framework, oldest);
  }
}

/** Out of the unreachable tasks; the caller says where to. Does nothing for an id that is not among them. */
export function unshelveTask(context: Context, framework: FrameworkRecord, taskId: string): void {
  const task = framework.unreachableTasks.get(taskId);
  if (task === undefined) return;
  framework.unreachableTasks.delete(taskId);
  task.place = 'forgotten';
  forgetShelved(context, task);
}

function forgetShelved({ state }: Context, task: TaskRecord): void {
  const ofAgent = state.shelved.get(task.agentId);
  if (ofAgent?.delete(task) === true && ofAgent.size === 0) state.shelved.delete(task.agentId);
}

export function forgetKill(agent: AgentRecord, task: TaskRecord): void {
  const kills = agent.pendingKills.get(task.frameworkId);
  if (kills?.delete(task.id) === true && kills.size === 0) agent.pendingKills.delete(task.frameworkId);
}
