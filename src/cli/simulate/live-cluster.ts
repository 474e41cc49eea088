/**
 * The cluster of a scenario as a running master has it: its active agents with their attributes, its weights and quotas. What
 * runs there now is left out: the question is what such a cluster would do with the work of the scenario.
 */
import { MesoError } from '../../base/error.js';
import { formatAttributes } from '../../offers/resources/attributes.js';
import { Resources } from '../../offers/resources/resources.js';
import type * as master from '../../wire/gen/master.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { type Session, withinTimeout } from '../cluster/session.js';

/** In the shape of a scenario file. */
export interface LiveCluster {
  readonly agents: readonly object[];
  readonly roles: Readonly<Record<string, object>>;
}

export async function readLiveCluster({
  client,
  timeoutMs,
}: Pick<Session, 'client' | 'timeoutMs'>): Promise<LiveCluster> {
  const ask = (call: master.Call) =>
    withinTimeout(timeoutMs, 'the state of the cluster', (signal) => client.call(call, { signal }));
  const { get_agents } = await ask({ type: 'GET_AGENTS' });
  const { get_weights } = await ask({ type: 'GET_WEIGHTS' });
  const { get_quota } = await ask({ type: 'GET_QUOTA' }).catch(orNoQuota);
  const agents = (get_agents?.agents ?? []).filter(({ active }) => active).map(agentOf);
  if (agents.length === 0)
    throw new MesoError('REFUSED', 'the cluster has no active agent', { suggestions: ['mesoctl agent list'] });
  const roles: Record<string, Record<string, unknown>> = {};
  for (const { role = '*', weight } of get_weights?.weight_infos ?? []) roles[role] = { weight };
  for (const { role, guarantees, limits } of get_quota?.status.configs ?? [])
    roles[role] = { ...roles[role], guarantees: amountsOf(guarantees), limits: amountsOf(limits) };
  return { agents, roles };
}

/** The cluster's agents instead of the document's; its roles where the document has none of that name. */
export function onLiveCluster(document: unknown, live: LiveCluster): unknown {
  const own = (typeof document === 'object' && document !== null ? document : {}) as { readonly roles?: object };
  return { ...own, agents: live.agents, roles: { ...live.roles, ...own.roles } };
}

/** By its id: hostnames need not be unique. */
function agentOf({ agent_info, total_resources }: master.Response_GetAgents_Agent): object {
  const { id, hostname, attributes = [] } = agent_info;
  return {
    name: id?.value ?? hostname,
    resources: Resources.of(total_resources ?? agent_info.resources ?? []),
    ...(attributes.length === 0 ? {} : { attributes: formatAttributes(attributes) }),
  };
}

function amountsOf(amounts: Readonly<Record<string, mesos.Value_Scalar>> = {}): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(amounts).map(([name, { value }]) => [name, value]));
}

/** A master that has no quotas at all says so by 501. */
function orNoQuota(error: unknown): master.Response {
  if (error instanceof MesoError && error.details.status === 501) return {};
  throw error;
}
