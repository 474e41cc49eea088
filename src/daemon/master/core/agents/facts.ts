/** Reads what an agent says of itself when it registers. Source: spec page 07, section 7.4. */
import { isRejection, type Rejection, reject } from '../../../../base/rejection.js';
import { applyCheckpointed } from '../../../../offers/resources/checkpointed.js';
import { Resources } from '../../../../offers/resources/resources.js';
import { validateResources } from '../../../../offers/resources/validation.js';
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { AgentFacts } from '../model/agent.js';

const DEFAULT_AGENT_PORT = 5051;

/** `remoteIp`: of the link, used where the agent names no address of its own. */
export function factsOf(
  message: Pick<
    link.Register,
    'agent_info' | 'version' | 'capabilities' | 'checkpointed_resources' | 'ip' | 'instance'
  >,
  agentId: string,
  remoteIp: string,
): AgentFacts | Rejection {
  const { agent_info, version, capabilities, checkpointed_resources, instance, ip } = message;
  const configured = agent_info.resources ?? [];
  const checkpointed = checkpointed_resources ?? [];
  const invalid = validateResources(configured) ?? validateResources(checkpointed);
  if (invalid !== undefined) return invalid;
  if (agent_info.hostname === '') return reject('invalid', 'the hostname is empty');
  const total = applyCheckpointed(Resources.of(configured), Resources.of(checkpointed));
  if (isRejection(total))
    return reject('conflict', `its resources do not hold what is reserved or created on it: ${total.message}`);
  const info = { ...agent_info, id: { value: agentId } };
  return {
    info,
    version,
    ip: ip ?? remoteIp,
    address: ip === undefined ? undefined : `${ip}:${agent_info.port ?? DEFAULT_AGENT_PORT}`,
    instance,
    capabilities: capabilities ?? [],
    // Dynamic reservations and volumes are carved out of what is configured.
    total,
  };
}

/** Fault domains: all agents have one, or the master must have one too. */
export function domainComplaint(
  agent: mesos.AgentInfo,
  masterDomain: mesos.DomainInfo | undefined,
  requireAgentDomain: boolean,
): string | undefined {
  if (agent.domain === undefined) return requireAgentDomain ? 'this master requires agents with a --domain' : undefined;
  return masterDomain === undefined ? 'the agent has a --domain but the master has none' : undefined;
}
