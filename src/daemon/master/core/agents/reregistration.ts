/**
 * Reregister: an agent returns with everything it runs. What the master does depends on what it holds of it: registered
 * (reconcile both ways), recovered from the registry after an election, unreachable or unknown (admitted again; its
 * tasks become live and their frameworks are told), gone (shut down). Source: spec page 07, section 7.4.
 */
import { isRejection } from '../../../../base/rejection.js';
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import type * as registry from '../../../../wire/gen/mesoctl-registry.js';
import { notifyUpdate } from '../frameworks/notify.js';
import type { Context } from '../machine/context.js';
import type { Channel } from '../machine/state.js';
import type { AgentFacts, AgentRecord } from '../model/agent.js';
import { sameMessage } from '../model/equality.js';
import { reconcileOperations } from '../operations/book.js';
import { settleTotal } from '../operations/totals.js';
import { presentStatus } from '../tasks/status.js';
import { enterAgent } from './admission.js';
import { moveAddress } from './channels.js';
import { connectAgent } from './connection.js';
import { logRefusal } from './departure.js';
import { domainComplaint, factsOf } from './facts.js';
import { agentTurn } from './keys.js';
import { downComplaint } from './machine-mode.js';
import { askForShelved, reconcileAgent } from './reconciliation.js';
import { acknowledge, shutDown } from './registration.js';
import { sendToAgent } from './send.js';

interface Return {
  readonly channel: Channel;
  readonly message: link.Reregister;
  readonly agentId: string;
  readonly facts: AgentFacts;
}

export function handleReregister(context: Context, channel: Channel, message: link.Reregister, remoteIp: string): void {
  context.counters.add('messages_reregister_slave');
  const agentId = message.agent_info.id?.value ?? '';
  if (channel.registering) return;
  if (agentId === '') {
    shutDown(context, channel, 'an agent re-registers with its id');
    return;
  }
  const facts = factsOf(message, agentId, remoteIp);
  const { config, masterInfo } = context;
  const complaint = isRejection(facts)
    ? facts.message
    : domainComplaint(facts.info, masterInfo.domain, config.requireAgentDomain);
  if (isRejection(facts) || complaint !== undefined) {
    // It may run tasks: it is left alone rather than ended.
    context.outbox.log('warn', 're-registration ignored', { agentId, reason: complaint });
    return;
  }
  if (context.turns.isFull(agentTurn(agentId))) return;
  channel.registering = true;
  context.turns.take(agentTurn(agentId), (done) => returnInTurn(context, { channel, message, agentId, facts }, done));
}

function returnInTurn(context: Context, returning: Return, done: () => void): void {
  const { agentId, facts, channel } = returning;
  const known = context.state.agents.get(agentId);
  const objection = objectionTo(context, known, facts, agentId);
  if (objection !== undefined) {
    channel.registering = false;
    shutDown(context, channel, objection);
    done();
    return;
  }
  const operation = operationFor(context, known, agentId, facts);
  if (operation === undefined) {
    finish(context, returning, known);
    done();
    return;
  }
  context.registry.propose(operation, (result) => {
    if (result.ok) finish(context, returning, known);
    else {
      channel.registering = false;
      logRefusal(context, agentId, result.message);
    }
    done();
  });
}

function objectionTo(
  context: Context,
  known: AgentRecord | undefined,
  facts: AgentFacts,
  agentId: string,
): string | undefined {
  if (context.state.goneAgents.has(agentId)) return 'an operator marked this agent gone';
  const down = downComplaint(context, facts.info.hostname, facts.ip);
  if (down !== undefined || known === undefined) return down;
  if (known.info.hostname !== facts.info.hostname)
    return `the agent is known with hostname '${known.info.hostname}', not '${facts.info.hostname}'`;
  // The address of a link may change with the route; the one an agent announces may not.
  const announced = known.address !== undefined && facts.address !== undefined;
  return announced && known.ip !== facts.ip
    ? `the agent is known with address ${known.ip}, not ${facts.ip}`
    : undefined;
}

/** undefined: the registry holds it just so. */
function operationFor(
  context: Context,
  known: AgentRecord | undefined,
  agentId: string,
  { info }: AgentFacts,
): registry.Operation | undefined {
  const admitted = known?.info ?? context.state.recoveredAgents.get(agentId);
  if (admitted === undefined) return { mark_agent_reachable: { agent_info: info } };
  return sameMessage(admitted, info) ? undefined : { update_agent: { agent_info: info } };
}

function finish(context: Context, returning: Return, known: AgentRecord | undefined): void {
  const { agentId, facts } = returning;
  context.counters.add('slave_reregistrations');
  context.outbox.log('info', 'agent re-registered', { agentId, hostname: facts.info.hostname, ip: facts.ip });
  if (known === undefined) readmit(context, returning);
  else meetAgain(context, returning, known);
}

/** From the registry, from silence, or from nowhere: the books are made from its report. */
function readmit(context: Context, { agentId, facts, message, channel }: Return): void {
  const wasRecovered = context.state.recoveredAgents.has(agentId);
  const { agent, tasks, superseded } = enterAgent(context, agentId, facts, message);
  agent.reregisteredAtUnixMs = context.now.unixMs;
  acknowledge(context, channel, agentId, true);
  connectAgent(context, agent, channel, 'REREGISTERED');
  for (const kill_task of superseded) sendToAgent(context, agent, { kill_task });
  askForShelved(context, agent);
  greetFrameworks(context, agent, message);
  if (wasRecovered) return;
  for (const task of tasks) {
    const framework = context.state.frameworks.get(task.frameworkId);
    if (framework === undefined || task.isTerminal) continue;
    notifyUpdate(context, framework, presentStatus(context, task, 'REASON_AGENT_REREGISTERED'));
  }
}

/** The link was lost, or the agent restarted, within this master's time. */
function meetAgain(context: Context, { facts, message, channel }: Return, agent: AgentRecord): void {
  const changed = !sameMessage(agent.info, facts.info) || !sameMessage(agent.capabilities, facts.capabilities);
  moveAddress(context, agent, facts.address);
  agent.update({ ...facts, total: agent.total });
  agent.reregisteredAtUnixMs = context.now.unixMs;
  if (changed) {
    const { info, capabilitySet: capabilities } = agent;
    context.allocator.updateAgent(agent.id, { info, capabilities });
  }
  acknowledge(context, channel, agent.id, true);
  connectAgent(context, agent, channel, 'REREGISTERED');
  reconcileOperations(context, agent, message.operations ?? []);
  settleTotal(context, agent, facts.total);
  reconcileAgent(context, agent, message);
  greetFrameworks(context, agent, message);
}

/** The frameworks it runs something of: removed ones end there, living ones have their present info sent. */
function greetFrameworks(context: Context, agent: AgentRecord, { frameworks }: link.Reregister): void {
  for (const { id } of frameworks ?? []) {
    if (id === undefined) continue;
    const framework = context.state.frameworks.get(id.value);
    if (context.state.tombstones.has(id.value))
      sendToAgent(context, agent, { shutdown_framework: { framework_id: id } });
    else if (framework?.connected === true)
      sendToAgent(context, agent, { update_framework: { framework_info: framework.info } });
  }
}
