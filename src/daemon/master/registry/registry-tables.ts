/** Where the registry's state lives, as its operations see it: every method is a plain read or write of one row. */
import type * as maintenance from '../../../wire/gen/maintenance.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type * as quota from '../../../wire/gen/quota.js';
import type { Deactivation } from '../core/protocol.js';

/** Tables of times by id. */
export type TimeTable = 'unreachable' | 'gone' | 'tombstones';
/** By id; machines by `machineKey`, quotas by role. */
export type RegistryTable = 'agents' | 'frameworks' | 'deactivated' | 'machines' | 'quotas' | TimeTable;

export interface RegistryTables {
  has(table: RegistryTable, id: string): boolean;
  delete(table: RegistryTable, id: string): void;
  putAgent(id: string, info: mesos.AgentInfo): void;
  putTime(table: TimeTable, id: string, time: mesos.TimeInfo): void;
  deactivation(agentId: string): Deactivation | undefined;
  putDeactivation(agentId: string, deactivation: Deactivation): void;
  /** Connected from here on: takes `disconnectedAt` away. */
  putFramework(id: string, info: mesos.FrameworkInfo): void;
  putDisconnectedAt(frameworkId: string, time: mesos.TimeInfo): void;
  putMaster(info: mesos.MasterInfo): void;
  putWeight(role: string, weight: number): void;
  putQuota(role: string, config: quota.QuotaConfig): void;
  /** All of them, by `machineKey`. */
  machines(): ReadonlyMap<string, mesos.MachineInfo>;
  putMachine(key: string, info: mesos.MachineInfo): void;
  schedule(): maintenance.Schedule | undefined;
  putSchedule(schedule: maintenance.Schedule | undefined): void;
  /** Deletes the oldest tombstones beyond `count`. */
  keepNewestTombstones(count: number): void;
}
