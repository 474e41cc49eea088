/**
 * The durable memory of an agent as its shell sees it. Two implementations, SQLite and memory, pass one contract
 * (test/contract/checkpoint.ts). Source: architecture, section 4.
 */
import type { CheckpointChange, CheckpointState, Durability } from '../core/protocol.js';

export interface CheckpointStore {
  /** Once, first. Rejects with MesoError WORK_DIR_LOCKED, WORK_DIR_CORRUPT, WORK_DIR_NEWER, NOT_ALLOWED or DISK. */
  load(): Promise<CheckpointState>;
  /**
   * All changes or none, after those of every earlier call; resolves in the order of the calls. Rejects only when the
   * store failed: what was written is then unknown, and every later call rejects as well.
   */
  commit(changes: readonly CheckpointChange[], durability: Durability): Promise<void>;
  /** Finishes what was begun. */
  close(): Promise<void>;
}

/** What group commit made of the calls; for metrics and benchmarks. */
export interface CommitCounts {
  readonly calls: number;
  readonly transactions: number;
  /** Transactions that waited for the disk. */
  readonly syncs: number;
}
