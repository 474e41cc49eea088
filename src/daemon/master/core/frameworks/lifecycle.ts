/**
 * Frameworks come, change, disconnect and are removed. The registry has agreed before anything here becomes visible;
 * the time of a disconnection is the exception, it is recorded afterwards. Source: spec page 01 ("Disconnection and
 * failover"), architecture, section 4.
 */
import { assert } from '../../../../base/assert.js';
import type { AllocatorFramework } from '../../../../offers/allocator/allocator.js';
import { sendToAgent } from '../agents/send.js';
import { HEARTBEAT_INTERVAL_MS } from '../limits.js';
import type { Context } from '../machine/context.js';
import { nextPeriodMs } from '../machine/periodic.js';
import { type FrameworkFacts, FrameworkRecord, type SchedulerStream } from '../model/framework.js';
import { discardInverseOffer } from '../offers/inverse-offer-book.js';
import { discardOffer, rescindOffer } from '../offers/offer-book.js';
import { publishFrameworkAdded, publishFrameworkUpdated } from '../operators/publish.js';
import { tellFramework } from '../watchers/tell.js';
import { touchSums } from '../watchers/usage.js';
import { notify } from './notify.js';

function allocatorFramework(framework: FrameworkRecord): AllocatorFramework {
  const { id, info, suppressedRoles, offerConstraints, active } = framework;
  return { id, info, suppressedRoles, offerConstraints, active };
}

/** A framework nobody is connected for: from the registry or from an agent's report. */
export function addRecoveredFramework(context: Context, facts: FrameworkFacts, id: string): FrameworkRecord {
  const framework = addRecord(context, facts, id);
  framework.recovered = true;
  context.allocator.addFramework(allocatorFramework(framework), new Map());
  publishFrameworkAdded(context, framework);
  tellFramework(context, framework, 'RECOVERED');
  return framework;
}

/** A new framework on its first stream. */
export function addFramework(context: Context, facts: FrameworkFacts, id: string, stream: SchedulerStream): void {
  const framework = addRecord(context, facts, id);
  framework.stream = stream;
  context.allocator.addFramework(allocatorFramework(framework), new Map());
  context.state.frameworksByStream.set(stream.connectionId, framework);
  greet(context, framework);
  publishFrameworkAdded(context, framework);
  tellFramework(context, framework, 'SUBSCRIBED');
  touchSums(context);
  context.allocation.requestNow(context.now.monotonicMs, 'all');
}

function addRecord(context: Context, facts: FrameworkFacts, id: string): FrameworkRecord {
  assert(!context.state.frameworks.has(id), 'a framework id is used once');
  const framework = new FrameworkRecord(id, facts, context.now.unixMs, context.config.maxCompletedTasksPerFramework);
  context.state.frameworks.set(id, framework);
  return framework;
}

/** A known framework on a new stream: the newcomer wins, whoever was there is told and cut. */
export function reconnectFramework(
  context: Context,
  framework: FrameworkRecord,
  facts: FrameworkFacts,
  stream: SchedulerStream,
): void {
  for (const offer of framework.offers.values()) discardOffer(context, offer, { outcome: 'RETURNED' });
  for (const offer of framework.inverseOffers.values()) discardInverseOffer(context, offer);
  if (framework.stream !== undefined) failOver(context, framework);
  context.timers.cancel(framework.failoverTimer);
  framework.failoverTimer = undefined;
  framework.removalAtUnixMs = undefined;
  framework.recovered = false;
  framework.backPressured = false;
  framework.reregisteredAtUnixMs = context.now.unixMs;
  framework.stream = stream;
  context.state.frameworksByStream.set(stream.connectionId, framework);
  applyFacts(context, framework, facts);
  context.allocator.setBackPressure(framework.id, false);
  context.allocator.activateFramework(framework.id);
  greet(context, framework);
  publishFrameworkUpdated(context, framework);
  tellFramework(context, framework, 'RESUBSCRIBED');
  touchSums(context);
  context.jobs.add(broadcast(context, framework));
  context.allocation.requestNow(context.now.monotonicMs, 'all');
}

