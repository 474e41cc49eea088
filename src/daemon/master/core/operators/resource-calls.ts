/**
 * Operator calls that change the resources of an agent: RESERVE_RESOURCES, UNRESERVE_RESOURCES, CREATE_VOLUMES, DESTROY_VOLUMES,
 * GROW_VOLUME, SHRINK_VOLUME. They work on what no task uses: offers are rescinded one by one until enough is free. 202: the
 * change is counted and on its way to the agent; whether it was carried out, the agent's resources show. A call that is refused
 * changes nothing and rescinds nothing. Source: spec page 03, 3.1.
 */
import { isRejection, type Rejection, type RejectionCode, reject } from '../../../../base/rejection.js';
import { type Conversion, resourcesIn } from '../../../../offers/resources/operations.js';
import type { Resources } from '../../../../offers/resources/resources.js';
import type * as master from '../../../../wire/gen/master.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import { refusedUntilMs } from '../offers/filters.js';
import { rescindOffer } from '../offers/offer-book.js';
import { startOperation } from '../operations/book.js';
import { convertTotal } from '../operations/totals.js';
import type { RequestId } from '../protocol.js';
import { admittedConversion } from '../validation/operation.js';
import { preparedOperation } from '../validation/preparation.js';

export interface ResourceCall {
  readonly agentId: string;
  readonly operation: mesos.Offer_Operation;
}

/** undefined: the call is another one, or incomplete. */
export function resourceCallOf(call: master.Call): ResourceCall | undefined {
  const of = (agentId: mesos.AgentID | undefined, operation: mesos.Offer_Operation) => ({
    agentId: agentId?.value ?? '',
    operation,
  });
  const { type, reserve_resources, unreserve_resources, create_volumes, destroy_volumes, grow_volume, shrink_volume } =
    call;
  if (type === 'RESERVE_RESOURCES' && reserve_resources !== undefined) {
    const { agent_id, ...reserve } = reserve_resources;
    return of(agent_id, { type: 'RESERVE', reserve });
  }
  if (type === 'UNRESERVE_RESOURCES' && unreserve_resources !== undefined) {
    const { agent_id, ...unreserve } = unreserve_resources;
    return of(agent_id, { type: 'UNRESERVE', unreserve });
  }
  if (type === 'CREATE_VOLUMES' && create_volumes !== undefined) {
    const { agent_id, ...create } = create_volumes;
    return of(agent_id, { type: 'CREATE', create });
  }
  if (type === 'DESTROY_VOLUMES' && destroy_volumes !== undefined) {
    const { agent_id, ...destroy } = destroy_volumes;
    return of(agent_id, { type: 'DESTROY', destroy });
  }
  if (type === 'GROW_VOLUME' && grow_volume !== undefined) {
    const { agent_id, ...grow } = grow_volume;
    return of(agent_id, { type: 'GROW_VOLUME', grow_volume: grow });
  }
  if (type === 'SHRINK_VOLUME' && shrink_volume !== undefined) {
    const { agent_id, ...shrink } = shrink_volume;
    return of(agent_id, { type: 'SHRINK_VOLUME', shrink_volume: shrink });
  }
  return undefined;
}

export function changeResources(
  context: Context,
  requestId: RequestId,
  { agentId, operation }: ResourceCall,
  principal: string | undefined,
): void {
  const agent = context.state.agents.get(agentId);
  const refusal =
    agent === undefined
      ? reject('invalid', `agent '${agentId}' is not registered`)
      : convert(context, agent, operation, principal);
  if (refusal === undefined) context.outbox.respond(requestId, 202);
  else context.outbox.refuse(requestId, STATUS[refusal.code] ?? 400, refusal);
}

const STATUS: Readonly<Partial<Record<RejectionCode, 409 | 503>>> = { conflict: 409, unavailable: 503 };

/** undefined: it is under way. */
function convert(
  context: Context,
  agent: AgentRecord,
  operation: mesos.Offer_Operation,
  principal: string | undefined,
): Rejection | undefined {
  if (resourcesIn(operation).some(({ allocation_info }) => allocation_info !== undefined))
    return reject('invalid', "resources of operator calls carry no 'allocation_info'");
  const info = preparedOperation(operation, undefined);
  if (isRejection(info)) return info;
  const { roles } = context.config;
  const conversion = admittedConversion({ agent, framework: undefined, principal, roles }, info);
  if (isRejection(conversion)) return conversion;
  if (agent.link === undefined)
    return reject('conflict', `agent '${agent.id}' is not connected: try again when it is back`);
  const taken = takeAvailable(context, agent, conversion);
  if (taken !== undefined) return taken;
  convertTotal(context, agent, conversion.consumed, conversion.converted);
  startOperation(context, agent, undefined, info);
  // Not at once: operators reserve and create in a row, and each call would take an offer back.
  context.allocation.requestAtInterval(context.now.monotonicMs);
  return undefined;
}

/** Nothing is rescinded in vain: what tasks do not use must be enough. */
function takeAvailable(
  context: Context,
  agent: AgentRecord,
  { consumed, converted }: Conversion,
): Rejection | undefined {
  const unused = agent.total.subtract(agent.allocated().unallocated().nonShared());
  if (!unused.contains(consumed))
    return reject('conflict', `tasks use what is asked for: ${unused} are unused, which do not contain ${consumed}`);
  rescindSharers(context, agent, consumed);
  for (const offer of [...agent.offers.values()]) {
    if (context.allocator.updateAvailable(agent.id, consumed, converted) === undefined) return undefined;
    if (overlaps(offer.resources, consumed)) giveUp(context, offer);
  }
  return context.allocator.updateAvailable(agent.id, consumed, converted);
}

/** A shared volume that is destroyed is free although it is offered. */
function rescindSharers(context: Context, agent: AgentRecord, consumed: Resources): void {
  const shared = consumed.shared();
  if (shared.isEmpty) return;
  for (const offer of [...agent.offers.values()]) if (overlaps(offer.resources, shared)) giveUp(context, offer);
}

function overlaps(offered: Resources, wanted: Resources): boolean {
  const plain = offered.unallocated();
  return plain.subtract(wanted) !== plain;
}

/** With the filter of a decline, so that the framework is not offered the rest of it at once. */
function giveUp(context: Context, offer: Parameters<typeof rescindOffer>[1]): void {
  rescindOffer(context, offer, { outcome: 'RESCINDED' }, refusedUntilMs(context, undefined));
}
