/**
 * What an agent has in total: its own word, and on top of it the effect of operations that are on their way to it. The
 * allocator counts the same. An operation that failed so takes its effect back, and with it the offers that were made of it.
 */
import { isRejection } from '../../../../base/rejection.js';
import { applyOperation } from '../../../../offers/resources/operations.js';
import type { Resources } from '../../../../offers/resources/resources.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import type { OperationRecord } from '../model/operation.js';
import { rescindOffer } from '../offers/offer-book.js';
import { tellAgent } from '../watchers/tell.js';
import { touchSums } from '../watchers/usage.js';

/** The agent says that it has `reported`. */
export function settleTotal(context: Context, agent: AgentRecord, reported: Resources): void {
  const total = anticipated(reported, agent.operations.values());
  if (total.equals(agent.total)) return;
  agent.setTotal(total);
  context.allocator.updateAgent(agent.id, { total });
  for (const offer of agent.offers.values())
    if (!total.contains(offer.resources.unallocated().nonShared())) rescindOffer(context, offer);
  tellAgent(context, agent.id, 'CHANGED');
  touchSums(context);
  context.allocation.requestNow(context.now.monotonicMs, agent.id);
}

/** `reported` with the effect of what is anticipated; what cannot be applied any more has none. */
export function anticipated(reported: Resources, operations: Iterable<OperationRecord>): Resources {
  let total = reported;
  for (const { isAnticipated, message } of operations) {
    if (!isAnticipated) continue;
    const next = applyOperation(total, message.info);
    if (!isRejection(next)) total = next;
  }
  return total;
}

/** Speculatively: `from` becomes `to`, both allocated or not. The caller has told the allocator. */
export function convertTotal(context: Context, agent: AgentRecord, from: Resources, to: Resources): void {
  agent.setTotal(agent.total.subtract(from.unallocated()).add(to.unallocated()));
  tellAgent(context, agent.id, 'CHANGED');
  touchSums(context);
}
