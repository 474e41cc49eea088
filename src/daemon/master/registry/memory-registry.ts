/**
 * A registry without a disk and without members: for tests and simulations. The same rules as the durable one, except that
 * nothing outlives the `MemoryRegistryStore`.
 */
import type * as registry from '../../../wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { RegistryResult, RegistryState } from '../core/protocol.js';
import type { Registry } from './registry.js';
import { applyOperation, type RegistryTable, type RegistryTables, type TimeTable } from './registry-machine.js';

interface StoredFramework {
  readonly info: mesos.FrameworkInfo;
  readonly disconnectedAt?: mesos.TimeInfo | undefined;
}

/** What a disk would hold. */
export class MemoryRegistryStore implements RegistryTables {
  master: mesos.MasterInfo | undefined;
  readonly #agents = new Map<string, mesos.AgentInfo>();
  readonly #frameworks = new Map<string, StoredFramework>();
  readonly #weights = new Map<string, number>();
  readonly #times: Readonly<Record<TimeTable, Map<string, mesos.TimeInfo>>> = {
    unreachable: new Map(),
    gone: new Map(),
    tombstones: new Map(),
  };

  has(table: RegistryTable, id: string): boolean {
    return this.#table(table).has(id);
  }

  delete(table: RegistryTable, id: string): void {
    this.#table(table).delete(id);
  }

  putAgent(id: string, info: mesos.AgentInfo): void {
    this.#agents.set(id, info);
  }

  putTime(table: TimeTable, id: string, time: mesos.TimeInfo): void {
    // Deleted first, so that the order of the map is the order of the last writes.
    this.#times[table].delete(id);
    this.#times[table].set(id, time);
  }

  putFramework(id: string, info: mesos.FrameworkInfo): void {
    this.#frameworks.set(id, { info });
  }

  putDisconnectedAt(frameworkId: string, time: mesos.TimeInfo): void {
    const stored = this.#frameworks.get(frameworkId);
    if (stored !== undefined) this.#frameworks.set(frameworkId, { info: stored.info, disconnectedAt: time });
  }

  putMaster(info: mesos.MasterInfo): void {
    this.master = info;
  }

  putWeight(role: string, weight: number): void {
    this.#weights.set(role, weight);
  }

  keepNewestTombstones(count: number): void {
    const { tombstones } = this.#times;
    for (const id of tombstones.keys()) {
      if (tombstones.size <= count) return;
      tombstones.delete(id);
    }
  }

  /** A copy: later operations do not show in it. */
  state(): RegistryState {
    return {
      agents: new Map(this.#agents),
      frameworks: new Map(this.#frameworks),
      unreachable: new Map(this.#times.unreachable),
      gone: new Map(this.#times.gone),
      tombstones: new Map(this.#times.tombstones),
      weights: new Map(this.#weights),
    };
  }

  #table(table: RegistryTable): Map<string, unknown> {
    if (table === 'agents') return this.#agents;
    if (table === 'frameworks') return this.#frameworks;
    return this.#times[table];
  }
}

export class MemoryRegistry implements Pick<Registry, 'propose'> {
  constructor(private readonly store: MemoryRegistryStore) {}

  propose(operations: readonly registry.Operation[]): Promise<readonly RegistryResult[]> {
    return Promise.resolve(operations.map((operation) => applyOperation(this.store, operation)));
  }
}
