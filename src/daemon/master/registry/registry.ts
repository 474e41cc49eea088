/**
 * The durable registry as the master shell sees it. One member on SQLite now; the replicated log implements the same
 * interface. Every change is durable before `propose` resolves; results come in order.
 */

import type * as registry from '../../../wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { RegistryResult, RegistryState } from '../core/protocol.js';

export interface Leadership {
  readonly term: number;
  /** Of the whole cluster, made once. */
  readonly clusterId: string;
  readonly registry: RegistryState;
}

export interface Registry {
  /** Resolves when this master leads and has recovered; rejects with MesoError WORK_DIR_* when it never can. */
  lead(masterInfo: mesos.MasterInfo): Promise<Leadership>;
  /** Group commit: concurrent proposals share a transaction. Rejects only when the store failed: the master must end. */
  propose(operations: readonly registry.Operation[]): Promise<readonly RegistryResult[]>;
  close(): Promise<void>;
}
