/**
 * Agents that the registry had and that did not re-register after the election: marked unreachable, many in one proposal
 * or, with a removal limit, one per permit. If more are missing than `recoveryAgentRemovalLimitPercent` allows, something
 * is wrong with this master rather than with them, and it steps down. Source: spec page 07, section 7.3.
 */
import { present } from '../../../../base/assert.js';
import type * as registry from '../../../../wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { MAX_OPERATIONS_PER_PROPOSAL } from '../limits.js';
import type { Context } from '../machine/context.js';
import { timeInfo } from '../snapshot.js';
import { tellAgent } from '../watchers/tell.js';
import { logRefusal, notifyLost, rememberLost } from './departure.js';
import { agentTurn } from './keys.js';

/** `admitted`: how many agents the registry had at the election. */
export function expireRecovered(context: Context, admitted: number): void {
  const { recoveredAgents } = context.state;
  const missing = [...recoveredAgents.keys()].filter((id) => !context.turns.isBusy(agentTurn(id)));
  if (missing.length === 0) return;
  const { recoveryAgentRemovalLimitPercent: limit, agentRemovalRateLimit } = context.config;
  const percent = (missing.length / admitted) * 100;
  if (percent > limit) {
    const message = `${missing.length} of ${admitted} agents did not re-register, more than the ${limit}% that may be removed`;
    context.outbox.push({ type: 'now', kind: 'abdicate', message });
    return;
  }
  context.outbox.log('warn', 'agents did not re-register', { missing: missing.length, admitted });
  if (agentRemovalRateLimit === undefined) context.jobs.add(expireInBatches(context, missing));
  else for (const id of missing) expireWhenPermitted(context, id);
}

function* expireInBatches(context: Context, missing: readonly string[]): Generator<void, void> {
  for (let from = 0; from < missing.length; from += MAX_OPERATIONS_PER_PROPOSAL) {
    expireNow(context, missing.slice(from, from + MAX_OPERATIONS_PER_PROPOSAL));
    yield;
  }
}

function expireWhenPermitted(context: Context, agentId: string): void {
  context.removals.acquire(context.now.monotonicMs, agentId, () => expireNow(context, [agentId]));
}

function expired(context: Context, agentId: string, since: mesos.TimeInfo): void {
  const { recoveredAgents } = context.state;
  const info = present(recoveredAgents.get(agentId), 'an agent whose turn is taken stays where it is');
  recoveredAgents.delete(agentId);
  const unknown = { version: undefined, ip: undefined, registeredAtUnixMs: undefined, total: undefined };
  rememberLost(context, agentId, since, { info, ...unknown });
  context.counters.add('recovery_slave_removals');
  notifyLost(context, agentId);
  tellAgent(context, agentId, 'UNREACHABLE', 'the agent did not re-register after the election');
}

/** Whoever is back, or being dealt with, is left out. */
function expireNow(context: Context, agentIds: readonly string[]): void {
  const { recoveredAgents } = context.state;
  const ids = agentIds.filter((id) => recoveredAgents.has(id) && !context.turns.isBusy(agentTurn(id)));
  if (ids.length === 0) return;
  const ends: (() => void)[] = [];
  for (const id of ids) context.turns.take(agentTurn(id), (done) => ends.push(done));
  const unreachable_time = timeInfo(context.now.unixMs);
  const operations: registry.Operation[] = ids.map((value) => ({
    mark_agent_unreachable: { agent_id: { value }, unreachable_time },
  }));
  context.registry.proposeAll(operations, (results) => {
    for (const [i, id] of ids.entries()) {
      const result = results[i];
      if (result?.ok === true) {
        expired(context, id, unreachable_time);
      } else logRefusal(context, id, result?.message ?? '');
    }
    for (const end of ends) end();
  });
}
