/**
 * The end of a framework: torn down, or away for longer than its failover_timeout. Its tombstone is durable before
 * anything is killed; then its tasks end in the books without updates, one per unit of sliced work, and the agents that
 * run something of it are told. Source: spec page 01 ("Removal"), page 07, section 7.5.
 */
import { present } from '../../../../base/assert.js';
import { isDetachedLaunch } from '../../../../wire/launch-label.js';
import { sendToAgent } from '../agents/send.js';
import { MAX_FAILOVER_TIMEOUT_SECONDS, MAX_TOMBSTONES, MIN_GRACE_MS } from '../limits.js';
import type { Context } from '../machine/context.js';
import { trimOldest } from '../model/bounded-history.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { TaskRecord } from '../model/task.js';
import { discardInverseOffer } from '../offers/inverse-offer-book.js';
import { discardOffer } from '../offers/offer-book.js';
import { abandonOperations } from '../operations/book.js';
import { publishFrameworkRemoved } from '../operators/publish.js';
import { timeInfo } from '../snapshot.js';
import { masterStatus } from '../tasks/status.js';
import { completeTask, removeExecutor, retireTask, unshelveTask, updateTask } from '../tasks/tasks.js';
import { tellFramework, tellFrameworkRemoved, tellTaskRemoved } from '../watchers/tell.js';
import { touchSums } from '../watchers/usage.js';
import { detach } from './lifecycle.js';
import { frameworkTurn } from './registration.js';

export type RemovalReason = 'teardown' | 'failover-timeout';

/** `answer` gets whether the framework is being removed by this; false: it is gone, or no longer to be removed. */
export function removeFramework(
  context: Context,
  framework: FrameworkRecord,
  reason: RemovalReason,
  answer: (removed: boolean) => void,
): void {
  context.turns.take(frameworkTurn(framework.id), (done) => {
    const isCurrent = context.state.frameworks.get(framework.id) === framework;
    if (!isCurrent || (reason === 'failover-timeout' && framework.connected)) {
      answer(false);
      done();
      return;
    }
    const removed = { framework_id: { value: framework.id }, removed_at: timeInfo(context.now.unixMs) };
    context.registry.propose({ remove_framework: removed }, (result) => {
      if (!result.ok) {
        const fields = { frameworkId: framework.id, reason: result.message };
        context.outbox.log('error', 'registry refused the removal of a framework', fields);
        answer(false);
        done();
        return;
      }
      context.outbox.log('info', 'framework removed', { frameworkId: framework.id, reason });
      begin(context, framework);
      context.jobs.add(finish(context, framework, reason, done));
      answer(true);
    });
  });
}

function begin(context: Context, framework: FrameworkRecord): void {
  const { state } = context;
  framework.removing = true;
  state.registeredFrameworks.delete(framework.id);
  addTombstone(context, framework.id);
  context.timers.cancel(framework.failoverTimer);
  if (framework.stream !== undefined) context.outbox.closeStream(framework.stream.connectionId);
  detach(context, framework);
  for (const offer of framework.offers.values()) discardOffer(context, offer, { outcome: 'RETURNED' });
  for (const offer of framework.inverseOffers.values()) discardInverseOffer(context, offer);
  context.allocator.deactivateFramework(framework.id);
  context.allocation.requestAtInterval(context.now.monotonicMs);
  tellFramework(context, framework, 'CHANGED');
  touchSums(context);
  for (const agentId of framework.holdings.keys()) {
    const agent = present(state.agents.get(agentId), 'a holding has an agent');
    sendToAgent(context, agent, { shutdown_framework: { framework_id: { value: framework.id } } });
  }
}

