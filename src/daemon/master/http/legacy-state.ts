/**
 * Agents, frameworks, roles and the whole master as the legacy endpoints write them. Tools of twenty years read these
 * documents, so names, types and presence of keys are exactly the original's. Source: spec page 03, 3.4.
 */
import type * as mesos from '../../../wire/gen/mesos.js';
import * as mesosMessages from '../../../wire/gen/mesos.js';
import * as scheduler from '../../../wire/gen/scheduler.js';
import {
  describeAttributes,
  describeReservations,
  describeResources,
  type JsonObject,
  toPlainJson,
} from '../../http/legacy-resources.js';
import { describeExecutor, describeLabels, describeTask } from '../../http/legacy-task.js';
import { versionInfo } from '../../http/version.js';
import type { AgentView, FrameworkView, OfferView } from '../core/view.js';
import type { MasterSite } from './site.js';

export function describeState(site: MasterSite): JsonObject {
  const view = site.view();
  const { masterInfo, config } = site;
  const agents = [...view.agents.values()];
  return {
    ...versionInfo(site.productVersion),
    start_time: view.startedAtUnixMs / 1000,
    ...(view.electedAtUnixMs === undefined ? {} : { elected_time: view.electedAtUnixMs / 1000 }),
    id: masterInfo.id,
    pid: masterInfo.pid,
    hostname: masterInfo.hostname,
    capabilities: capabilityNames(masterInfo.capabilities),
    activated_slaves: agents.filter((agent) => agent.active).length,
    deactivated_slaves: agents.filter((agent) => !agent.active).length,
    unreachable_slaves: view.unreachableAgents.size,
    ...describeDomain(masterInfo.domain),
    leader: masterInfo.pid,
    leader_info: {
      id: masterInfo.id,
      pid: masterInfo.pid,
      port: masterInfo.port,
      hostname: masterInfo.hostname,
      ...describeDomain(masterInfo.domain),
    },
    ...(config.cluster === undefined ? {} : { cluster: config.cluster }),
    flags: config.flags,
    slaves: agents.map(describeSlave),
    recovered_slaves: Array.from(view.recoveredAgents.values(), describeRecoveredSlave),
    frameworks: Array.from(view.frameworks.values(), describeFramework),
    completed_frameworks: Array.from(view.completedFrameworks.values(), describeFramework),
    orphan_tasks: [],
    unregistered_frameworks: [],
  };
}

export function describeSlave(agent: AgentView): JsonObject {
  const { info, total } = agent;
  return {
    id: agent.id,
    hostname: info.hostname,
    port: info.port ?? 5051,
    attributes: describeAttributes(info.attributes ?? []),
    ...describeDomain(info.domain),
    pid: agent.pid,
    registered_time: agent.registeredAtUnixMs / 1000,
    ...(agent.reregisteredAtUnixMs === undefined ? {} : { reregistered_time: agent.reregisteredAtUnixMs / 1000 }),
    resources: describeResources(total),
    used_resources: describeResources(agent.allocated()),
    offered_resources: describeResources(agent.offered()),
    reserved_resources: describeReservations(total),
    unreserved_resources: describeResources(total.unreserved()),
    active: agent.active,
    deactivated: agent.deactivation !== undefined,
    version: agent.version,
    capabilities: capabilityNames(agent.capabilities),
    ...describeDrain(agent),
  };
}

function describeDrain({ deactivation, drainStartUnixMs }: AgentView): JsonObject {
  const drain = deactivation?.drain;
  return {
    ...(drain === undefined ? {} : { drain_info: toPlainJson(mesosMessages.DrainInfo, drain) }),
    ...(drainStartUnixMs === undefined ? {} : { estimated_drain_start_time_seconds: drainStartUnixMs / 1000 }),
  };
}

export function describeRecoveredSlave(info: mesos.AgentInfo): JsonObject {
  return {
    id: info.id?.value ?? '',
    hostname: info.hostname,
    port: info.port ?? 5051,
    attributes: describeAttributes(info.attributes ?? []),
    ...describeDomain(info.domain),
  };
}

/** The keys that /frameworks, /state and /state-summary share. */
export function describeFrameworkSummary(framework: FrameworkView): JsonObject {
  const { info } = framework;
  return {
    id: framework.id,
    name: info.name,
    used_resources: describeResources(framework.allocated()),
    offered_resources: describeResources(framework.offered()),
    capabilities: capabilityNames(info.capabilities),
    hostname: info.hostname ?? '',
    webui_url: info.webui_url ?? '',
    active: framework.active,
    connected: framework.connected,
    recovered: framework.recovered,
  };
}

export function describeFramework(framework: FrameworkView): JsonObject {
  const { info } = framework;
  const role = framework.roles[0] ?? '*';
  const isMultiRole = (info.capabilities ?? []).some(({ type }) => type === 'MULTI_ROLE');
  return {
    ...describeFrameworkSummary(framework),
    user: info.user,
    failover_timeout: info.failover_timeout ?? 0,
    checkpoint: info.checkpoint ?? false,
    registered_time: framework.registeredAtUnixMs / 1000,
    unregistered_time: (framework.unregisteredAtUnixMs ?? 0) / 1000,
    ...(info.principal === undefined ? {} : { principal: info.principal }),
    resources: describeResources(framework.allocated().add(framework.offered())),
    ...(framework.reregisteredAtUnixMs === undefined
      ? {}
      : { reregistered_time: framework.reregisteredAtUnixMs / 1000 }),
    ...(isMultiRole ? { roles: framework.roles } : { role }),
    tasks: Array.from(framework.tasks.values(), (task) => describeTask(task.message, role)),
    unreachable_tasks: Array.from(framework.unreachableTasks.values(), (task) => describeTask(task.message, role)),
    completed_tasks: Array.from(framework.completedTasks, (task) => describeTask(task.message, role)),
    offers: Array.from(framework.offers.values(), describeOffer),
    executors: Array.from(framework.executors, (executor) => ({
      ...describeExecutor(executor.info, framework.id),
      slave_id: executor.agentId,
    })),
    ...(info.labels === undefined ? {} : { labels: describeLabels(info.labels) }),
    ...(framework.offerConstraints === undefined
      ? {}
      : { offer_constraints: toPlainJson(scheduler.OfferConstraints, framework.offerConstraints) }),
  };
}

function describeOffer(offer: OfferView): JsonObject {
  return {
    id: offer.id,
    framework_id: offer.frameworkId,
    allocation_info: { role: offer.role },
    slave_id: offer.agentId,
    resources: describeResources(offer.resources),
  };
}

export function describeDomain(domain: mesos.DomainInfo | undefined): JsonObject {
  return domain === undefined ? {} : { domain: toPlainJson(mesosMessages.DomainInfo, domain) };
}

function capabilityNames(
  capabilities: readonly { readonly type?: string | undefined }[] | undefined,
): readonly string[] {
  return (capabilities ?? []).flatMap(({ type }) => type ?? []);
}
