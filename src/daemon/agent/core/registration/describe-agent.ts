/**
 * What an agent tells a master about itself: at first that it is there, later everything it holds, from which a new
 * leader rebuilds its picture of the cluster (spec page 07, sections 7.3 and 7.4).
 */
import { checkpointedOf } from '../../../../offers/resources/checkpointed.js';
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Machine } from '../machine.js';
import type { FrameworkRecord } from '../model/framework.js';
import { describeOperation } from '../operations/operation-record.js';
import type { TaskView } from '../view.js';

/** Only what this agent does. */
const CAPABILITIES: readonly mesos.AgentInfo_Capability_Type[] = [
  'MULTI_ROLE',
  'HIERARCHICAL_ROLE',
  'RESERVATION_REFINEMENT',
  'RESIZE_VOLUME',
  'AGENT_OPERATION_FEEDBACK',
  'AGENT_DRAINING',
  'TASK_RESOURCE_LIMITS',
];

export interface AgentDescription {
  readonly register: link.Register;
  reregister(): link.Reregister;
}

export function describeAgent({ options, state, streams }: Machine): AgentDescription {
  const register: link.Register = {
    agent_info: state.agentInfo,
    version: options.version,
    capabilities: agentCapabilities(),
    checkpointed_resources: checkpointedOf(state.total).toWire(),
    ip: options.ip,
    ...(options.instance === undefined ? {} : { instance: options.instance }),
  };
  return {
    register,
    reregister() {
      const tasks: mesos.Task[] = [];
      const frameworks: mesos.FrameworkInfo[] = [];
      for (const framework of state.frameworks.values()) {
        frameworks.push(framework.info);
        for (const run of framework.tasks.values())
          tasks.push({ ...describeTask(framework, run), ...sentState(streams.findHead(run.frameworkId, run.taskId)) });
      }
      const operations = [...state.operations.values()]
        .filter(({ durable }) => durable)
        .map((operation) => describeOperation(operation, state.agentInfo.id));
      const drain = state.drain === undefined ? {} : { drain_config: state.drain.config };
      return { ...register, tasks, frameworks, operations, ...drain };
    },
  };
}

export function agentCapabilities(): mesos.AgentInfo_Capability[] {
  return CAPABILITIES.map((type) => ({ type }));
}

/** A command task as the API shows it: without executor id. */
export function describeTask(framework: Pick<FrameworkRecord, 'info'>, run: TaskView): mesos.Task {
  const { info } = run;
  return {
    name: info.name,
    task_id: info.task_id,
    framework_id: { value: run.frameworkId },
    agent_id: info.agent_id,
    state: run.state,
    resources: info.resources,
    statuses: [...run.statuses],
    labels: info.labels,
    discovery: info.discovery,
    container: info.container,
    user: info.command?.user ?? framework.info.user,
    health_check: info.health_check,
    kill_policy: info.kill_policy,
    limits: info.limits,
  };
}

/** The update that the scheduler has to acknowledge next. */
function sentState(head: mesos.TaskStatus | undefined): Partial<mesos.Task> {
  return head === undefined ? {} : { status_update_state: head.state, status_update_uuid: head.uuid };
}
