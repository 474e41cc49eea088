/**
 * An agent that dies at each point of a CREATE and of a DESTROY: before and after each commit, and after each step on the
 * file system. The core and the directories are the real ones; the next process goes on from what the dead one left.
 * Issue 5, row f: nothing is lost, no data is left for another role.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatUuid } from '../../../src/base/random.js';
import type { MemoryCheckpointStore } from '../../../src/daemon/agent/checkpoint/memory-store.js';
import { findPlaces } from '../../../src/runtime/volumes/volume.js';
import { VolumeDirectories } from '../../../src/runtime/volumes/volume-directories.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { silentLogger } from '../http/fixture.js';
import { CoreHarness, FRAMEWORK_ID } from './core-harness.js';

type Kind = 'root' | 'path' | 'mount';
type Job = 'CREATE' | 'DESTROY';

const UUID = new Uint8Array(16).fill(9);
const MB = 64;

describe.each<Kind>(['root', 'path', 'mount'])('on a %s disk, an agent that dies', (kind) => {
  let scratch: string;
  let root: string;
  let directories: VolumeDirectories;

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'mesoctl-crash-points-'));
    for (const name of ['work', 'path', 'mount']) mkdirSync(join(scratch, name));
    root = join(scratch, kind === 'root' ? 'work' : kind);
    const workDir = join(scratch, 'work');
    directories = new VolumeDirectories({ workDir, logger: silentLogger, isMountPoint: async () => true });
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  const source = (): mesos.Resource_DiskInfo_Source | undefined =>
    kind === 'root' ? undefined : { type: kind === 'path' ? 'PATH' : 'MOUNT', [kind]: { root } };
  const configured = (): mesos.Resource => ({
    name: 'disk',
    type: 'SCALAR',
    scalar: { value: kind === 'mount' ? MB : 2 * MB },
    ...(source() === undefined ? {} : { disk: { source: source() } }),
  });
  const reserved = (role: string): mesos.Resource => ({
    ...configured(),
    scalar: { value: MB },
    reservations: [{ type: 'DYNAMIC', role }],
  });
  const volume = (role: string, id = 'v'): mesos.Resource => ({
    ...reserved(role),
    disk: { source: source(), persistence: { id }, volume: { container_path: 'data', mode: 'RW' } },
  });
  const reserve = (role: string): mesos.Offer_Operation => ({
    type: 'RESERVE',
    reserve: { resources: [reserved(role)] },
  });
  const unreserve = (role: string): mesos.Offer_Operation => ({
    type: 'UNRESERVE',
    unreserve: { resources: [reserved(role)] },
  });
  const operation = (job: Job, role: string, id = 'v'): mesos.Offer_Operation =>
    job === 'CREATE'
      ? { type: job, create: { volumes: [volume(role, id)] } }
      : { type: job, destroy: { volumes: [volume(role, id)] } };
  const directoryOf = (role: string, id = 'v') => (kind === 'mount' ? root : join(root, 'volumes/roles', role, id));

  class Agent extends CoreHarness {
    constructor(store?: MemoryCheckpointStore, seed = 1) {
      super({ resources: [configured()], ...(store === undefined ? {} : { store, seed }) });
    }

    order(info: mesos.Offer_Operation, uuid: Uint8Array): void {
      this.frame({ apply_operation: { framework_id: { value: FRAMEWORK_ID }, uuid, info } });
    }

    /** What the shell does. */
    async changeDirectories(): Promise<void> {
      for (const { uuid, create, destroy } of this.take('change-volumes')) {
        await directories.change({ key: formatUuid(uuid), create, destroy });
        this.post({ kind: 'volumes-changed', uuid, failure: undefined });
      }
    }

    /** The outcome of one operation, which is acknowledged. */
    settle(uuid: Uint8Array): mesos.OperationState | undefined {
      let state: mesos.OperationState | undefined;
      for (const { operation_update: update } of this.sent.splice(0)) {
        if (update === undefined || formatUuid(update.uuid) !== formatUuid(uuid)) continue;
        expect([undefined, update.status.state]).toContain(state);
        state = update.status.state;
        const status_uuid = update.status.uuid?.value ?? new Uint8Array();
        this.frame({ acknowledge_operation: { operation_uuid: uuid, status_uuid } });
      }
      return state;
    }

    async carryOut(info: mesos.Offer_Operation, n: number): Promise<void> {
      const uuid = new Uint8Array(16).fill(n);
      this.order(info, uuid);
      await this.changeDirectories();
      expect(this.settle(uuid)).toBe('OPERATION_FINISHED');
    }
  }

  /** After a CREATE or a DESTROY that found its disk reserved, and for DESTROY a volume with data. */
  async function prepare(job: Job): Promise<Agent> {
    const agent = new Agent();
    if (kind !== 'mount') {
      await agent.carryOut(reserve('neighbour'), 1);
      await agent.carryOut(operation('CREATE', 'neighbour'), 2);
      writeFileSync(join(directoryOf('neighbour'), 'data'), 'of the neighbour');
    }
    await agent.carryOut(reserve('eng'), 3);
    if (job === 'CREATE') return agent;
    await agent.carryOut(operation('CREATE', 'eng'), 4);
    mkdirSync(join(directoryOf('eng'), 'deep'));
    for (const name of ['secret', 'deep/secret']) writeFileSync(join(directoryOf('eng'), name), 'of eng');
    return agent;
  }

  /** Each leaves the file system one step further. */
  function stepsOf(job: Job): readonly (() => void)[] {
    const destroyed = join(root, 'volumes/destroyed', `${formatUuid(UUID)}-0`);
    if (job === 'CREATE')
      return kind === 'mount'
        ? []
        : [() => mkdirSync(join(directoryOf('eng'), '..'), { recursive: true }), () => mkdirSync(directoryOf('eng'))];
    if (kind === 'mount')
      return [
        () => rmSync(join(root, 'secret')),
        () => rmSync(join(root, 'deep/secret')),
        () => rmSync(join(root, 'deep'), { recursive: true }),
      ];
    return [
      () => mkdirSync(join(destroyed, '..'), { recursive: true }),
      () => renameSync(directoryOf('eng'), destroyed),
      () => rmSync(join(destroyed, 'secret')),
      () => rmSync(destroyed, { recursive: true }),
    ];
  }

  /** Starts the next process, lets it come to rest, and says what became of the operation. */
  async function recover(
    store: MemoryCheckpointStore,
  ): Promise<{ next: Agent; state: mesos.OperationState | undefined }> {
    const next = new Agent(store, 2);
    const repeated = new Set([...next.core.view.operations.keys()]);
    await directories.remove(await directories.findLeftovers(findPlaces([configured()]), repeated));
    await next.changeDirectories();
    if (!repeated.has(formatUuid(UUID))) next.frame({ reconcile_operations: { operations: [{ uuid: UUID }] } });
    return { next, state: next.settle(UUID) };
  }

  function filesBelow(directory: string): string[] {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  }

  /** What the agent has, what is on disk, and what the next role may see. */
  async function check(agent: Agent, job: Job, done: boolean): Promise<void> {
    const exists = (job === 'CREATE') === done;
    const ids = agent.core.view.total
      .toWire()
      .flatMap(({ disk, reservations }) =>
        disk?.persistence === undefined ? [] : [`${reservations?.[0]?.role} ${disk.persistence.id}`],
      );
    expect(ids.includes('eng v')).toBe(exists);
    if (kind !== 'mount') {
      expect(existsSync(directoryOf('eng'))).toBe(exists);
      expect(readFileSync(join(directoryOf('neighbour'), 'data'), 'utf8')).toBe('of the neighbour');
    }
    const secrets = filesBelow(root).filter((name) => name === 'secret').length;
    expect(secrets).toBe(job === 'DESTROY' && !done ? 2 : 0);
    if (exists) await agent.carryOut(operation('DESTROY', 'eng'), 20);
    await agent.carryOut(unreserve('eng'), 21);
    await agent.carryOut(reserve('other'), 22);
    await agent.carryOut(operation('CREATE', 'other'), 23);
    expect(readdirSync(directoryOf('other'))).toEqual([]);
    expect(filesBelow(root).filter((name) => name === 'secret')).toEqual([]);
  }

  describe.each<Job>(['CREATE', 'DESTROY'])('in a %s', (job) => {
    test('before the intent is durable has done nothing, and the master is told so', async () => {
      const agent = await prepare(job);
      const before = agent.store.fork();
      agent.order(operation(job, 'eng'), UUID);
      const { next, state } = await recover(before);
      expect(state).toBe('OPERATION_DROPPED');
      await check(next, job, false);
    });

    test('after the intent is durable and after each step on disk goes on and finishes', async () => {
      for (let done = 0; done <= stepsOf(job).length; done++) {
        for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
        const agent = await prepare(job);
        agent.order(operation(job, 'eng'), UUID);
        for (const step of stepsOf(job).slice(0, done)) step();
        const { next, state } = await recover(agent.store.fork());
        expect([done, state]).toEqual([done, 'OPERATION_FINISHED']);
        await check(next, job, true);
      }
    });

    test('after the disk is changed and before the outcome is durable finishes once', async () => {
      const agent = await prepare(job);
      agent.order(operation(job, 'eng'), UUID);
      const intended = agent.store.fork();
      await agent.changeDirectories();
      const { next, state } = await recover(intended);
      expect(state).toBe('OPERATION_FINISHED');
      await check(next, job, true);
    });

    test('after the outcome is durable tells the same outcome again', async () => {
      const agent = await prepare(job);
      agent.order(operation(job, 'eng'), UUID);
      await agent.changeDirectories();
      const told = agent.sent.find(({ operation_update }) => operation_update !== undefined)?.operation_update;
      const next = new Agent(agent.store.fork(), 2);
      expect(next.take('change-volumes')).toEqual([]);
      expect(next.sent.flatMap(({ operation_update }) => operation_update ?? [])).toEqual([told]);
      expect(next.settle(UUID)).toBe('OPERATION_FINISHED');
      await check(next, job, true);
    });

    test('before the acknowledgement is durable tells it once more, and has forgotten it after', async () => {
      const agent = await prepare(job);
      agent.order(operation(job, 'eng'), UUID);
      await agent.changeDirectories();
      const unacknowledged = agent.store.fork();
      expect(agent.settle(UUID)).toBe('OPERATION_FINISHED');
      expect(new Agent(unacknowledged, 2).settle(UUID)).toBe('OPERATION_FINISHED');
      const next = new Agent(agent.store.fork(), 3);
      expect([next.settle(UUID), next.core.view.operations.size]).toEqual([undefined, 0]);
      await check(next, job, true);
    });
  });
});
