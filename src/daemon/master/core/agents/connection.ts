/**
 * An agent gains and loses its link. A lost link takes its offers back and nothing else: its tasks run on and are live
 * until it is known better (architecture, section 4).
 */
import type { Context } from '../machine/context.js';
import type { Channel } from '../machine/state.js';
import type { AgentRecord } from '../model/agent.js';
import { rescindInverseOffer } from '../offers/inverse-offer-book.js';
import { rescindOffer } from '../offers/offer-book.js';
import type { ConnectionId } from '../protocol.js';
import { tellAgent } from '../watchers/tell.js';
import { bindAgent, findChannel } from './channels.js';
import { resumeDrain } from './drain.js';
import { awaitReregistration, handleSignOfLife } from './liveness.js';
import { settleMachine } from './machine-mode.js';

/** Registered on `channel`, which may have closed while the registry was asked: then the agent is away at once. */
export function connectAgent(
  context: Context,
  agent: AgentRecord,
  channel: Channel,
  how: 'REGISTERED' | 'REREGISTERED',
): void {
  channel.registering = false;
  handleSignOfLife(context, agent);
  context.timers.cancel(agent.reregisterTimer);
  agent.reregisterTimer = undefined;
  if (findChannel(context, channel.link) !== channel) {
    disconnectAgent(context, agent);
    return;
  }
  if (!agent.connected) agent.connectionSinceUnixMs = context.now.unixMs;
  bindAgent(context, agent, channel);
  agent.awaitsReturn = false;
  settleMachine(context, agent);
  tellAgent(context, agent.id, how);
  resumeDrain(context, agent);
  if (!agent.active) return;
  context.allocator.activateAgent(agent.id);
  context.allocation.requestNow(context.now.monotonicMs, agent.id);
}

export function disconnectAgent(context: Context, agent: AgentRecord): void {
  if (agent.connected) agent.connectionSinceUnixMs = context.now.unixMs;
  agent.link = undefined;
  context.allocator.deactivateAgent(agent.id);
  for (const offer of agent.offers.values()) rescindOffer(context, offer);
  for (const offer of agent.inverseOffers.values()) rescindInverseOffer(context, offer);
  tellAgent(context, agent.id, 'DISCONNECTED');
  awaitReregistration(context, agent);
}

/** All channels of the connection are gone. */
export function handleLinkClosed(context: Context, connectionId: ConnectionId): void {
  const { channels, agents } = context.state;
  const closed = channels.get(connectionId);
  channels.delete(connectionId);
  for (const { agentId } of closed?.values() ?? []) {
    const agent = agentId === undefined ? undefined : agents.get(agentId);
    if (agent?.link?.connectionId !== connectionId) continue;
    context.outbox.log('warn', 'agent disconnected', { agentId: agent.id });
    disconnectAgent(context, agent);
  }
}
