/** What the containerizer reports, and what follows for the tasks. Reports about containers nobody waits for are ignored. */
import type { ContainerCheckpoint, ContainerTermination } from '../../../../runtime/containerizer.js';
import type * as checkpoint from '../../../../wire/gen/mesoctl-checkpoint.js';
import type { Machine } from '../machine.js';
import type { TaskRun } from '../model/task-run.js';
import { neverBegan, type Outcome, outcomeOfFailedLaunch, outcomeOfTermination } from './ending.js';
import { endRun } from './finish.js';
import { beginKill } from './kill.js';
import { launchAgain } from './launch.js';
import { report } from './report.js';

const RUNNING: Outcome = { state: 'TASK_RUNNING', source: 'SOURCE_EXECUTOR' };

/** Lets the task begin once its container can be found again after a crash; not when it is unwanted by now. */
export function onStarting({ out, state }: Machine, record: ContainerCheckpoint): void {
  const run = state.liveByContainer.get(record.containerId);
  if (run === undefined || run.phase !== 'launching' || run.kill !== undefined) {
    out.emit({ type: 'now', kind: 'abort-launch', containerId: record.containerId });
    return;
  }
  run.released = true;
  out.persist({ kind: 'put-container', container: toCheckpointContainer(record) }, 'process');
  out.emit({ type: 'afterPersist', kind: 'release-launch', containerId: record.containerId });
}

export function onLaunched(machine: Machine, containerId: string, pid: number): void {
  const run = machine.state.liveByContainer.get(containerId);
  if (run === undefined || run.phase !== 'launching') return;
  becomeRunning(machine, run, pid);
}

/** The task's process exists: its scheduler hears so, unless a kill came too late to stop the launch. */
export function becomeRunning(machine: Machine, run: TaskRun, pid: number | undefined): void {
  run.phase = 'running';
  run.pid = pid;
  run.released = true;
  if (run.kill !== undefined) beginKill(machine, run);
  else if (run.state !== 'TASK_RUNNING') report(machine, run, RUNNING);
}

export function onLaunchFailed(machine: Machine, containerId: string, message: string): void {
  const run = machine.state.liveByContainer.get(containerId);
  if (run === undefined || run.phase !== 'launching') return;
  if (run.kill === undefined) machine.state.launchErrors += 1;
  endRun(machine, run, outcomeOfFailedLaunch(message, run.kill));
}

export function onTerminated(machine: Machine, termination: ContainerTermination): void {
  const run = machine.state.liveByContainer.get(termination.containerId);
  if (run === undefined) return;
  if (neverBegan(termination)) {
    launchAgain(machine, run);
    return;
  }
  // A task so short that its end is known before its beginning.
  if (run.phase === 'launching' && run.kill === undefined) report(machine, run, RUNNING);
  endRun(machine, run, outcomeOfTermination(termination, run.kill));
}

function toCheckpointContainer(record: ContainerCheckpoint): checkpoint.Container {
  return {
    container_id: { value: record.containerId },
    supervisor_pid: record.supervisorPid,
    supervisor_start_ticks: record.supervisorStartTicks,
    boot_id: record.bootId,
    init_pid: record.initPid,
    cgroup: record.cgroup,
    runtime_dir: record.runtimeDir,
    sandbox_dir: record.sandboxDir,
  };
}
