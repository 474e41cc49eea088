import { describe, expect, test } from 'vitest';
import type { Instant } from '../../../src/base/clock.js';
import { MesoError } from '../../../src/base/error.js';
import { MemoryRegistryStore } from '../../../src/daemon/master/registry/memory-registry.js';
import { RaftRegistry, type RegistryMember } from '../../../src/daemon/master/registry/raft-registry.js';
import { isLossOfOffice } from '../../../src/daemon/master/registry/registry.js';
import { encodeRegistryState, encodeResults } from '../../../src/daemon/master/registry/registry-codec.js';
import type { LeadershipPicture } from '../../../src/raft/node/protocol.js';

const OPERATION = { update_weights: { weight_infos: [{ role: 'web', weight: 2 }] } };
const NO_STATE = encodeRegistryState(new MemoryRegistryStore().state());

interface Entry {
  commit(): void;
  fail(error: MesoError): void;
}

/** A registry whose member answers when the test says so. */
class Rig {
  readonly entries: Entry[] = [];
  readonly told: string[] = [];
  readonly fatal: unknown[] = [];
  readonly registry: RaftRegistry;
  #nowMs = 0;
  #wake: (() => void) | undefined;

  constructor() {
    this.registry = new RaftRegistry({
      clock: { now: (): Instant => ({ monotonicMs: this.#nowMs, unixMs: this.#nowMs }) },
      masterInfo: () => ({ id: 'a', ip: 0, port: 5050, hostname: 'm1' }),
      onLeadership: ({ kind }) => this.#note(this.told, kind),
      onFatal: (error) => this.#note(this.fatal, error),
    });
    const unasked = () => Promise.reject(new Error('nobody asks this here'));
    const member: RegistryMember = {
      propose: () =>
        new Promise((resolve, reject) => {
          const index = this.entries.length + 1;
          const result = encodeResults([{ ok: true }]);
          this.#note(this.entries, { commit: () => resolve({ index, result }), fail: reject });
        }),
      readState: () => Promise.resolve({ index: 1, state: NO_STATE }),
      readBarrier: unasked,
      members: unasked,
      addMember: unasked,
      removeMember: unasked,
      transfer: unasked,
      saveSnapshot: unasked,
      close: () => Promise.resolve(),
    };
    this.registry.attach(member);
  }

  passMs(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  picture(role: 'leader' | 'follower', term: number): void {
    const leader = role === 'leader' ? 'id1' : undefined;
    const picture: LeadershipPicture = {
      ...{ term, role, leader, isReady: true },
      ...{ memberId: 'id1', clusterId: 'c1', voters: 3, notice: undefined },
    };
    this.registry.onPicture(picture);
  }

  /** Entry number `count`, from 1. */
  async entry(count: number): Promise<Entry> {
    await this.#until(() => this.entries.length >= count);
    return this.entries[count - 1] as Entry;
  }

  async isTold(kind: string): Promise<void> {
    await this.#until(() => this.told.at(-1) === kind);
  }

  async firstFatal(): Promise<unknown> {
    await this.#until(() => this.fatal.length > 0);
    return this.fatal[0];
  }

  async lead(term: number): Promise<void> {
    const count = this.entries.length + 1;
    this.picture('leader', term);
    (await this.entry(count)).commit();
    await this.isTold('leading');
  }

  #note<T>(list: T[], item: T): void {
    list.push(item);
    this.#wake?.();
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo())
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }
}

const unknown = () => new MesoError('OUTCOME_UNKNOWN', 'it was not answered');
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('RaftRegistry', () => {
  test('a leader that cannot write for 20 s while it leads on has failed: it has not lost its office', async () => {
    const rig = new Rig();
    await rig.lead(3);
    const failure = failureOf(rig.registry.propose([OPERATION]));
    const entry = await rig.entry(2);
    rig.passMs(20_000);
    entry.fail(unknown());
    expect(await failure).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('within 20 s') });
    expect(isLossOfOffice(await failure)).toBe(false);
  });

  test('a leader whose first entry is not written within 20 s cannot go on', async () => {
    const rig = new Rig();
    rig.picture('leader', 3);
    const entry = await rig.entry(1);
    rig.passMs(20_000);
    entry.fail(unknown());
    expect(await rig.firstFatal()).toMatchObject({ code: 'TIMEOUT' });
    expect(rig.told).toEqual(['recovering']);
  });

  test('an outcome that is unknown because office was lost is no failure, however late it is told', async () => {
    const rig = new Rig();
    await rig.lead(3);
    const failure = failureOf(rig.registry.propose([OPERATION]));
    const entry = await rig.entry(2);
    rig.passMs(20_000);
    rig.picture('follower', 4);
    entry.fail(unknown());
    expect(isLossOfOffice(await failure)).toBe(true);
    expect(rig.fatal).toEqual([]);
  });

  test('what waits when a later term begins is not proposed in it', async () => {
    const rig = new Rig();
    await rig.lead(3);
    const first = failureOf(rig.registry.propose([OPERATION]));
    await rig.entry(2);
    const second = failureOf(rig.registry.propose([OPERATION]));
    rig.picture('leader', 5);
    (await rig.entry(2)).fail(unknown());
    (await rig.entry(3)).commit();
    await rig.isTold('leading');
    expect(await Promise.all([first, second])).toMatchObject([{ code: 'OUTCOME_UNKNOWN' }, { code: 'NOT_LEADER' }]);
    expect(rig.entries).toHaveLength(3);
  });
});
