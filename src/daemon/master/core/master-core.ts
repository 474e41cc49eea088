/**
 * The master's decision machine: events in, effects out (base/core.ts). A step takes its events in order, then runs due
 * timers, then sliced work and the allocator within its budget; what is left over asks for another step. Nothing here
 * does I/O, reads a clock or draws randomness of its own (architecture, section 2).
 */
import { assert, unreachable } from '../../../base/assert.js';
import type { Instant } from '../../../base/clock.js';
import { handleLinkClosed } from './agents/connection.js';
import { settleDrains } from './agents/drain.js';
import { handleAgentFrame } from './agents/frames.js';
import { DEFAULT_STEP_BUDGET } from './limits.js';
import { Context } from './machine/context.js';
import { allocateSlice } from './offers/allocate.js';
import { handleOperatorCall } from './operators/calls.js';
import { checkCall } from './operators/check-call.js';
import { handleExtensionCall } from './operators/kill-task.js';
import { handleOperatorClosed, handleOperatorSubscribe } from './operators/subscribers.js';
import type { MasterCore, MasterCoreOptions } from './options.js';
import type { MasterEffect, MasterEvent } from './protocol.js';
import { handleElected } from './registry/election.js';
import { handleSchedulerCall } from './schedulers/calls.js';
import { handleBacklog, handleClosed, handleSubscribe } from './schedulers/subscribe.js';
import type { MasterView } from './view.js';
import { closeEvent } from './watchers/broadcast.js';
import { handleWatch, handleWatchBacklog, handleWatchClosed } from './watchers/subscribe.js';

const BEFORE_ELECTION: ReadonlySet<MasterEvent['kind']> = new Set<MasterEvent['kind']>([
  'elected',
  'whitelist',
  'tick',
]);

export function createMasterCore(options: MasterCoreOptions): MasterCore {
  return new StateMachine(options);
}

class StateMachine implements MasterCore {
  readonly view: MasterView;
  readonly #context: Context;
  readonly #stepBudget: number;
  #hasMore = false;

  constructor(options: MasterCoreOptions) {
    this.#context = new Context(options);
    this.#stepBudget = options.stepBudget ?? DEFAULT_STEP_BUDGET;
    this.view = this.#context.view;
  }

  step(events: readonly MasterEvent[], now: Instant): readonly MasterEffect[] {
    const context = this.#context;
    context.now = now;
    for (const event of events) this.#handle(event);
    this.#runTimers(now.monotonicMs);
    const hasJobs = context.jobs.run(this.#stepBudget);
    settleDrains(context);
    const hasOffers = allocateSlice(context);
    closeEvent(context);
    this.#hasMore = hasJobs || hasOffers;
    if (this.#hasMore) context.outbox.push({ type: 'now', kind: 'continue' });
    return context.outbox.take();
  }

  nextDeadlineMs(): number | undefined {
    if (this.#hasMore) return this.#context.now.monotonicMs;
    return this.#context.timers.nextDeadlineMs();
  }

  #runTimers(nowMs: number): void {
    for (;;) {
      const run = this.#context.timers.pop(nowMs);
      if (run === undefined) return;
      run();
    }
  }

  #handle(event: MasterEvent): void {
    const context = this.#context;
    const isElected = context.state.electedAtUnixMs !== undefined;
    assert(isElected || BEFORE_ELECTION.has(event.kind), 'a master acts only once it is elected');
    if ('requestId' in event) context.outbox.openExchange(event.requestId);
    switch (event.kind) {
      case 'elected':
        handleElected(context, event);
        break;
      case 'scheduler-subscribe':
        handleSubscribe(context, event);
        break;
      case 'scheduler-call':
        handleSchedulerCall(context, event);
        break;
      case 'scheduler-closed':
        handleClosed(context, event.connectionId, event.overflow ?? false);
        break;
      case 'scheduler-backlog':
        handleBacklog(context, event.connectionId, event.high);
        break;
      case 'operator-subscribe':
        handleOperatorSubscribe(context, this.view, event);
        break;
      case 'operator-closed':
        handleOperatorClosed(context, event.connectionId);
        break;
      case 'operator-call':
        handleOperatorCall(context, event);
        break;
      case 'watch':
        handleWatch(context, event);
        break;
      case 'watch-closed':
        handleWatchClosed(context, event.connectionId);
        break;
      case 'watch-backlog':
        handleWatchBacklog(context, event.connectionId, event.high);
        break;
      case 'extension-call':
        if (event.call.check === undefined) handleExtensionCall(context, event);
        else checkCall(context, event.requestId, event.call.check);
        break;
      case 'agent-frame':
        handleAgentFrame(context, event);
        break;
      case 'agent-link-closed':
        handleLinkClosed(context, event.connectionId);
        break;
      case 'registry-applied':
        context.registry.applied(event.proposalId, event.results);
        break;
      case 'whitelist':
        context.allocator.updateWhitelist(event.hostnames);
        context.allocation.requestNow(context.now.monotonicMs, 'all');
        break;
      case 'tick':
        break;
      default:
        unreachable(event);
    }
  }
}
