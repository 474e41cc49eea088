/**
 * Which agent speaks on which channel of which connection. An agent is on one channel at most; a channel carries one
 * agent at most.
 */
import { MAX_CHANNELS_PER_CONNECTION } from '../limits.js';
import type { Context } from '../machine/context.js';
import type { Channel } from '../machine/state.js';
import type { AgentLink, AgentRecord } from '../model/agent.js';
import type { ConnectionId } from '../protocol.js';

/** Whose HTTP server listens where; the last to say so has it. Two that are connected and say so keep their tasks. */
export function moveAddress(context: Context, agent: AgentRecord, address: string | undefined): void {
  const { agents, agentsByAddress } = context.state;
  const other = address === undefined ? undefined : agents.get(agentsByAddress.get(address) ?? '');
  if (other?.connected === true && other !== agent)
    context.outbox.log('error', 'two agents announce the same address: requests for one reach the other', {
      address,
      agentId: agent.id,
      otherAgentId: other.id,
    });
  if (agent.address !== undefined && agentsByAddress.get(agent.address) === agent.id)
    agentsByAddress.delete(agent.address);
  if (address !== undefined) agentsByAddress.set(address, agent.id);
}

export function findChannel(context: Context, link: AgentLink): Channel | undefined {
  return context.state.channels.get(link.connectionId)?.get(link.channel);
}

/** The channel of a frame; a channel opens with its first frame. undefined: the connection has too many. */
export function channelOf(context: Context, connectionId: ConnectionId, channel: number): Channel | undefined {
  const { channels } = context.state;
  const ofConnection = channels.get(connectionId) ?? new Map<number, Channel>();
  channels.set(connectionId, ofConnection);
  const known = ofConnection.get(channel);
  if (known !== undefined) return known;
  if (ofConnection.size >= MAX_CHANNELS_PER_CONNECTION) {
    context.outbox.closeChannel({ connectionId, channel });
    return undefined;
  }
  const made: Channel = {
    link: { connectionId, channel },
    agentId: undefined,
    registering: false,
    toldToReregister: false,
  };
  ofConnection.set(channel, made);
  return made;
}

/** Forgets the channel and tells the shell so. */
export function closeChannel(context: Context, link: AgentLink): void {
  const ofConnection = context.state.channels.get(link.connectionId);
  if (ofConnection?.delete(link.channel) !== true) return;
  if (ofConnection.size === 0) context.state.channels.delete(link.connectionId);
  context.outbox.closeChannel(link);
}

/** From here on frames of `channel` are the agent's; whatever other channel it had is closed. */
export function bindAgent(context: Context, agent: AgentRecord, channel: Channel): void {
  const before = agent.link;
  if (before !== undefined && before !== channel.link) closeChannel(context, before);
  agent.link = channel.link;
  channel.agentId = agent.id;
  channel.toldToReregister = false;
}

/** The agent is no longer registered; its channel lives on and is told so at its next frame. */
export function unbindAgent(context: Context, agent: AgentRecord): void {
  if (agent.link === undefined) return;
  const channel = findChannel(context, agent.link);
  if (channel !== undefined) channel.agentId = undefined;
  agent.link = undefined;
}
