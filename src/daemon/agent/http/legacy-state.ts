/** `GET /state` of an agent, in the shape that tools of twenty years read. Source: spec page 03, section 3.4; page 13. */
import { Resources } from '../../../offers/resources/resources.js';
import * as mesos from '../../../wire/gen/mesos.js';
import { isTerminal } from '../../../wire/task-state.js';
import {
  describeAttributes,
  describeReservations,
  describeReservationsInFull,
  describeResources,
  describeResourcesInFull,
  type JsonObject,
  toPlainJson,
} from '../../http/legacy-resources.js';
import { describeExecutor, describeTask as describeLegacyTask } from '../../http/legacy-task.js';
import { versionInfo } from '../../http/version.js';
import { agentCapabilities, describeTask } from '../core/registration/describe-agent.js';
import type { AgentView, FrameworkView, TaskView } from '../core/view.js';
import { commandExecutor } from './command-executor.js';
import type { AgentSite } from './site.js';

export function describeState(site: AgentSite, view: AgentView): JsonObject {
  const { agentInfo, frameworks, completedFrameworks, masterInfo } = view;
  return {
    ...versionInfo(site.productVersion),
    start_time: site.startedAtUnixMs / 1000,
    id: agentInfo.id?.value ?? '',
    pid: `slave(1)@${site.endpoint}`,
    hostname: agentInfo.hostname,
    capabilities: agentCapabilities().map(({ type }) => type),
    ...(agentInfo.domain === undefined ? {} : { domain: toPlainJson(mesos.DomainInfo, agentInfo.domain) }),
    ...describeDrain(view),
    ...describeTotals(view.total, allocated(view)),
    resource_providers: [],
    attributes: describeAttributes(agentInfo.attributes ?? []),
    ...(masterInfo === undefined ? {} : { master_hostname: masterInfo.hostname ?? '' }),
    flags: site.config.flags,
    frameworks: Array.from(frameworks.values(), (framework) => describeFramework(site, framework)),
    completed_frameworks: Array.from(completedFrameworks.values(), (framework) => describeFramework(site, framework)),
  };
}

/** What the tasks that have not ended hold. */
export function allocated(view: AgentView): Resources {
  const held = [...view.frameworks.values()].flatMap((framework) =>
    [...framework.tasks.values()]
      .filter((task) => !isTerminal(task.state))
      .map((task) => Resources.of(task.info.resources ?? [])),
  );
  return Resources.sum(held);
}

function describeDrain({ drain }: AgentView): JsonObject {
  if (drain === undefined) return {};
  return {
    drain_config: toPlainJson(mesos.DrainConfig, drain.config),
    estimated_drain_start_time_seconds: Math.floor(drain.startedAtMs / 1000),
  };
}

function describeTotals(total: Resources, used: Resources): JsonObject {
  return {
    resources: describeResources(total),
    reserved_resources: describeReservations(total),
    unreserved_resources: describeResources(total.unreserved()),
    reserved_resources_full: describeReservationsInFull(total),
    unreserved_resources_full: describeResourcesInFull(total.unreserved()),
    reserved_resources_allocated: describeReservations(used),
    unreserved_resources_allocated: describeResources(used.unreserved()),
  };
}

function describeFramework(site: AgentSite, framework: FrameworkView): JsonObject {
  const { info } = framework;
  const isMultiRole = (info.capabilities ?? []).some(({ type }) => type === 'MULTI_ROLE');
  const executorOf = (task: TaskView) => describeTaskExecutor(site, framework, task);
  return {
    id: info.id?.value ?? '',
    name: info.name,
    user: info.user,
    failover_timeout: info.failover_timeout ?? 0,
    checkpoint: info.checkpoint ?? false,
    hostname: info.hostname ?? '',
    ...(info.principal === undefined ? {} : { principal: info.principal }),
    ...(isMultiRole ? { roles: info.roles ?? [] } : { role: roleOf(info) }),
    executors: Array.from(framework.tasks.values(), executorOf),
    completed_executors: framework.completedTasks.map(executorOf),
  };
}

/** The agent's spelling of an executor differs from the master's: `id` and where its files are. */
function describeTaskExecutor(site: AgentSite, framework: FrameworkView, task: TaskView): JsonObject {
  const executor = commandExecutor(task);
  const described = describeLegacyTask(describeTask(framework, task), roleOf(framework.info));
  return {
    ...describeExecutor(executor, task.frameworkId),
    id: task.taskId,
    source: executor.source,
    container: task.containerId,
    directory: site.sandboxPath(task),
    tasks: isTerminal(task.state) ? [] : [described],
    queued_tasks: [],
    completed_tasks: isTerminal(task.state) ? [described] : [],
  };
}

function roleOf(info: mesos.FrameworkInfo): string {
  return info.roles?.[0] ?? info.role ?? '*';
}
