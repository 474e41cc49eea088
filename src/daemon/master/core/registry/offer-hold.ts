/**
 * After an election with quotas nothing is offered until most agents are back (spec pages 06, 6.9, and 07, 7.3): guarantees
 * cannot be kept of a cluster that is half there, and what is offered meanwhile would not come back by itself.
 */
import type { Context } from '../machine/context.js';
import type { RegistryState } from '../protocol.js';

export function holdOffers(context: Context, { agents, quotas }: RegistryState): void {
  const { allocatorAgentRecoveryFactor: factor, allocatorRecoveryTimeoutMs: timeoutMs } = context.config;
  const expected = quotas.size === 0 ? 0 : Math.floor(agents.size * factor);
  if (expected === 0) return;
  context.allocator.pause();
  context.outbox.log('info', 'offers are held until agents are back: there are quotas', { expected, timeoutMs });
  const timeout = context.after(timeoutMs, () => release(context, 'the time is up'));
  context.state.offerHold = { expected, timeout };
}

/** An agent is in the books of the allocator. */
export function countReturn(context: Context): void {
  const { offerHold, agents } = context.state;
  if (offerHold === undefined || agents.size < offerHold.expected) return;
  context.timers.cancel(offerHold.timeout);
  release(context, 'enough agents are back');
}

function release(context: Context, reason: string): void {
  context.state.offerHold = undefined;
  context.allocator.resume();
  context.allocation.requestNow(context.now.monotonicMs, 'all');
  context.outbox.log('info', 'offers are no longer held', { reason, agents: context.state.agents.size });
}
