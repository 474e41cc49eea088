/**
 * The registry on the replicated log: encodes operations into entries, decodes their results, follows who leads, and reads
 * the whole registry when this master is elected. Group commit: while one entry is on its way further proposals collect and
 * share the next ones.
 *
 * Invariants: results come in the order of the proposals; `onLeadership` says `leading` only when the registry of that term is
 * read and this master's address is in the log; after it said anything else no result of that term is told any more.
 */

import { present } from '../../../base/assert.js';
import type { Clock } from '../../../base/clock.js';
import { MesoError, type MesoErrorCode, messageOf } from '../../../base/error.js';
import { isRejection } from '../../../base/rejection.js';
import type { LeadershipPicture, MembersPicture } from '../../../raft/node/protocol.js';
import type { RaftMember } from '../../../raft/node/raft-member.js';
import { decodeProtobuf } from '../../../wire/codec.js';
import type * as registry from '../../../wire/gen/mesoctl-registry.js';
import * as mesos from '../../../wire/gen/mesos.js';
import type { RegistryResult } from '../core/protocol.js';
import { isLossOfOffice, type Registry, type RegistryLeadership } from './registry.js';
import {
  decodeRegistryState,
  decodeResults,
  encodeEntry,
  featuresNeeded,
  MAX_ENTRY_OPERATIONS,
  splitOperations,
} from './registry-codec.js';

export interface RaftRegistryOptions {
  readonly clock: Clock;
  /** Who this master is in the term that it would lead now. */
  masterInfo(): mesos.MasterInfo;
  onLeadership(leadership: RegistryLeadership): void;
  /** This master cannot go on. */
  onFatal(error: unknown): void;
}

/** What the registry asks of its Raft member. */
export type RegistryMember = Pick<
  RaftMember,
  | 'propose'
  | 'readBarrier'
  | 'readState'
  | 'members'
  | 'addMember'
  | 'removeMember'
  | 'transfer'
  | 'saveSnapshot'
  | 'close'
>;

interface Proposal {
  readonly operations: readonly registry.Operation[];
  readonly resolve: (results: readonly RegistryResult[]) => void;
  readonly reject: (error: MesoError) => void;
}

/** One try after the other while the log is full of what is not committed yet. Ms. */
const OVERLOAD_PAUSE_MS = 20;
/** Mesos' own --registry_store_timeout. */
const STORE_TIMEOUT_MS = 20_000;
/** Until a leader that was stopped has heard of the next one. */
const RESUME_GRACE_MS = 1_000;
/** Of an entry: it is too large, or not every member knows its operations. */
const REFUSALS: ReadonlySet<MesoErrorCode> = new Set<MesoErrorCode>(['BAD_INPUT', 'REFUSED']);

export class RaftRegistry implements Registry {
  readonly #options: RaftRegistryOptions;
  #member: RegistryMember | undefined;
  #proposals: Proposal[] = [];
  #committing: Promise<void> | undefined;
  /** The term that this master leads; 0: it does not. */
  #leadTerm = 0;
  #toldFollowing: RegistryLeadership | undefined;
  #ensembleSize = 0;

  constructor(options: RaftRegistryOptions) {
    this.#options = options;
  }

  /** The member whose pictures come to `onPicture`; called once, before anything else. */
  attach(member: RegistryMember): void {
    this.#member = member;
  }

  /** Masters that vote, as this one knows; 0: it is in no cluster yet. */
  get ensembleSize(): number {
    return this.#ensembleSize;
  }

  onPicture(picture: LeadershipPicture): void {
    this.#ensembleSize = picture.voters;
    if (picture.role === 'leader') {
      if (this.#leadTerm !== picture.term) this.#takeOffice(picture);
      return;
    }
    if (this.#leadTerm !== 0) this.#leaveOffice();
    this.#tellWhoLeads(picture);
  }

  propose(operations: readonly registry.Operation[]): Promise<readonly RegistryResult[]> {
    return new Promise((resolve, reject) => {
      if (this.#leadTerm === 0) {
        reject(new MesoError('NOT_LEADER', 'this master does not lead'));
        return;
      }
      this.#proposals.push({ operations, resolve, reject });
      this.#committing ??= this.#commitAll();
    });
  }

  readBarrier(): Promise<void> {
    return this.#attached.readBarrier();
  }

  members(): Promise<MembersPicture> {
    return this.#attached.members();
  }

  addMember(name: string, address: string): Promise<void> {
    return this.#attached.addMember(name, address);
  }

  removeMember(name: string): Promise<void> {
    return this.#attached.removeMember(name);
  }

  transferLeadership(name: string): Promise<void> {
    return this.#attached.transfer(name);
  }

  saveSnapshot(path: string): Promise<{ readonly index: number; readonly sizeBytes: number }> {
    return this.#attached.saveSnapshot(path);
  }

  async close(): Promise<void> {
    if (this.#leadTerm !== 0) this.#leaveOffice();
    await this.#member?.close();
  }

  get #attached(): RegistryMember {
    return present(this.#member, 'a registry is attached to its member first');
  }

  #takeOffice(picture: LeadershipPicture): void {
    // Deposed and elected again before it was told: what waits was decided in a term that is over.
    if (this.#leadTerm !== 0) this.#leaveOffice();
    this.#leadTerm = picture.term;
    this.#toldFollowing = undefined;
    this.#options.onLeadership({ kind: 'recovering', term: picture.term });
    this.#recover(picture).catch((error: unknown) => {
      // Whoever leads instead is told of by the next picture.
      if (this.#leadTerm === picture.term && !isLossOfOffice(error)) this.#options.onFatal(error);
    });
  }

  /** This master's address goes into the log first, so that everybody finds it; then the registry is whole and is read. */
  async #recover({ term, clusterId }: LeadershipPicture): Promise<void> {
    await this.#commit([{ set_master: { master_info: this.#options.masterInfo() } }]);
    const { state } = await this.#attached.readState();
    if (this.#leadTerm !== term) return;
    const read = decodeRegistryState(state);
    if (isRejection(read)) throw new MesoError('WORK_DIR_CORRUPT', `the registry cannot be read: ${read.message}`);
    this.#options.onLeadership({
      kind: 'leading',
      term,
      clusterId: present(clusterId, 'a leader is in a cluster'),
      registry: read,
    });
  }

