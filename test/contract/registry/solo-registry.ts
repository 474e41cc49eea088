/** The registry of a master that is alone, on its real threads and disk, for tests that want to lead and propose. */
import { MesoError } from '../../../src/base/error.js';
import { systemClock } from '../../../src/base/system/clock.js';
import type { RegistryResult } from '../../../src/daemon/master/core/protocol.js';
import { openRaft } from '../../../src/daemon/master/registry/open-raft.js';
import { RaftRegistry } from '../../../src/daemon/master/registry/raft-registry.js';
import type { RegistryLeadership } from '../../../src/daemon/master/registry/registry.js';
import type * as registry from '../../../src/wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { silentLogger } from '../../unit/http/fixture.js';

export type Leading = Extract<RegistryLeadership, { readonly kind: 'leading' }>;

export class SoloRegistry {
  readonly #registry: RaftRegistry;
  readonly #leading: Promise<Leading>;
  /** From the election to the registry in memory, ms. */
  recoveredInMs = Number.NaN;

  constructor(workDir: string, masterInfo: mesos.MasterInfo) {
    let lead: (leading: Leading) => void = () => undefined;
    let fail: (error: unknown) => void = () => undefined;
    this.#leading = new Promise((resolve, reject) => {
      lead = resolve;
      fail = reject;
    });
    this.#leading.catch(() => undefined);
    let electedAtMs = Number.NaN;
    const raft = new RaftRegistry({
      clock: systemClock,
      masterInfo: () => masterInfo,
      onLeadership: (leadership) => {
        if (leadership.kind === 'recovering') electedAtMs = performance.now();
        if (leadership.kind !== 'leading') return;
        this.recoveredInMs = performance.now() - electedAtMs;
        lead(leadership);
      },
      onFatal: (error) => fail(error),
    });
    this.#registry = raft;
    const member = openRaft({
      config: { workDir, name: 'm1', raftIp: '127.0.0.1', raftPort: 0, raftReads: 'quorum' },
      logger: silentLogger,
      onPicture: (picture) => raft.onPicture(picture),
      onEnded: (error) => fail(error ?? new MesoError('INTERNAL', 'it ended')),
    });
    raft.attach(member);
    member.opened().catch(fail);
  }

  lead(): Promise<Leading> {
    return this.#leading;
  }

  propose(operations: readonly registry.Operation[]): Promise<readonly RegistryResult[]> {
    return this.#registry.propose(operations);
  }

  /** HOST:PORT of its Raft port. */
  async address(): Promise<string> {
    const [self] = (await this.#registry.members()).members;
    return self?.address ?? '';
  }

  addMember(name: string, address: string): Promise<void> {
    return this.#registry.addMember(name, address);
  }

  close(): Promise<void> {
    return this.#registry.close();
  }
}
