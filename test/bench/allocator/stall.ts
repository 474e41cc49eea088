/**
 * How long the event loop stands still while allocation runs in the slices of the master core: one turn of the loop a
 * step, as the master's shell does it, OFFERS encoded as the shell would. In each round all frameworks have declined what
 * they held with a filter, so each run offers every agent anew. perf_hooks.monitorEventLoopDelay sees the same from outside.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { encodeEvent } from '../../../src/daemon/http/api-call.js';
import type { ConnectionId, MasterEvent } from '../../../src/daemon/master/core/protocol.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import * as scheduler from '../../../src/wire/gen/scheduler.js';
import { ALLOCATION_INTERVAL_MS, CoreDriver, registration, schedulerCall, subscription } from './core-driver.js';
import { type Sample, timed } from './samples.js';

export interface StallResult {
  readonly agents: number;
  readonly frameworks: number;
  readonly offers: number;
  /** Of all rounds. */
  readonly steps: readonly Sample[];
  readonly longestDelayMs: number;
  readonly p99DelayMs: number;
}

const EVENTS_PER_STEP = 100;
const DECLINE_SECONDS = 3_600;
const NS_PER_MS = 1e6;

interface Scheduler {
  readonly connectionId: ConnectionId;
  frameworkId: string;
  readonly offers: mesos.Offer[];
}

export async function measureStall(agents: number, frameworks: number, rounds: number): Promise<StallResult> {
  const cluster = new DecliningCluster(agents);
  cluster.subscribe(frameworks);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const steps: Sample[] = [];
  let offers = 0;
  for (let round = 0; round < rounds; round++) {
    cluster.declineAll();
    delay.enable();
    await cluster.runAllocation(steps);
    delay.disable();
    offers += cluster.outstanding;
  }
  return {
    agents,
    frameworks,
    offers,
    steps,
    longestDelayMs: delay.max / NS_PER_MS,
    p99DelayMs: delay.percentile(99) / NS_PER_MS,
  };
}

class DecliningCluster {
  readonly #driver: CoreDriver;
  readonly #schedulers = new Map<ConnectionId, Scheduler>();

  constructor(agents: number) {
    this.#driver = new CoreDriver({
      onSchedulerEvent: ({ connectionId, event }) => {
        encodeEvent('protobuf', scheduler.Event, event);
        const known = this.#schedulers.get(connectionId);
        if (known === undefined) return;
        if (event.subscribed !== undefined) known.frameworkId = event.subscribed.framework_id.value;
        known.offers.push(...(event.offers?.offers ?? []));
      },
      onAgentMessage: () => undefined,
    });
    for (let i = 0; i < agents; i++) this.#driver.run(registration(this.#driver.newId(), i, []));
    this.#driver.advance(ALLOCATION_INTERVAL_MS);
    this.#driver.run();
  }

  /** All in one step; they are offered everything at once. */
  subscribe(frameworks: number): void {
    const events = Array.from({ length: frameworks }, (_, i) => {
      const connectionId = this.#driver.newId();
      this.#schedulers.set(connectionId, { connectionId, frameworkId: '', offers: [] });
      return subscription(this.#driver, connectionId, {
        framework_info: { user: 'user', name: `framework-${i}`, roles: ['*'], capabilities: [{ type: 'MULTI_ROLE' }] },
      });
    });
    this.#driver.run(...events);
  }

  get outstanding(): number {
    let offers = 0;
    for (const scheduler of this.#schedulers.values()) offers += scheduler.offers.length;
    return offers;
  }

  /** Offers go back with filters, and the time has come for the next interval. */
  declineAll(): void {
    const filters = { refuse_seconds: DECLINE_SECONDS };
    const calls = [...this.#schedulers.values()].map(({ connectionId, frameworkId, offers }) =>
      schedulerCall(this.#driver, connectionId, {
        type: 'DECLINE',
        framework_id: { value: frameworkId },
        decline: { offer_ids: offers.splice(0).map(({ id }) => id), filters },
      }),
    );
    for (let from = 0; from < calls.length; from += EVENTS_PER_STEP)
      this.#driver.run(...calls.slice(from, from + EVENTS_PER_STEP));
    this.#driver.advance(ALLOCATION_INTERVAL_MS);
  }

  async runAllocation(steps: Sample[]): Promise<void> {
    let pending: readonly MasterEvent[] | undefined = [];
    while (pending !== undefined) {
      await turnOfTheLoop();
      const given: readonly MasterEvent[] = pending;
      const step = timed(() => this.#driver.step(given));
      steps.push({ ms: step.ms, cpuMs: step.cpuMs });
      pending = step.result;
    }
    // The monitor looks once more, after the last step.
    await turnOfTheLoop();
  }
}

function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
