/**
 * Register: a new agent is admitted under a new id once the registry has it. The same agent asking again, because the
 * answer was lost, gets its id again. Source: spec page 07, section 7.4.
 */
import { isRejection } from '../../../../base/rejection.js';
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import type { Context } from '../machine/context.js';
import type { Channel } from '../machine/state.js';
import type { AgentFacts, AgentRecord } from '../model/agent.js';
import { sameMessage } from '../model/equality.js';
import { reconcileOperations } from '../operations/book.js';
import { settleTotal } from '../operations/totals.js';
import { enterAgent } from './admission.js';
import { connectAgent } from './connection.js';
import { logRefusal, removeAgent } from './departure.js';
import { domainComplaint, factsOf } from './facts.js';
import { agentTurn } from './keys.js';
import { downComplaint } from './machine-mode.js';

export function handleRegister(context: Context, channel: Channel, message: link.Register, remoteIp: string): void {
  context.counters.add('messages_register_slave');
  if (channel.registering) return;
  const bound = channel.agentId === undefined ? undefined : context.state.agents.get(channel.agentId);
  if (bound !== undefined) {
    acknowledge(context, channel, bound.id, false);
    return;
  }
  const { config, masterInfo } = context;
  const facts = factsOf(message, '', remoteIp);
  const complaint = isRejection(facts)
    ? facts.message
    : (domainComplaint(facts.info, masterInfo.domain, config.requireAgentDomain) ??
      downComplaint(context, facts.info.hostname, facts.ip));
  if (isRejection(facts) || complaint !== undefined) {
    // A new agent runs nothing, so ending it is the clearest answer.
    shutDown(context, channel, complaint ?? 'the registration is invalid');
    return;
  }
  const predecessor = findPredecessor(context, facts);
  if (predecessor === undefined) {
    admit(context, channel, facts);
    return;
  }
  if (isSameAgent(predecessor, facts)) {
    acknowledge(context, channel, predecessor.id, false);
    connectAgent(context, predecessor, channel, 'REGISTERED');
    // What it was sent in between it has not heard of.
    reconcileOperations(context, predecessor, []);
    settleTotal(context, predecessor, facts.total);
    return;
  }
  if (predecessor.connected) {
    shutDown(context, channel, takenAddress(predecessor));
    return;
  }
  channel.registering = true;
  removeAgent(context, predecessor, 'registered', () => admit(context, channel, facts));
}

/** Its tasks run: it is not given up for somebody who only says to be where it is. */
function takenAddress({ address, id, info }: AgentRecord): string {
  return `agent ${id} (${info.hostname}) is connected and has the address ${address} already: give this one another --port or --ip, or --advertise-port or --advertise-ip`;
}

/** Whoever listened on the address before cannot listen there any more, unless it is still heard. */
function findPredecessor(context: Context, { address }: AgentFacts): AgentRecord | undefined {
  const agentId = address === undefined ? undefined : context.state.agentsByAddress.get(address);
  return agentId === undefined ? undefined : context.state.agents.get(agentId);
}

/** It never ran anything and says the same of itself: it is the one that did not get our answer. */
function isSameAgent(known: AgentRecord, facts: AgentFacts): boolean {
  if (known.holdings.size > 0 || !sameMessage({ ...known.info, id: undefined }, { ...facts.info, id: undefined }))
    return false;
  // One that is connected may be another process that looks just like it.
  return !known.connected || known.instance === facts.instance;
}

function admit(context: Context, channel: Channel, unnamed: AgentFacts): void {
  channel.registering = true;
  const agentId = context.state.newAgentId();
  const facts = { ...unnamed, info: { ...unnamed.info, id: { value: agentId } } };
  context.turns.take(agentTurn(agentId), (done) => {
    context.registry.propose({ admit_agent: { agent_info: facts.info } }, (result) => {
      channel.registering = false;
      if (result.ok) {
        const { agent } = enterAgent(context, agentId, facts, {});
        context.counters.add('slave_registrations');
        context.outbox.log('info', 'agent registered', { agentId, hostname: facts.info.hostname, ip: facts.ip });
        acknowledge(context, channel, agentId, false);
        connectAgent(context, agent, channel, 'REGISTERED');
      } else logRefusal(context, agentId, result.message);
      done();
    });
  });
}

export function acknowledge(context: Context, channel: Channel, agentId: string, reregistered: boolean): void {
  const registered = { agent_id: { value: agentId }, master_info: context.masterInfo, reregistered };
  context.outbox.agentMessage(channel.link, { registered });
}

export function shutDown(context: Context, channel: Channel, message: string): void {
  context.outbox.log('warn', 'agent told to shut down', { ...channel.link, reason: message });
  context.outbox.agentMessage(channel.link, { shutdown: { message } });
}
