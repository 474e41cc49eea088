/**
 * A registry without a disk and without members: for tests and simulations. The same rules as the durable one, except that
 * nothing outlives the `MemoryRegistryStore`.
 */
import type * as maintenance from '../../../wire/gen/maintenance.js';
import type * as registry from '../../../wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type * as quota from '../../../wire/gen/quota.js';
import type { Deactivation, RegistryResult, RegistryState } from '../core/protocol.js';
import { withMinimumCapabilities } from './minimum-capabilities.js';
import type { Registry } from './registry.js';
import { applyOperation } from './registry-machine.js';
import type { RegistryTable, RegistryTables, TimeTable } from './registry-tables.js';

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
  readonly #deactivated = new Map<string, Deactivation>();
  readonly #machines = new Map<string, mesos.MachineInfo>();
  readonly #quotas = new Map<string, quota.QuotaConfig>();
  #schedule: maintenance.Schedule | undefined;
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

  deactivation(agentId: string): Deactivation | undefined {
    return this.#deactivated.get(agentId);
  }

  putDeactivation(agentId: string, deactivation: Deactivation): void {
    this.#deactivated.set(agentId, deactivation);
  }

  putQuota(role: string, config: quota.QuotaConfig): void {
    this.#quotas.set(role, config);
  }

  machines(): ReadonlyMap<string, mesos.MachineInfo> {
    return new Map(this.#machines);
  }

  putMachine(key: string, info: mesos.MachineInfo): void {
    this.#machines.set(key, info);
  }

  schedule(): maintenance.Schedule | undefined {
    return this.#schedule;
  }

  putSchedule(schedule: maintenance.Schedule | undefined): void {
    this.#schedule = schedule;
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
    return withMinimumCapabilities({
      agents: new Map(this.#agents),
      frameworks: new Map(this.#frameworks),
      unreachable: new Map(this.#times.unreachable),
      gone: new Map(this.#times.gone),
      tombstones: new Map(this.#times.tombstones),
      weights: new Map(this.#weights),
      deactivated: new Map(this.#deactivated),
      machines: this.machines(),
      schedule: this.#schedule,
      quotas: new Map(this.#quotas),
    });
  }

  #table(table: RegistryTable): Map<string, unknown> {
    if (table === 'agents') return this.#agents;
    if (table === 'frameworks') return this.#frameworks;
    if (table === 'deactivated') return this.#deactivated;
    if (table === 'machines') return this.#machines;
    if (table === 'quotas') return this.#quotas;
    return this.#times[table];
  }
}

export class MemoryRegistry implements Pick<Registry, 'propose'> {
  constructor(private readonly store: MemoryRegistryStore) {}

  propose(operations: readonly registry.Operation[]): Promise<readonly RegistryResult[]> {
    return Promise.resolve(operations.map((operation) => applyOperation(this.store, operation)));
  }
}