function* finish(
  context: Context,
  framework: FrameworkRecord,
  reason: RemovalReason,
  done: () => void,
): Generator<void, void> {
  for (const task of framework.tasks.values()) {
    if (!task.isTerminal) killInBooks(context, framework, task);
    completeTask(context, framework, task);
    yield;
  }
  for (const task of framework.unreachableTasks.values()) {
    unshelveTask(context, framework, task.id);
    killInBooks(context, framework, task);
    retireTask(context, framework, task);
    yield;
  }
  for (const executor of framework.executors) {
    const agent = present(context.state.agents.get(executor.agentId), 'an executor has an agent');
    removeExecutor(context, framework, agent, executor);
  }
  close(context, framework, reason);
  done();
}

/** An unreachable task is not in the counts of live states, so only its record changes. */
function killInBooks(context: Context, framework: FrameworkRecord, task: TaskRecord): void {
  const status = masterStatus(context, {
    taskId: task.id,
    agentId: task.agentId,
    executorId: task.message.executor_id,
    state: 'TASK_KILLED',
    reason: 'REASON_FRAMEWORK_REMOVED',
    message: 'the framework was removed',
  });
  if (framework.tasks.has(task.id)) {
    updateTask(context, framework, task, status);
    return;
  }
  if (!task.isTerminal) task.setState('TASK_KILLED', context.now.unixMs);
  task.recordStatus(status);
}

function close(context: Context, framework: FrameworkRecord, reason: RemovalReason): void {
  const { state, config } = context;
  abandonOperations(context, framework);
  context.allocator.removeFramework(framework.id);
  state.frameworks.delete(framework.id);
  framework.unregisteredAtUnixMs = context.now.unixMs;
  state.completedFrameworks.set(framework.id, framework);
  publishFrameworkRemoved(context, framework);
  tellFrameworkRemoved(context, framework, reason === 'teardown' ? 'TEARDOWN' : 'FAILOVER_TIMEOUT');
  tellFramework(context, framework, 'CHANGED');
  for (const oldest of trimOldest(state.completedFrameworks, config.maxCompletedFrameworks)) forget(context, oldest);
}

/** A completed framework leaves the history, with its tasks. */
function forget(context: Context, framework: FrameworkRecord): void {
  for (const task of framework.completedTasks) task.place = 'forgotten';
  for (const task of framework.completedTasks) tellTaskRemoved(context, task);
  tellFrameworkRemoved(context, framework, 'FORGOTTEN');
}

export function addTombstone(context: Context, frameworkId: string): void {
  const { tombstones } = context.state;
  tombstones.add(frameworkId);
  for (const oldest of tombstones) {
    if (tombstones.size <= MAX_TOMBSTONES) break;
    tombstones.delete(oldest);
  }
}

/** Milliseconds a framework may be away, by its own wish. */
export function failoverTimeoutMs(framework: FrameworkRecord): number {
  const seconds = framework.info.failover_timeout ?? 0;
  return Math.min(Math.max(seconds, 0), MAX_FAILOVER_TIMEOUT_SECONDS) * 1000;
}

/** Removes the framework unless it is back within `graceMs`. */
export function awaitReturn(context: Context, framework: FrameworkRecord, graceMs: number): void {
  context.timers.cancel(framework.failoverTimer);
  framework.removalAtUnixMs = context.now.unixMs + graceMs;
  framework.failoverTimer = context.after(graceMs, () => {
    framework.failoverTimer = undefined;
    removeFramework(context, framework, 'failover-timeout', () => undefined);
  });
}

/**
 * To be called when a task ended. Nobody comes back for the last update of a task that was left alone on purpose, and agents would
 * keep it, and drains wait for it, for the year that such a framework may be away. Repeated updates do not put the end off.
 */
export function endWhatWasDetached(context: Context, framework: FrameworkRecord): void {
  if (framework.connected || framework.removing || !isDetachedLaunch(framework.info.labels)) return;
  const isOver =
    framework.unreachableTasks.size === 0 && [...framework.tasks.values()].every((task) => task.isTerminal);
  const endsSoon = (framework.removalAtUnixMs ?? Number.POSITIVE_INFINITY) <= context.now.unixMs + MIN_GRACE_MS;
  if (isOver && !endsSoon) awaitReturn(context, framework, MIN_GRACE_MS);
}
