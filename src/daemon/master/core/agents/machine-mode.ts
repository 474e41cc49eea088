/**
 * What the maintenance of its machine means for an agent (spec page 07, section 7.8): on a machine that is DRAINING it is offered
 * with its unavailability and those who hold something of it are asked to leave; on one that is DOWN it is shut down, and
 * registers in vain until the maintenance is stopped.
 */
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import { sameMessage } from '../model/equality.js';
import { findMachineOf } from '../model/machine-id.js';
import { machineName } from '../model/maintenance-plan.js';
import { rescindInverseOffer } from '../offers/inverse-offer-book.js';
import { rescindOffer } from '../offers/offer-book.js';
import { findChannel } from './channels.js';
import { removeAgent } from './departure.js';
import { sendToAgent } from './send.js';

/** Why no agent of that machine may register now. */
export function downComplaint(context: Context, hostname: string, ip: string): string | undefined {
  const machine = findMachineOf(context.state.machines, hostname, ip);
  return machine?.mode === 'DOWN' ? `machine ${machineName(machine.id)} is down for maintenance` : undefined;
}

/** Brings the agent in line with the schedule of now. Does nothing when it is. */
export function settleMachine(context: Context, agent: AgentRecord): void {
  const before = agent.machine;
  agent.machine = findMachineOf(context.state.machines, agent.info.hostname, agent.ip);
  const { machine, unavailability } = agent;
  if (machine?.mode === 'DOWN') {
    if (before?.mode !== 'DOWN') takeDown(context, agent, machine);
    return;
  }
  if (sameMessage(before?.unavailability, unavailability)) return;
  // In their offers is another time, or none.
  for (const offer of agent.offers.values()) rescindOffer(context, offer);
  for (const offer of agent.inverseOffers.values()) rescindInverseOffer(context, offer);
  context.allocator.updateUnavailability(agent.id, unavailability);
  context.allocation.requestNow(context.now.monotonicMs, agent.id);
}

/** Nothing more of it is offered; its tasks are killed and TASK_LOST. */
function takeDown(context: Context, agent: AgentRecord, { id }: mesos.MachineInfo): void {
  const message = `machine ${machineName(id)} is down for maintenance`;
  context.allocator.deactivateAgent(agent.id);
  for (const offer of agent.offers.values()) rescindOffer(context, offer);
  for (const offer of agent.inverseOffers.values()) rescindInverseOffer(context, offer);
  sendToAgent(context, agent, { shutdown: { message } });
  const channel = agent.link === undefined ? undefined : findChannel(context, agent.link);
  if (channel !== undefined) channel.toldToReregister = true;
  removeAgent(context, agent, 'machine-down');
}