  #leaveOffice(): void {
    this.#leadTerm = 0;
    const lost = new MesoError('NOT_LEADER', 'this master leads no more');
    for (const { reject } of this.#proposals.splice(0)) reject(lost);
  }

  #tellWhoLeads({ leader, term, notice }: LeadershipPicture): void {
    const info =
      leader === undefined || notice?.term !== term ? undefined : decodeProtobuf(mesos.MasterInfo, notice.data);
    const leadership: RegistryLeadership =
      info === undefined || isRejection(info) ? { kind: 'none' } : { kind: 'following', term, leader: info };
    if (isSame(this.#toldFollowing, leadership)) return;
    this.#toldFollowing = leadership;
    this.#options.onLeadership(leadership);
  }

  async #commitAll(): Promise<void> {
    // What the same turn proposes shares the first entry.
    await Promise.resolve();
    while (this.#proposals.length > 0) await this.#commitBatch(this.#takeBatch());
    this.#committing = undefined;
  }

  /** At least one proposal; no more operations than one entry takes, unless a single proposal has them. */
  #takeBatch(): readonly Proposal[] {
    let count = 0;
    let operations = 0;
    for (const proposal of this.#proposals) {
      operations += proposal.operations.length;
      if (count > 0 && operations > MAX_ENTRY_OPERATIONS) break;
      count += 1;
    }
    return this.#proposals.splice(0, count);
  }

  async #commitBatch(batch: readonly Proposal[]): Promise<void> {
    try {
      const results = await this.#commit(batch.flatMap(({ operations }) => operations));
      let from = 0;
      for (const { operations: own, resolve } of batch) {
        resolve(results.slice(from, from + own.length));
        from += own.length;
      }
    } catch (error) {
      const failure =
        error instanceof MesoError ? error : new MesoError('INTERNAL', messageOf(error), { cause: error });
      for (const { reject } of batch) reject(failure);
    }
  }

  /** In as many entries as their size and kinds ask for, one after the other. */
  async #commit(operations: readonly registry.Operation[]): Promise<readonly RegistryResult[]> {
    const term = this.#leadTerm;
    const results: RegistryResult[] = [];
    for (const run of runsOfOneLevel(operations))
      for (const lot of splitOperations(run)) results.push(...(await this.#commitLot(term, lot)));
    return results;
  }

  /** What the log does not take has not happened and never will: that is the answer to it, and not the end of this master. */
  async #commitLot(term: number, lot: readonly registry.Operation[]): Promise<readonly RegistryResult[]> {
    const data = encodeEntry(lot, this.#options.clock.now().unixMs);
    let result: Uint8Array;
    try {
      result = await this.#proposeEntry(term, data, featuresNeeded(lot));
    } catch (error) {
      if (!(error instanceof MesoError) || !REFUSALS.has(error.code)) throw error;
      return lot.map(() => ({ ok: false, message: error.message }));
    }
    // A result of a term that is over must not be taken for one of the next.
    if (this.#leadTerm !== term) throw new MesoError('OUTCOME_UNKNOWN', 'this master leads no more');
    return decodeResults(result);
  }

  async #proposeEntry(term: number, data: Uint8Array, features: number): Promise<Uint8Array> {
    const deadlineMs = this.#options.clock.now().monotonicMs + STORE_TIMEOUT_MS;
    for (;;) {
      if (this.#leadTerm !== term) throw new MesoError('NOT_LEADER', 'this master leads no more');
      try {
        return (await this.#attached.propose(data, features)).result;
      } catch (error) {
        // An outcome that is unknown although this master leads on would be taken for the loss of its office.
        const isOver = this.#options.clock.now().monotonicMs >= deadlineMs;
        if (isOver && this.#leadTerm === term) {
          // A machine that slept hears only now that others lead.
          await new Promise((resolve) => setTimeout(resolve, RESUME_GRACE_MS));
          if (this.#leadTerm === term) throw storeTimedOut(error);
        }
        if (!(error instanceof MesoError) || error.code !== 'OVERLOADED') throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, OVERLOAD_PAUSE_MS));
    }
  }
}

function storeTimedOut(cause: unknown): MesoError {
  const why = 'the disks of a majority of the masters, or the network between them, are too slow';
  return new MesoError('TIMEOUT', `the registry could not be written within ${STORE_TIMEOUT_MS / 1000} s: ${why}`, {
    cause,
  });
}

/** An operation that not every member knows is refused without its neighbours. */
function runsOfOneLevel(operations: readonly registry.Operation[]): readonly (readonly registry.Operation[])[] {
  const runs: registry.Operation[][] = [];
  let level = 0;
  for (const operation of operations) {
    const needed = featuresNeeded([operation]);
    if (needed !== level) runs.push([]);
    level = needed;
    runs.at(-1)?.push(operation);
  }
  return runs;
}

function isSame(a: RegistryLeadership | undefined, b: RegistryLeadership): boolean {
  if (a?.kind !== b.kind) return false;
  return a.kind !== 'following' || b.kind !== 'following' || (a.term === b.term && a.leader.id === b.leader.id);
}
