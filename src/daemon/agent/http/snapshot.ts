/** The parts of GET_STATE, from what the core knows. Source: spec page 03, section 3.3. */
import type * as agent from '../../../wire/gen/agent.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import { canonicalInt64 } from '../../../wire/int64.js';
import { isTerminal } from '../../../wire/task-state.js';
import { describeOperation } from '../core/operations/operation-record.js';
import { describeTask } from '../core/registration/describe-agent.js';
import type { AgentView, FrameworkView, TaskView } from '../core/view.js';
import { commandExecutor } from './command-executor.js';

const NANOSECONDS_PER_MS = 1_000_000n;

export function getState(view: AgentView): agent.Response_GetState {
  return { get_tasks: getTasks(view), get_executors: getExecutors(view), get_frameworks: getFrameworks(view) };
}

/** `resources` as configured; what was reserved and created since is in the totals of /state. */
export function getAgent({ agentInfo, drain }: AgentView): agent.Response_GetAgent {
  if (drain === undefined) return { agent_info: agentInfo };
  return {
    agent_info: agentInfo,
    drain_config: drain.config,
    estimated_drain_start_time: {
      nanoseconds: canonicalInt64(BigInt(Math.round(drain.startedAtMs)) * NANOSECONDS_PER_MS),
    },
  };
}

export function getOperations({ agentInfo, operations }: AgentView): agent.Response_GetOperations {
  return { operations: Array.from(operations.values(), (operation) => describeOperation(operation, agentInfo.id)) };
}

/** A task of this agent is handed to its container at once: none is pending or queued. */
export function getTasks(view: AgentView): agent.Response_GetTasks {
  const launched: mesos.Task[] = [];
  const terminated: mesos.Task[] = [];
  const completed: mesos.Task[] = [];
  for (const framework of allFrameworks(view)) {
    for (const task of framework.tasks.values())
      (isTerminal(task.state) ? terminated : launched).push(describeTask(framework, task));
    for (const task of framework.completedTasks) completed.push(describeTask(framework, task));
  }
  return { launched_tasks: launched, terminated_tasks: terminated, completed_tasks: completed };
}

export function getExecutors(view: AgentView): agent.Response_GetExecutors {
  const executors: agent.Response_GetExecutors_Executor[] = [];
  const completed: agent.Response_GetExecutors_Executor[] = [];
  for (const framework of allFrameworks(view)) {
    for (const task of framework.tasks.values()) executors.push({ executor_info: commandExecutor(task) });
    for (const task of framework.completedTasks) completed.push({ executor_info: commandExecutor(task) });
  }
  return { executors, completed_executors: completed };
}

export function getFrameworks(view: AgentView): agent.Response_GetFrameworks {
  return {
    frameworks: Array.from(view.frameworks.values(), ({ info }) => ({ framework_info: info })),
    completed_frameworks: Array.from(view.completedFrameworks.values(), ({ info }) => ({ framework_info: info })),
  };
}

/** Tasks whose container exists. */
export function runningTasks(view: AgentView): readonly TaskView[] {
  return [...view.frameworks.values()].flatMap((framework) =>
    [...framework.tasks.values()].filter((task) => task.phase === 'running'),
  );
}

function* allFrameworks(view: AgentView): Iterable<FrameworkView> {
  yield* view.frameworks.values();
  yield* view.completedFrameworks.values();
}
