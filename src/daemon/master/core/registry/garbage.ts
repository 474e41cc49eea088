/**
 * Forgets unreachable and gone agents that are too old or too many, oldest first (spec page 07, section 7.2): proposed to the
 * registry in lots, so that no entry of its log is too large, and applied when it agrees.
 */
import type * as mesos from '../../../../wire/gen/mesos.js';
import { int64ToNumber } from '../../../../wire/int64.js';
import { MAX_AGENTS_PER_PRUNE } from '../limits.js';
import type { Context } from '../machine/context.js';
import { tellAgentRemoved } from '../watchers/tell.js';

export function collectGarbage(context: Context): void {
  const { unreachableAgents, goneAgents } = context.state;
  for (const ids of lotsOf(expired(context, unreachableAgents)))
    prune(context, 'unreachable', ids, () => {
      for (const id of ids) forgetUnreachable(context, id);
    });
  for (const ids of lotsOf(expired(context, goneAgents)))
    prune(context, 'gone', ids, () => {
      for (const id of ids) goneAgents.delete(id);
    });
}

function prune(context: Context, which: 'unreachable' | 'gone', ids: readonly string[], onAgreed: () => void): void {
  const agentIds = ids.map((value): mesos.AgentID => ({ value }));
  context.registry.propose({ prune: { [which]: agentIds } }, (result) => {
    if (!result.ok) {
      context.outbox.log('error', 'registry refused garbage collection', { reason: result.message });
      return;
    }
    onAgreed();
    context.outbox.log('info', 'registry garbage collected', { [which]: ids.length });
  });
}

/** Unless it is back by now. */
function forgetUnreachable(context: Context, id: string): void {
  const { unreachableAgents, lostAgents, deactivatedAgents } = context.state;
  const isForgotten = unreachableAgents.delete(id);
  const info = lostAgents.get(id)?.info;
  lostAgents.delete(id);
  if (!isForgotten) return;
  deactivatedAgents.delete(id);
  tellAgentRemoved(context, id, 'PRUNED', info);
}

function* lotsOf(ids: readonly string[]): Generator<readonly string[], void> {
  for (let from = 0; from < ids.length; from += MAX_AGENTS_PER_PRUNE)
    yield ids.slice(from, from + MAX_AGENTS_PER_PRUNE);
}

function expired(context: Context, agents: ReadonlyMap<string, mesos.TimeInfo>): string[] {
  const { registryMaxAgentAgeMs, registryMaxAgentCount } = context.config;
  const oldestFirst = Array.from(agents, ([id, { nanoseconds }]) => ({
    id,
    sinceMs: int64ToNumber(nanoseconds) / 1e6,
  }));
  oldestFirst.sort((a, b) => a.sinceMs - b.sinceMs);
  const tooMany = oldestFirst.length - registryMaxAgentCount;
  const limitMs = context.now.unixMs - registryMaxAgentAgeMs;
  return oldestFirst.filter(({ sinceMs }, i) => i < tooMany || sinceMs < limitMs).map(({ id }) => id);
}
