/**
 * The durable registry as the master shell sees it: a replicated log and who leads it. Every change is durable on a quorum
 * before `propose` resolves; results come in the order of the proposals.
 */
import { MesoError } from '../../../base/error.js';
import type { MembersPicture } from '../../../raft/node/protocol.js';
import type * as registry from '../../../wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { RegistryResult, RegistryState } from '../core/protocol.js';

export type RegistryLeadership =
  /** Nobody leads, or the leader's address is not known yet. */
  | { readonly kind: 'none' }
  | { readonly kind: 'following'; readonly term: number; readonly leader: mesos.MasterInfo }
  /** This master was elected and reads the registry. */
  | { readonly kind: 'recovering'; readonly term: number }
  | {
      readonly kind: 'leading';
      readonly term: number;
      /** Of the whole cluster, made once. */
      readonly clusterId: string;
      readonly registry: RegistryState;
    };

export interface Registry {
  /**
   * Group commit: concurrent proposals share an entry of the log. Rejects with NOT_LEADER (it did not happen) or
   * OUTCOME_UNKNOWN (leadership ended in between) when this master leads no more, with anything else when it cannot go on.
   */
  propose(operations: readonly registry.Operation[]): Promise<readonly RegistryResult[]>;
  /**
   * Resolves when everything that any leader had acknowledged before the call is in the results told so far: what is read
   * after it is linearizable. Rejects with NOT_LEADER or TIMEOUT.
   */
  readBarrier(): Promise<void>;
  members(): Promise<MembersPicture>;
  /** HOST:PORT of its Raft port. Resolves when it votes; rejects with NOT_LEADER, BAD_INPUT, REFUSED or TIMEOUT. */
  addMember(name: string, address: string): Promise<void>;
  removeMember(name: string): Promise<void>;
  transferLeadership(name: string): Promise<void>;
  /** To a new file on this machine; the index and size of what was written. */
  saveSnapshot(path: string): Promise<{ readonly index: number; readonly sizeBytes: number }>;
  close(): Promise<void>;
}

/** Whether `propose` or a read failed only because this master leads no more; it has not failed as a process then. */
export function isLossOfOffice(error: unknown): boolean {
  return error instanceof MesoError && (error.code === 'NOT_LEADER' || error.code === 'OUTCOME_UNKNOWN');
}
