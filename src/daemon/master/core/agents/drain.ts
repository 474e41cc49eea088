/**
 * Agents that operators want nothing more of: deactivated ones are not offered, draining ones also kill what they run (spec page
 * 07, section 7.8). What is wanted is in `state.deactivatedAgents`, also of agents that are away: their drain begins when they
 * return. The registry has agreed before anything here is called.
 *
 * A drain is over when the books hold no task and no operation of the agent any more, acknowledged and all. That is looked at
 * when a step ends, of the agents that `state.maybeDrained` names.
 */
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import { rescindInverseOffer } from '../offers/inverse-offer-book.js';
import { rescindOffer } from '../offers/offer-book.js';
import type { Deactivation } from '../protocol.js';
import { tellAgent } from '../watchers/tell.js';
import { markGone } from './gone.js';
import { agentTurn } from './keys.js';
import { sendToAgent } from './send.js';

/** The agent drains, or is only not offered any more. */
export function deactivate(context: Context, agentId: string, deactivation: Deactivation): void {
  context.state.deactivatedAgents.set(agentId, deactivation);
  const agent = context.state.agents.get(agentId);
  if (agent === undefined) return;
  agent.deactivation = deactivation;
  agent.deactivatedSinceUnixMs = context.now.unixMs;
  agent.drainStartUnixMs = undefined;
  context.allocator.deactivateAgent(agentId);
  for (const offer of agent.offers.values()) rescindOffer(context, offer);
  for (const offer of agent.inverseOffers.values()) rescindInverseOffer(context, offer);
  resumeDrain(context, agent);
  tellAgent(context, agentId, 'CHANGED');
}

/** It is offered again; one that was drained first registers anew, so that it takes tasks by then. */
export function reactivate(context: Context, agentId: string): void {
  const wasDrained = context.state.deactivatedAgents.get(agentId)?.drain !== undefined;
  context.state.deactivatedAgents.delete(agentId);
  const agent = context.state.agents.get(agentId);
  if (agent === undefined) return;
  agent.deactivation = undefined;
  agent.deactivatedSinceUnixMs = undefined;
  agent.drainStartUnixMs = undefined;
  agent.awaitsReturn = wasDrained && sendToAgent(context, agent, { ping: { connected: false } });
  tellAgent(context, agentId, 'CHANGED');
  if (!agent.active) return;
  context.allocator.activateAgent(agentId);
  context.allocation.requestNow(context.now.monotonicMs, agentId);
}

/** Tells an agent that is to drain, whenever it is there again: it may have forgotten, or never heard of it. */
export function resumeDrain(context: Context, agent: AgentRecord): void {
  const drain = agent.deactivation?.drain;
  if (drain === undefined) return;
  context.state.maybeDrained.add(agent.id);
  if (drain.state !== 'DRAINING') return;
  if (!agent.capabilitySet.has('AGENT_DRAINING')) {
    context.outbox.log('warn', 'agent cannot drain: its tasks run on', { agentId: agent.id });
    return;
  }
  if (sendToAgent(context, agent, { drain_agent: { config: drain.config } }))
    agent.drainStartUnixMs ??= context.now.unixMs;
}

/** To be called when a step ends. */
export function settleDrains(context: Context): void {
  const { maybeDrained, deactivatedAgents } = context.state;
  if (maybeDrained.size === 0) return;
  const agentIds = [...maybeDrained];
  maybeDrained.clear();
  for (const agentId of agentIds) {
    const drain = deactivatedAgents.get(agentId)?.drain;
    if (drain === undefined) continue;
    if (context.turns.isBusy(agentTurn(agentId))) maybeDrained.add(agentId);
    else if (drain.state === 'DRAINED') markGoneIfWanted(context, agentId, drain.config);
    else if (isEmpty(context, agentId)) markDrained(context, agentId);
  }
}

/** Of an agent that is away nothing is known for sure. */
function isEmpty({ state }: Context, agentId: string): boolean {
  const agent = state.agents.get(agentId);
  if (agent === undefined || agent.operations.size > 0) return false;
  return [...agent.holdings.values()].every(({ tasks }) => tasks.size === 0);
}

function markDrained(context: Context, agentId: string): void {
  context.turns.take(agentTurn(agentId), (done) => {
    context.registry.propose({ mark_agent_drained: { agent_id: { value: agentId } } }, (result) => {
      const drain = context.state.deactivatedAgents.get(agentId)?.drain;
      if (result.ok && drain !== undefined) applyDrained(context, agentId, { ...drain, state: 'DRAINED' });
      else context.outbox.log('error', 'registry refused the end of a drain', { agentId });
      done();
    });
  });
}

function applyDrained(context: Context, agentId: string, drain: mesos.DrainInfo): void {
  const deactivation: Deactivation = { drain };
  context.state.deactivatedAgents.set(agentId, deactivation);
  context.outbox.log('info', 'agent drained', { agentId });
  const agent = context.state.agents.get(agentId);
  if (agent !== undefined) {
    agent.deactivation = deactivation;
    agent.deactivatedSinceUnixMs = context.now.unixMs;
    tellAgent(context, agentId, 'CHANGED');
  }
  context.state.maybeDrained.add(agentId);
}

function markGoneIfWanted(context: Context, agentId: string, { mark_gone }: mesos.DrainConfig): void {
  if (mark_gone !== true) return;
  markGone(context, agentId, (result) => {
    if (!result.ok) context.outbox.log('error', 'registry refused to mark an agent gone', { agentId });
  });
}
