/**
 * An offer as its framework understands it: without MULTI_ROLE no allocation_info, without RESERVATION_REFINEMENT the
 * old reservation format. Source: spec page 01, section 1.3, and page 13, section 13.4.
 */
import type { OfferDecision } from '../../../../offers/allocator/allocator.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';

export function formatOffer(
  offerId: string,
  framework: FrameworkRecord,
  agent: AgentRecord,
  decision: OfferDecision,
): mesos.Offer {
  const multiRole = framework.has('MULTI_ROLE');
  const visible = multiRole ? decision.resources : decision.resources.unallocated();
  const executors = agent.holdings.get(framework.id)?.executors;
  return {
    id: { value: offerId },
    framework_id: framework.wireId,
    agent_id: agent.wireId,
    hostname: agent.info.hostname,
    resources: framework.has('RESERVATION_REFINEMENT') ? visible.toWire() : visible.toPreRefinement(),
    executor_ids:
      executors === undefined ? undefined : Array.from(executors.values(), (executor) => executor.info.executor_id),
    attributes: agent.info.attributes,
    unavailability: agent.unavailability,
    url: agentUrl(agent),
    allocation_info: multiRole ? { role: decision.role } : undefined,
    domain: agent.info.domain,
  };
}

export function agentUrl({ info: { hostname }, ip, port }: AgentRecord): mesos.URL {
  return { scheme: 'http', address: { hostname, ip, port }, path: '/slave(1)' };
}