function failOver(context: Context, framework: FrameworkRecord): void {
  const { stream } = framework;
  assert(stream !== undefined, 'a framework fails over from a stream');
  notify(context, framework, { type: 'ERROR', error: { message: 'Framework failed over' } });
  context.outbox.closeStream(stream.connectionId);
  detach(context, framework);
  // As after a disconnection: whoever subscribes begins without the filters of its predecessor.
  context.allocator.deactivateFramework(framework.id);
}

/** Takes the stream away; what follows decides what becomes of the framework. */
export function detach(context: Context, framework: FrameworkRecord): void {
  if (framework.stream === undefined) return;
  context.state.frameworksByStream.delete(framework.stream.connectionId);
  framework.stream = undefined;
  context.timers.cancel(framework.heartbeatTimer);
  framework.heartbeatTimer = undefined;
}

function greet(context: Context, framework: FrameworkRecord): void {
  notify(context, framework, {
    type: 'SUBSCRIBED',
    subscribed: {
      framework_id: { value: framework.id },
      heartbeat_interval_seconds: HEARTBEAT_INTERVAL_MS / 1000,
      master_info: context.masterInfo,
    },
  });
  heartbeat(context, framework, context.now.monotonicMs);
}

function heartbeat(context: Context, framework: FrameworkRecord, dueMs: number): void {
  notify(context, framework, { type: 'HEARTBEAT' });
  const nextMs = nextPeriodMs(dueMs, HEARTBEAT_INTERVAL_MS, context.now.monotonicMs);
  framework.heartbeatTimer = context.timers.arm(nextMs, () => heartbeat(context, framework, nextMs));
}

/** New facts of a framework whose stream stays as it is (UPDATE_FRAMEWORK). Returns nothing; agents hear of it. */
export function updateFramework(context: Context, framework: FrameworkRecord, facts: FrameworkFacts): void {
  applyFacts(context, framework, facts);
  publishFrameworkUpdated(context, framework);
  tellFramework(context, framework, 'CHANGED');
  touchSums(context);
  context.jobs.add(broadcast(context, framework));
  context.allocation.requestNow(context.now.monotonicMs, 'all');
}

function applyFacts(context: Context, framework: FrameworkRecord, facts: FrameworkFacts): void {
  const wasSuppressed = framework.suppressedRoles;
  framework.update(facts);
  const roles = new Set(framework.roles);
  for (const offer of framework.offers.values()) if (!roles.has(offer.role)) rescindOffer(context, offer);
  context.allocator.updateFramework(allocatorFramework(framework));
  const revived = framework.roles.filter((role) => wasSuppressed.has(role) && !facts.suppressedRoles.has(role));
  if (revived.length > 0) context.allocator.reviveRoles(framework.id, revived);
}

/** Tells the agents that run something of it; they also send unacknowledged updates again. One agent per unit. */
function* broadcast(context: Context, framework: FrameworkRecord): Generator<void, void> {
  for (const agentId of framework.holdings.keys()) {
    const agent = context.state.agents.get(agentId);
    if (agent !== undefined && !framework.removing)
      sendToAgent(context, agent, { update_framework: { framework_info: framework.info } });
    yield;
  }
}

/** Its stream ended. Offers come back, filters go, tasks stay. The caller arms what happens if it does not return. */
export function disconnectFramework(context: Context, framework: FrameworkRecord): void {
  detach(context, framework);
  for (const offer of framework.offers.values()) rescindOffer(context, offer, { outcome: 'RETURNED' });
  for (const offer of framework.inverseOffers.values()) discardInverseOffer(context, offer);
  context.allocator.deactivateFramework(framework.id);
  // A run that goes on may have decided something for it already, which is free again.
  context.allocation.requestAtInterval(context.now.monotonicMs);
}
