/**
 * From the election on: the books as the registry has them, and what happens to those who do not come back. Admitted
 * agents have `agentReregisterTimeoutMs` to re-register. Frameworks that were connected when the last leader died have
 * max(failover_timeout, agentReregisterTimeoutMs); those that were away already keep their deadline, but at least 60 s
 * (architecture, section 4; spec page 07, section 7.3).
 */
import { assert } from '../../../../base/assert.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { int64ToNumber } from '../../../../wire/int64.js';
import { expireRecovered } from '../agents/expiry.js';
import { addRecoveredFramework } from '../frameworks/lifecycle.js';
import { addTombstone, awaitReturn, failoverTimeoutMs } from '../frameworks/removal.js';
import { MIN_GRACE_MS } from '../limits.js';
import type { Context } from '../machine/context.js';
import type { MasterEvent, RegistryState } from '../protocol.js';
import { collectGarbage } from './garbage.js';
import { holdOffers } from './offer-hold.js';
import { recoverQuotas } from './quota.js';
import { recoverWeights } from './weights.js';

type RecoveredFramework = RegistryState['frameworks'] extends ReadonlyMap<string, infer Value> ? Value : never;
type ElectedEvent = Extract<MasterEvent, { kind: 'elected' }>;

export function handleElected(context: Context, { term, registry }: ElectedEvent): void {
  const { state, config } = context;
  assert(state.electedAtUnixMs === undefined, 'a master is elected once');
  state.term = term;
  state.electedAtUnixMs = context.now.unixMs;
  recoverWeights(context, registry.weights);
  for (const [id, info] of registry.agents) state.recoveredAgents.set(id, info);
  for (const [id, since] of registry.unreachable) state.unreachableAgents.set(id, since);
  for (const [id, since] of registry.gone) state.goneAgents.set(id, since);
  recoverOperators(context, registry);
  for (const id of registry.tombstones.keys()) addTombstone(context, id);
  for (const [id, registered] of registry.frameworks) recoverFramework(context, id, registered);
  const admitted = registry.agents.size;
  if (admitted > 0) context.after(config.agentReregisterTimeoutMs, () => expireRecovered(context, admitted));
  scheduleGarbageCollection(context);
  const fields = { term, agents: admitted, frameworks: registry.frameworks.size };
  context.outbox.log('info', 'elected', fields);
}

/** What operators asked for; the allocator hears of deactivated agents when they are back. */
function recoverOperators(context: Context, registry: RegistryState): void {
  const { state } = context;
  for (const [id, deactivation] of registry.deactivated) state.deactivatedAgents.set(id, deactivation);
  // An agent that was drained to be marked gone is so, also when the last leader died in between.
  for (const [id, { drain }] of registry.deactivated) if (drain?.state === 'DRAINED') state.maybeDrained.add(id);
  for (const [key, info] of registry.machines) state.machines.set(key, info);
  state.maintenanceSchedule = registry.schedule;
  recoverQuotas(context, registry.quotas);
  holdOffers(context, registry);
}

function recoverFramework(context: Context, id: string, { info, disconnectedAt }: RecoveredFramework): void {
  const { state, config } = context;
  state.registeredFrameworks.set(id, { info, disconnected: disconnectedAt !== undefined });
  const facts = {
    info: { ...info, id: { value: id } },
    suppressedRoles: new Set<string>(),
    offerConstraints: undefined,
  };
  const framework = addRecoveredFramework(context, facts, id);
  const timeoutMs = failoverTimeoutMs(framework);
  const graceMs =
    disconnectedAt === undefined
      ? Math.max(timeoutMs, config.agentReregisterTimeoutMs)
      : Math.max(unixMsOf(disconnectedAt) + timeoutMs - context.now.unixMs, MIN_GRACE_MS);
  awaitReturn(context, framework, graceMs);
}

function unixMsOf({ nanoseconds }: mesos.TimeInfo): number {
  return int64ToNumber(nanoseconds) / 1e6;
}

function scheduleGarbageCollection(context: Context): void {
  context.after(context.config.registryGcIntervalMs, () => {
    collectGarbage(context);
    scheduleGarbageCollection(context);
  });
}
