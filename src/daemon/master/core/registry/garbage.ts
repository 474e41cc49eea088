/**
 * Forgets unreachable and gone agents that are too old or too many (spec page 07, section 7.2): proposed to the
 * registry, applied when it agrees.
 */
import type * as mesos from '../../../../wire/gen/mesos.js';
import { int64ToNumber } from '../../../../wire/int64.js';
import type { Context } from '../machine/context.js';
import { tellAgentRemoved } from '../watchers/tell.js';

export function collectGarbage(context: Context): void {
  const { unreachableAgents, lostAgents, goneAgents, deactivatedAgents } = context.state;
  const unreachable = expired(context, unreachableAgents);
  const gone = expired(context, goneAgents);
  if (unreachable.length === 0 && gone.length === 0) return;
  const ids = (list: readonly string[]): mesos.AgentID[] => list.map((value) => ({ value }));
  const prune = { unreachable: ids(unreachable), gone: ids(gone) };
  context.registry.propose({ prune }, (result) => {
    if (!result.ok) {
      context.outbox.log('error', 'registry refused garbage collection', { reason: result.message });
      return;
    }
    for (const id of unreachable) {
      const isForgotten = unreachableAgents.delete(id);
      const info = lostAgents.get(id)?.info;
      lostAgents.delete(id);
      if (!isForgotten) continue;
      deactivatedAgents.delete(id);
      tellAgentRemoved(context, id, 'PRUNED', info);
    }
    for (const id of gone) goneAgents.delete(id);
    const fields = { unreachable: unreachable.length, gone: gone.length };
    context.outbox.log('info', 'registry garbage collected', fields);
  });
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
