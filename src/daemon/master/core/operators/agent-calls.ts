/**
 * Operator calls about one agent: MARK_AGENT_GONE, DRAIN_AGENT, DEACTIVATE_AGENT, REACTIVATE_AGENT. Answered when the registry has
 * the change; changes of one agent are made one after the other, each judged when it is its turn. Source: spec page 03, 3.1.
 */
import { type Rejection, reject } from '../../../../base/rejection.js';
import type * as master from '../../../../wire/gen/master.js';
import type * as registry from '../../../../wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { canonicalInt64 } from '../../../../wire/int64.js';
import { deactivate, reactivate } from '../agents/drain.js';
import { markGone as makeGone } from '../agents/gone.js';
import { agentTurn } from '../agents/keys.js';
import type { Context } from '../machine/context.js';
import { findMachineOf } from '../model/machine-id.js';
import { machineName } from '../model/maintenance-plan.js';
import type { RequestId } from '../protocol.js';

export function markAgentGone(context: Context, requestId: RequestId, agentId: string): void {
  if (context.state.goneAgents.has(agentId)) {
    context.outbox.respond(requestId, 200);
    return;
  }
  if (!isKnown(context, agentId)) {
    context.outbox.refuse(requestId, 404, reject('not-found', `agent '${agentId}' is not known`));
    return;
  }
  if (context.turns.isBusy(agentTurn(agentId))) {
    const message = `another change of agent '${agentId}' is under way: try again`;
    context.outbox.refuseUnavailable(requestId, message);
    return;
  }
  makeGone(context, agentId, (result) => {
    if (result.ok) context.outbox.respond(requestId, 200);
    else context.outbox.refuse(requestId, 409, reject('conflict', `the registry refused: ${result.message}`));
  });
}

/** `max_grace_period` was validated. */
export function drainAgent(context: Context, requestId: RequestId, call: master.Call_DrainAgent): void {
  const { agent_id, max_grace_period: grace, mark_gone } = call;
  const config: mesos.DrainConfig = {
    max_grace_period: grace === undefined ? undefined : { nanoseconds: nanosecondsOf(grace) },
    mark_gone,
  };
  change(context, requestId, {
    agentId: agent_id.value,
    operation: { drain_agent: { agent_id, config } },
    objection: () => drainObjection(context, agent_id.value),
    apply: () => {
      context.outbox.log('info', 'agent drains', { agentId: agent_id.value, markGone: mark_gone === true });
      deactivate(context, agent_id.value, { drain: { state: 'DRAINING', config } });
    },
  });
}

/** What DRAIN_AGENT would be refused with now. */
export function drainRefusal(context: Context, agentId: string): Complaint | undefined {
  if (context.state.markingGone.has(agentId)) return beingMarkedGone(agentId);
  const rejection = isKnown(context, agentId) ? drainObjection(context, agentId) : unknownAgent(agentId);
  return rejection === undefined ? undefined : { status: 400, rejection };
}

export function deactivateAgent(context: Context, requestId: RequestId, agent_id: mesos.AgentID): void {
  const agentId = agent_id.value;
  change(context, requestId, {
    agentId,
    operation: { deactivate_agent: { agent_id } },
    objection: () => undefined,
    apply: () => {
      const before = context.state.deactivatedAgents.get(agentId);
      if (before !== undefined) return;
      context.outbox.log('info', 'agent deactivated', { agentId });
      deactivate(context, agentId, {});
    },
  });
}

export function reactivateAgent(context: Context, requestId: RequestId, agent_id: mesos.AgentID): void {
  const agentId = agent_id.value;
  change(context, requestId, {
    agentId,
    operation: { reactivate_agent: { agent_id } },
    objection: () => {
      const deactivation = context.state.deactivatedAgents.get(agentId);
      if (deactivation === undefined) return invalid(`Agent '${agentId}' is not deactivated`);
      return deactivation.drain?.state === 'DRAINING'
        ? invalid(`Agent '${agentId}' is still draining: it can be reactivated when it is drained`)
        : undefined;
    },
    apply: () => {
      context.outbox.log('info', 'agent reactivated', { agentId });
      reactivate(context, agentId);
    },
  });
}

interface Complaint {
  readonly status: 400 | 409;
  readonly rejection: Rejection;
}

interface AgentChange {
  readonly agentId: string;
  readonly operation: registry.Operation;
  /** Why not, as of now. */
  objection(): Rejection | undefined;
  /** The registry has it. */
  apply(): void;
}

function change(context: Context, requestId: RequestId, { agentId, operation, objection, apply }: AgentChange): void {
  const { outbox, turns, state } = context;
  if (state.markingGone.has(agentId)) {
    const { status, rejection } = beingMarkedGone(agentId);
    outbox.refuse(requestId, status, rejection);
    return;
  }
  if (turns.isFull(agentTurn(agentId))) {
    outbox.refuseUnavailable(requestId, `too many changes of agent '${agentId}' are waiting: try again later`);
    return;
  }
  turns.take(agentTurn(agentId), (done) => {
    const complaint = isKnown(context, agentId) ? objection() : unknownAgent(agentId);
    if (complaint !== undefined) {
      outbox.refuse(requestId, 400, complaint);
      done();
      return;
    }
    context.registry.propose(operation, (result) => {
      if (result.ok) {
        apply();
        outbox.respond(requestId, 200);
      } else outbox.refuse(requestId, 409, reject('conflict', `the registry refused: ${result.message}`));
      done();
    });
  });
}

function drainObjection(context: Context, agentId: string): Rejection | undefined {
  const { agents, recoveredAgents, lostAgents, machines } = context.state;
  const agent = agents.get(agentId);
  const lost = lostAgents.get(agentId);
  const hostname = (agent?.info ?? recoveredAgents.get(agentId) ?? lost?.info)?.hostname;
  const machine = hostname === undefined ? undefined : findMachineOf(machines, hostname, agent?.ip ?? lost?.ip ?? '');
  if (machine !== undefined)
    return invalid(
      `Agent '${agentId}' cannot be drained: its machine ${machineName(machine.id)} is in the maintenance schedule`,
    );
  return agent === undefined || agent.capabilitySet.has('AGENT_DRAINING')
    ? undefined
    : invalid(`Agent '${agentId}' is not capable of draining (AGENT_DRAINING)`);
}

/** Registered, recovered or unreachable. */
function isKnown({ state }: Context, agentId: string): boolean {
  return state.agents.has(agentId) || state.recoveredAgents.has(agentId) || state.unreachableAgents.has(agentId);
}

function beingMarkedGone(agentId: string): Complaint {
  return { status: 409, rejection: reject('conflict', `Agent '${agentId}' is being marked gone`) };
}

function unknownAgent(agentId: string): Rejection {
  return invalid(`Unknown agent '${agentId}'`);
}

function invalid(message: string): Rejection {
  return reject('invalid', message);
}

function nanosecondsOf({ seconds = 0, nanos = 0 }: NonNullable<master.Call_DrainAgent['max_grace_period']>) {
  return canonicalInt64(BigInt(seconds) * 1_000_000_000n + BigInt(nanos));
}
