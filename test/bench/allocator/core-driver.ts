/**
 * A real master core with the real allocator in this process, stepped by hand: the registry answers at once, time moves
 * only when it is told to, and events for schedulers and agents go to whoever asked for them. No sockets, no disk.
 */

import { seededRandom } from '../../../src/base/random.js';
import { createMasterCore } from '../../../src/daemon/master/core/master-core.js';
import type { MasterCore } from '../../../src/daemon/master/core/options.js';
import type { ConnectionId, MasterEffect, MasterEvent } from '../../../src/daemon/master/core/protocol.js';
import { MemoryRegistryStore } from '../../../src/daemon/master/registry/memory-registry.js';
import { applyOperation } from '../../../src/daemon/master/registry/registry-machine.js';
import type * as link from '../../../src/wire/gen/mesoctl-link.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import type * as scheduler from '../../../src/wire/gen/scheduler.js';
import { DEFAULT_CONFIG } from '../../unit/master/support/harness.js';
import { AGENT_TOTAL, newAllocator } from './shapes.js';

type EffectOf<K extends MasterEffect['kind']> = Extract<MasterEffect, { readonly kind: K }>;

export interface Listener {
  readonly onSchedulerEvent: (effect: EffectOf<'scheduler-event'>) => void;
  readonly onAgentMessage: (effect: EffectOf<'agent-message'>) => void;
}

/** A long time: pings and other timers of the core stay out of the way. */
const PATIENCE_MS = 3_600_000;
export const ALLOCATION_INTERVAL_MS = DEFAULT_CONFIG.allocationIntervalMs;

export class CoreDriver {
  readonly core: MasterCore;
  readonly #store = new MemoryRegistryStore();
  readonly #listener: Listener;
  #nowMs = 0;
  #nextId = 1;

  constructor(listener: Listener) {
    this.#listener = listener;
    this.core = createMasterCore({
      config: { ...DEFAULT_CONFIG, agentPingTimeoutMs: PATIENCE_MS },
      masterInfo: { id: 'bench', ip: 1, port: 5050 },
      allocator: newAllocator(),
      random: seededRandom(1),
      startedAt: this.#now(),
    });
    this.run({ kind: 'elected', term: 1, registry: this.#store.state() });
  }

  newId(): number {
    return this.#nextId++;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
  }

  /** One step of the core. Returns what is to be handed to the next one; undefined: it is at rest. */
  step(events: readonly MasterEvent[]): readonly MasterEvent[] | undefined {
    const effects = this.core.step(events, this.#now());
    const answers: MasterEvent[] = [];
    for (const effect of effects) {
      if (effect.kind === 'propose') answers.push(this.#apply(effect));
      else if (effect.kind === 'scheduler-event') this.#listener.onSchedulerEvent(effect);
      else if (effect.kind === 'agent-message') this.#listener.onAgentMessage(effect);
    }
    return answers.length > 0 || effects.some(({ kind }) => kind === 'continue') ? answers : undefined;
  }

  /** Steps until nothing is left to do now. */
  run(...events: readonly MasterEvent[]): void {
    let pending: readonly MasterEvent[] | undefined = events;
    while (pending !== undefined) pending = this.step(pending);
  }

  #now() {
    return { monotonicMs: this.#nowMs, unixMs: 1_700_000_000_000 + this.#nowMs };
  }

  #apply({ proposalId, operations }: EffectOf<'propose'>): MasterEvent {
    const results = operations.map((operation) => applyOperation(this.#store, operation));
    return { kind: 'registry-applied', proposalId, results };
  }
}

export function agentFrame(connectionId: ConnectionId, body: Partial<link.AgentFrame>): MasterEvent {
  const frame = { channel: 1, sequence: 1, term: 1, ...body };
  return { kind: 'agent-frame', connectionId, channel: 1, remoteIp: '127.0.0.1', frame };
}

/** Machine `number` with an agent of Mesos' benchmarks, on a connection of its own. */
export function registration(connectionId: ConnectionId, number: number, attributes: mesos.Attribute[]): MasterEvent {
  const agent_info = { hostname: `host-${number}`, port: 5051, attributes, resources: AGENT_TOTAL.toWire() };
  const capabilities: mesos.AgentInfo_Capability[] = [{ type: 'MULTI_ROLE' }, { type: 'HIERARCHICAL_ROLE' }];
  // One agent an address: a second one would take the first one's place.
  const ip = `10.${number >>> 16}.${(number >>> 8) & 255}.${number & 255}`;
  return agentFrame(connectionId, { register: { agent_info, version: '1.0.0', capabilities, ip } });
}

export function subscription(
  driver: CoreDriver,
  connectionId: ConnectionId,
  subscribe: scheduler.Call_Subscribe,
): MasterEvent {
  return {
    kind: 'scheduler-subscribe',
    requestId: driver.newId(),
    connectionId,
    streamId: streamIdOf(connectionId),
    call: { type: 'SUBSCRIBE', subscribe },
  };
}

export function schedulerCall(driver: CoreDriver, connectionId: ConnectionId, call: scheduler.Call): MasterEvent {
  return { kind: 'scheduler-call', requestId: driver.newId(), streamId: streamIdOf(connectionId), call };
}

function streamIdOf(connectionId: ConnectionId): string {
  return `stream-${connectionId}`;
}
