/**
 * The v1 operator API's picture of the view: what GET_STATE, GET_AGENTS, GET_FRAMEWORKS, GET_EXECUTORS, GET_TASKS, GET_OPERATIONS and
 * GET_ROLES answer and what event streams carry. What agents and frameworks have is in endpoint format, offers are as their framework got
 * them. Reads only. Source: spec pages 03 (3.1, 3.2) and 05 (5.6).
 */
import { Resources } from '../../../offers/resources/resources.js';
import type * as master from '../../../wire/gen/master.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import { canonicalInt64 } from '../../../wire/int64.js';
import type { AgentView, FrameworkView, MasterView } from './view.js';

/** Unix milliseconds as the wire's nanoseconds. */
export function timeInfo(unixMs: number): mesos.TimeInfo {
  return { nanoseconds: canonicalInt64(BigInt(Math.round(unixMs * 1000)) * 1000n) };
}

export function describeAgent(agent: AgentView): master.Response_GetAgents_Agent {
  return {
    agent_info: agent.info,
    active: agent.active,
    deactivated: agent.deactivation !== undefined,
    version: agent.version,
    pid: agent.pid,
    registered_time: timeInfo(agent.registeredAtUnixMs),
    reregistered_time: optionalTime(agent.reregisteredAtUnixMs),
    total_resources: agent.total.toEndpointFormat(),
    allocated_resources: agent.allocated().toEndpointFormat(),
    offered_resources: agent.offered().toEndpointFormat(),
    capabilities: [...agent.capabilities],
    drain_info: agent.deactivation?.drain,
    estimated_drain_start_time: optionalTime(agent.drainStartUnixMs),
  };
}

export function describeFramework(framework: FrameworkView): master.Response_GetFrameworks_Framework {
  return {
    framework_info: framework.info,
    active: framework.active,
    connected: framework.connected,
    recovered: framework.recovered,
    registered_time: timeInfo(framework.registeredAtUnixMs),
    reregistered_time: optionalTime(framework.reregisteredAtUnixMs),
    unregistered_time: optionalTime(framework.unregisteredAtUnixMs),
    offers: Array.from(framework.offers.values(), ({ message }) => message),
    inverse_offers: Array.from(framework.inverseOffers.values(), ({ message }) => message),
    allocated_resources: framework.allocated().toEndpointFormat(),
    offered_resources: framework.offered().toEndpointFormat(),
    offer_constraints: framework.offerConstraints,
  };
}

export function getAgents(view: MasterView): master.Response_GetAgents {
  return {
    agents: Array.from(view.agents.values(), describeAgent),
    recovered_agents: [...view.recoveredAgents.values()],
  };
}

export function getFrameworks(view: MasterView): master.Response_GetFrameworks {
  return {
    frameworks: Array.from(view.frameworks.values(), describeFramework),
    completed_frameworks: Array.from(view.completedFrameworks.values(), describeFramework),
  };
}

export function getExecutors(view: MasterView): master.Response_GetExecutors {
  const executors: master.Response_GetExecutors_Executor[] = [];
  for (const framework of view.frameworks.values())
    for (const executor of framework.executors)
      executors.push({ executor_info: executor.info, agent_id: { value: executor.agentId } });
  return { executors };
}

export function getTasks(view: MasterView): master.Response_GetTasks {
  const tasks: mesos.Task[] = [];
  const unreachable: mesos.Task[] = [];
  const completed: mesos.Task[] = [];
  for (const framework of [...view.frameworks.values(), ...view.completedFrameworks.values()]) {
    for (const task of framework.tasks.values()) tasks.push(task.message);
    for (const task of framework.unreachableTasks.values()) unreachable.push(task.message);
    for (const task of framework.completedTasks) completed.push(task.message);
  }
  return { tasks, unreachable_tasks: unreachable, completed_tasks: completed };
}

export function getOperations(view: MasterView): master.Response_GetOperations {
  const operations: mesos.Operation[] = [];
  for (const agent of view.agents.values())
    for (const { message } of agent.operations.values()) operations.push(message);
  return { operations };
}

/** Every role that a framework subscribes to or that has a weight or a quota. */
export function getRoles(view: MasterView): master.Response_GetRoles {
  const byRole = new Map<string, { readonly frameworks: mesos.FrameworkID[]; used: Resources[] }>();
  const entry = (role: string) => {
    const known = byRole.get(role);
    if (known !== undefined) return known;
    const made = { frameworks: [], used: [] };
    byRole.set(role, made);
    return made;
  };
  for (const role of view.weights.keys()) entry(role);
  for (const role of view.quotas.keys()) entry(role);
  for (const framework of view.frameworks.values()) {
    for (const role of framework.roles) entry(role).frameworks.push({ value: framework.id });
    const held = framework.allocated().add(framework.offered());
    for (const [role, resources] of held.byAllocationRole()) entry(role).used.push(resources);
  }
  const roles = Array.from(byRole, ([name, { frameworks, used }]) => ({
    name,
    weight: view.weights.get(name) ?? 1,
    frameworks,
    resources: Resources.sum(used).toWire(),
  }));
  return { roles: roles.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

export function getState(view: MasterView): master.Response_GetState {
  return {
    get_tasks: getTasks(view),
    get_executors: getExecutors(view),
    get_frameworks: getFrameworks(view),
    get_agents: getAgents(view),
  };
}

function optionalTime(unixMs: number | undefined): mesos.TimeInfo | undefined {
  return unixMs === undefined ? undefined : timeInfo(unixMs);
}
