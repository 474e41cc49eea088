/**
 * The first step of a core: takes over what an earlier agent process checkpointed. A running container is taken over, an
 * ended one reported with its true status; a task whose first instruction never ran is launched again, because it can be
 * (architecture, section 4; spec page 08, section 8.2).
 *
 * Invariant: every task of the checkpoint comes out live, or ended with a terminal update pending, or is forgotten with
 * its framework.
 */
import type * as checkpoint from '../../../wire/gen/mesoctl-checkpoint.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import { isTerminal } from '../../../wire/task-state.js';
import { saveAgent } from './context.js';
import { resumeDrain } from './draining/drain.js';
import type { Machine } from './machine.js';
import { createFramework, type FrameworkRecord } from './model/framework.js';
import { fromCheckpointTask, type TaskRun } from './model/task-run.js';
import type { CheckpointState, ContainerFate } from './protocol.js';
import { becomeRunning } from './tasks/containers.js';
import { neverBegan, outcomeOfLostContainer, outcomeOfTermination } from './tasks/ending.js';
import { completeRun, endRun } from './tasks/finish.js';
import { armCompletion, launchAgain } from './tasks/launch.js';
import { endTasksOf } from './tasks/orders.js';

interface Recovery {
  readonly fates: ReadonlyMap<string, ContainerFate>;
  readonly checkpointed: ReadonlySet<string>;
  readonly rebooted: boolean;
}

export function recover(machine: Machine, state: CheckpointState, fates: ReadonlyMap<string, ContainerFate>): void {
  recoverAgent(machine, state.agent);
  machine.operations.recover(state);
  for (const { framework_info: info } of state.frameworks) {
    const id = info.id?.value ?? '';
    machine.state.frameworks.set(id, createFramework(id, info));
  }
  const runs = recoverRuns(machine, state);
  recoverUpdates(machine, state.updates);
  const recovery: Recovery = {
    fates,
    checkpointed: new Set(state.containers.map((container) => container.container_id.value)),
    rebooted: state.agent !== undefined && state.agent.boot_id !== machine.options.bootId,
  };
  for (const run of runs) recoverRun(machine, run, recovery);
  for (const framework of [...machine.state.frameworks.values()])
    if (framework.terminating) endTasksOf(machine, framework);
  resumeDrain(machine);
  forgetEmptyFrameworks(machine);
  saveAgent(machine);
  machine.state.recovered = true;
  machine.out.log('info', 'recovered', {
    agentId: machine.state.agentInfo.id?.value,
    tasks: runs.length,
    pendingUpdates: state.updates.length,
    operations: state.operations.length,
    rebooted: recovery.rebooted,
  });
}

function recoverAgent({ options, state }: Machine, agent: checkpoint.Agent | undefined): void {
  const id = agent?.agent_info.id;
  state.agentInfo = id === undefined ? options.agentInfo : { ...options.agentInfo, id };
  state.clusterId = agent?.cluster_id;
  state.highestTerm = Number(agent?.highest_term ?? 0);
  const config = agent?.drain_config;
  if (config !== undefined)
    state.drain = { config, startedAtMs: Number(agent?.drain_started_at_ms ?? 0), confirmed: false };
}

function recoverRuns({ state }: Machine, { tasks }: CheckpointState): readonly TaskRun[] {
  return tasks.map((task) => {
    const run = fromCheckpointTask(task);
    const framework = state.frameworks.get(run.frameworkId) ?? rebuildFramework(state.frameworks, run.frameworkId);
    framework.tasks.set(run.taskId, run);
    if (run.kill?.cause === 'FRAMEWORK_REMOVED') framework.terminating = true;
    return run;
  });
}

// Rows of a framework and of its tasks share transactions, so this is never needed; it is cheaper than losing a task.
function rebuildFramework(frameworks: Map<string, FrameworkRecord>, id: string): FrameworkRecord {
  const framework = createFramework(id, { user: 'root', name: id, id: { value: id } });
  frameworks.set(id, framework);
  return framework;
}

function recoverUpdates({ out, state, streams }: Machine, updates: readonly checkpoint.PendingUpdate[]): void {
  for (const update of updates) {
    const frameworkId = update.framework_id.value;
    const taskId = update.status.task_id.value;
    const framework = state.frameworks.get(frameworkId);
    const run = framework?.tasks.get(taskId);
    // Of a framework that was removed: nobody waits for it, and it goes with its task.
    if (framework?.terminating === true && run !== undefined) continue;
    if (run !== undefined) streams.restore(update, newestState(run, update.status.state));
    else out.persist({ kind: 'remove-update', frameworkId, taskId, position: Number(update.position) }, 'process');
  }
}

function newestState(run: TaskRun, updated: mesos.TaskState): mesos.TaskState {
  return run.state === 'TASK_STAGING' ? updated : run.state;
}

function recoverRun(machine: Machine, run: TaskRun, recovery: Recovery): void {
  if (isTerminal(run.state)) recoverEnded(machine, run);
  else {
    machine.state.liveByContainer.set(run.containerId, run);
    recoverLive(machine, run, recovery);
  }
}

/** Over before the restart. Without a pending update its acknowledgement came just before the end: it is complete. */
function recoverEnded(machine: Machine, run: TaskRun): void {
  run.phase = 'over';
  if (!machine.streams.has(run.frameworkId, run.taskId)) completeRun(machine, run);
}

function recoverLive(machine: Machine, run: TaskRun, { fates, checkpointed, rebooted }: Recovery): void {
  const fate = fates.get(run.containerId);
  if (fate?.state === 'running') {
    becomeRunning(machine, run, fate.pid);
    armCompletion(machine, run);
  } else if (fate?.state === 'ended' && knows(fate.termination)) {
    endRun(machine, run, outcomeOfTermination(fate.termination, run.kill));
  } else if (fate?.state === 'ended' && neverBegan(fate.termination)) {
    launchAgain(machine, run);
  } else if (run.released || checkpointed.has(run.containerId) || rebooted)
    endRun(machine, run, outcomeOfLostContainer(run.kill));
  else launchAgain(machine, run);
}

function knows({ waitStatus, limitation }: Extract<ContainerFate, { state: 'ended' }>['termination']): boolean {
  return waitStatus !== undefined || limitation !== undefined;
}

function forgetEmptyFrameworks({ out, state }: Machine): void {
  for (const framework of [...state.frameworks.values()]) {
    if (framework.tasks.size > 0) continue;
    state.frameworks.delete(framework.id);
    out.persist({ kind: 'remove-framework', frameworkId: framework.id }, 'process');
  }
}
