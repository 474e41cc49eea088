/**
 * Pings, and what silence means: after `maxAgentPingTimeouts` unanswered pings, or `agentReregisterTimeoutMs` without a
 * link, an agent is marked unreachable, as fast as the removal limiter allows; any sign of life before that calls it
 * off. An agent without a link cannot answer, so its pings count as missed. Source: spec page 07, section 7.4.
 */
import type { Context } from '../machine/context.js';
import { nextPeriodMs } from '../machine/periodic.js';
import type { AgentRecord } from '../model/agent.js';
import { markUnreachable } from './departure.js';
import { sendToAgent } from './send.js';

/** Begins at a random time within the interval, so that agents which registered together are not pinged together. */
export function watchAgent(context: Context, agent: AgentRecord): void {
  const delayMs = Math.floor(context.random.next() * context.config.agentPingTimeoutMs);
  const firstMs = context.now.monotonicMs + delayMs;
  agent.pingTimer = context.timers.arm(firstMs, () => ping(context, agent, firstMs));
}

function ping(context: Context, agent: AgentRecord, dueMs: number): void {
  const { agentPingTimeoutMs, maxAgentPingTimeouts } = context.config;
  const nextMs = nextPeriodMs(dueMs, agentPingTimeoutMs, context.now.monotonicMs);
  agent.pingTimer = context.timers.arm(nextMs, () => ping(context, agent, nextMs));
  if (agent.awaitsPong) agent.missedPings++;
  agent.awaitsPong = true;
  sendToAgent(context, agent, { ping: { connected: true } });
  if (agent.missedPings >= maxAgentPingTimeouts) giveUp(context, agent, 'the agent did not answer pings');
}

export function handleSignOfLife(context: Context, agent: AgentRecord): void {
  agent.missedPings = 0;
  agent.awaitsPong = false;
  agent.signsOfLife++;
  if (!agent.awaitsRemoval) return;
  agent.awaitsRemoval = false;
  if (context.removals.cancel(agent.id)) context.counters.add('slave_unreachable_canceled');
}

/** The link is gone; the agent has this long to re-register. */
export function awaitReregistration(context: Context, agent: AgentRecord): void {
  context.timers.cancel(agent.reregisterTimer);
  agent.reregisterTimer = context.after(context.config.agentReregisterTimeoutMs, () => {
    agent.reregisterTimer = undefined;
    giveUp(context, agent, 'the agent did not re-register in time');
  });
}

function giveUp(context: Context, agent: AgentRecord, why: string): void {
  if (agent.awaitsRemoval) return;
  agent.awaitsRemoval = true;
  context.counters.add('slave_unreachable_scheduled');
  context.removals.acquire(context.now.monotonicMs, agent.id, () => markUnreachable(context, agent, why));
}
