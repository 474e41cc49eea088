// What the tests of volumes share: a framework of one role that reserves disk, makes volumes and runs tasks in them, and
// real disks to make them on. Nothing here knows the code of the agent.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, type Json, offered, postJson, scalars } from '../harness/api.mjs';
import type { Cluster, Daemon } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { Framework, isRoot, Task } from './agent-fixture.js';

export const ROLE = 'eng/db';

export interface VolumeOptions {
  readonly role?: string;
  readonly source?: Json;
  readonly shared?: boolean;
  readonly mode?: 'RW' | 'RO';
  readonly containerPath?: string;
}

/** Dynamically reserved disk. */
export function disk(mb: number, { role = ROLE, source }: Pick<VolumeOptions, 'role' | 'source'> = {}): Json {
  const plain = { name: 'disk', type: 'SCALAR', scalar: { value: mb }, reservations: [{ type: 'DYNAMIC', role }] };
  return source === undefined ? plain : { ...plain, disk: { source } };
}

/** Disk of nobody. */
export function freeDisk(mb: number, source?: Json): Json {
  return { ...disk(mb, { source }), reservations: undefined };
}

export function volume(id: string, mb: number, options: VolumeOptions = {}): Json {
  const { source, shared = false, mode = 'RW', containerPath = 'data' } = options;
  return {
    ...disk(mb, options),
    disk: {
      persistence: { id },
      volume: { container_path: containerPath, mode },
      ...(source === undefined ? {} : { source }),
    },
    ...(shared ? { shared: {} } : {}),
  };
}

export const path = (root: string): Json => ({ type: 'PATH', path: { root } });
export const mount = (root: string): Json => ({ type: 'MOUNT', mount: { root } });

/** Operations with their name as id: the scheduler hears of their outcome. */
export const reserve = (id: string, ...resources: Json[]): Json => ({
  type: 'RESERVE',
  id: { value: id },
  reserve: { resources },
});
export const unreserve = (id: string, ...resources: Json[]): Json => ({
  type: 'UNRESERVE',
  id: { value: id },
  unreserve: { resources },
});
export const create = (id: string, ...volumes: Json[]): Json => ({
  type: 'CREATE',
  id: { value: id },
  create: { volumes },
});
export const destroy = (id: string, ...volumes: Json[]): Json => ({
  type: 'DESTROY',
  id: { value: id },
  destroy: { volumes },
});
export const grow = (id: string, of: Json, addition: Json): Json => ({
  type: 'GROW_VOLUME',
  id: { value: id },
  grow_volume: { volume: of, addition },
});
export const shrink = (id: string, of: Json, mb: number): Json => ({
  type: 'SHRINK_VOLUME',
  id: { value: id },
  shrink_volume: { volume: of, subtract: { value: mb } },
});

const CAPABILITIES = [
  'MULTI_ROLE',
  'PARTITION_AWARE',
  'TASK_KILLING_STATE',
  'RESERVATION_REFINEMENT',
  'SHARED_RESOURCES',
];

export class VolumeFramework {
  readonly #answered = new Set<string>();
  #tasks = 0;
  /** Events of this stream that `acknowledgeAll` has looked at. */
  #seen = 0;

  private constructor(
    readonly cluster: Cluster,
    readonly info: Json,
    public framework: Framework,
  ) {}

  static async subscribe(cluster: Cluster, more: Json = {}, capabilities = CAPABILITIES): Promise<VolumeFramework> {
    const info = {
      name: 'volumes',
      roles: [ROLE],
      failover_timeout: 600,
      capabilities: capabilities.map((type) => ({ type })),
      ...more,
    };
    return new VolumeFramework(cluster, info, await Framework.subscribe(cluster, info));
  }

  /** As the same framework, on a new stream. */
  async resubscribe(): Promise<void> {
    const { frameworkId } = this.framework.scheduler;
    this.framework.scheduler.close();
    this.framework = await Framework.subscribe(this.cluster, { ...this.info, id: frameworkId });
    this.#seen = 0;
  }

  /** The next offer that no call answered and that holds all of `needs`; others are given back. */
  async takeOffer(needs: readonly Json[] = [], min = { cpus: 0.1, mem: 32 }): Promise<Json> {
    const { scheduler } = this.framework;
    const holds = (offer: Json, need: Json) => offer.resources.some((held: Json) => sameDisk(held, need));
    return until(
      `an offer with ${JSON.stringify(needs)}`,
      async () => {
        for (const each of scheduler.offers()) {
          if (this.#answered.has(each.id.value)) continue;
          this.#answered.add(each.id.value);
          const isBig = offered([each], 'cpus') >= min.cpus && offered([each], 'mem') >= min.mem;
          if (isBig && needs.every((need) => holds(each, need))) return each;
          await scheduler.call({ type: 'DECLINE', decline: { offer_ids: [each.id], filters: { refuse_seconds: 0 } } });
        }
        return undefined;
      },
      { explain: () => this.cluster.logs() },
    );
  }

  /** Gives back all that is offered. */
  async declineAll(): Promise<void> {
    const { scheduler } = this.framework;
    const offers = scheduler.offers().filter((offer) => !this.#answered.has(offer.id.value));
    for (const { id } of offers) this.#answered.add(id.value);
    await scheduler.call({ type: 'DECLINE', decline: { offer_ids: offers.map(({ id }) => id) } });
  }

  /** Operations on one offer. */
  async accept(offer: Json, ...operations: Json[]): Promise<void> {
    const accept = { offer_ids: [offer.id], operations, filters: { refuse_seconds: 0 } };
    const answer = await this.framework.scheduler.call({ type: 'ACCEPT', accept });
    if (answer.status !== 202) throw new Error(`ACCEPT: ${answer.status} ${answer.text}`);
  }

  /** A task with volumes and the operation that launches it. */
  task(offer: Json, command: string, ...volumes: Json[]): { readonly task: Task; readonly launch: Json } {
    this.#tasks += 1;
    const id = `with-volume-${this.#tasks}`;
    const info = {
      name: id,
      task_id: { value: id },
      agent_id: offer.agent_id,
      resources: [...scalars({ cpus: 0.1, mem: 32 }), ...volumes],
      command: { value: command },
    };
    return { task: new Task(this.framework, id), launch: { type: 'LAUNCH', launch: { task_infos: [info] } } };
  }

  /** Launches a task on an offer that holds its volumes. */
  async start(command: string, ...volumes: Json[]): Promise<Task> {
    const offer = await this.takeOffer(volumes);
    const { task, launch } = this.task(offer, command, ...volumes);
    await this.accept(offer, launch);
    return task;
  }

  statusesOf(operationId: string): Json[] {
    return this.framework.scheduler.events
      .map((event) => event.update_operation_status?.status)
      .filter((status) => status?.operation_id?.value === operationId);
  }

  /** The latest status that an operation ends with; not acknowledged. */
  async outcomeOf(operationId: string): Promise<Json> {
    const isOver = ({ state }: Json) => state !== 'OPERATION_PENDING' && state !== 'OPERATION_RECOVERING';
    return until(`operation ${operationId} ends`, () => this.statusesOf(operationId).findLast(isOver), {
      explain: () => `${JSON.stringify(this.statusesOf(operationId))}\n${this.cluster.logs()}`,
    });
  }

  acknowledge({ agent_id, operation_id, uuid }: Json): Promise<Answer> {
    const acknowledge_operation_status = { agent_id, operation_id, uuid: uuid.value };
    return this.framework.scheduler.call({ type: 'ACKNOWLEDGE_OPERATION_STATUS', acknowledge_operation_status });
  }

  /** Whatever was told so far: an acknowledgement may be lost with the agent, and what is told again needs another. */
  async acknowledgeAll(): Promise<void> {
    const { events } = this.framework.scheduler;
    for (; this.#seen < events.length; this.#seen++) {
      const status = events[this.#seen].update_operation_status?.status;
      if (status?.uuid !== undefined) await this.acknowledge(status);
    }
  }

  /** Ends with OPERATION_FINISHED and is acknowledged. */
  async finished(...operationIds: string[]): Promise<void> {
    for (const id of operationIds) {
      const status = await this.outcomeOf(id);
      if (status.state !== 'OPERATION_FINISHED') throw new Error(`${id}: ${JSON.stringify(status)}`);
      await this.acknowledge(status);
    }
  }

  /** Ends otherwise; the state and the message. */
  async refused(operationId: string): Promise<readonly [state: string, message: string]> {
    const status = await this.outcomeOf(operationId);
    if (status.uuid !== undefined) await this.acknowledge(status);
    return [status.state, status.message];
  }

  /** The state of an operation as the master tells it. */
  async reconciled(operationId: string, agentId: Json): Promise<string> {
    const before = this.statusesOf(operationId).length;
    const operations = [{ operation_id: { value: operationId }, agent_id: agentId }];
    await this.framework.scheduler.call({ type: 'RECONCILE_OPERATIONS', reconcile_operations: { operations } });
    return until('the answer', () => this.statusesOf(operationId)[before]?.state as string | undefined);
  }
}

/** Of the same volume, or of the same disk and as reserved as `need`; no smaller. */
function sameDisk(held: Json, need: Json): boolean {
  const key = ({ disk, reservations }: Json) =>
    JSON.stringify([
      reservations?.at(-1)?.role,
      disk?.persistence?.id,
      disk?.source?.path?.root,
      disk?.source?.mount?.root,
    ]);
  return held.name === 'disk' && key(held) === key(need) && held.scalar.value >= need.scalar.value;
}

/** Calls of the operator API. */
export class Operator {
  constructor(readonly master: Daemon) {}

  call(call: Json): Promise<Answer> {
    return postJson(`${this.master.url}/api/v1`, call);
  }

  /** The one agent; undefined: it is not registered. */
  async agent(): Promise<Json> {
    const { text } = await this.call({ type: 'GET_AGENTS' });
    return JSON.parse(text).get_agents.agents?.[0];
  }

  async agentId(): Promise<Json> {
    return (await this.agent())?.agent_info.id;
  }

  async total(): Promise<Json[]> {
    return (await this.agent())?.total_resources ?? [];
  }

  async operations(): Promise<Json[]> {
    const { text } = await this.call({ type: 'GET_OPERATIONS' });
    return JSON.parse(text).get_operations.operations ?? [];
  }
}

/** File systems of this test alone. */
export class RealDisks {
  readonly directory = mkdtempSync(join(tmpdir(), 'mesoctl-disks-'));
  readonly #mounted: string[] = [];
  readonly #frozen = new Set<string>();

  /** Why there can be none here; undefined: there can. */
  static missing(): string | undefined {
    if (!isRoot) return 'only root mounts disks';
    const disks = new RealDisks();
    try {
      disks.ext4('probe');
      disks.freeze(join(disks.directory, 'probe'));
      return undefined;
    } catch (error) {
      return `no loop-mounted ext4 here: ${String(error).split('\n')[0]}`;
    } finally {
      disks.close();
    }
  }

  /** A file in memory with an ext4 in it, mounted. */
  ext4(name: string, mb = 16): string {
    const image = join(this.directory, `${name}.img`);
    writeFileSync(image, '');
    truncateSync(image, mb * 1024 * 1024);
    execFileSync('mkfs.ext4', ['-q', '-F', image], { stdio: 'pipe' });
    return this.#mount(name, ['-o', 'loop', image]);
  }

  tmpfs(name: string, mb = 16): string {
    return this.#mount(name, ['-t', 'tmpfs', '-o', `size=${mb}m`, 'tmpfs']);
  }

  /** Whoever writes to it waits. */
  freeze(at: string): void {
    execFileSync('fsfreeze', ['--freeze', at], { stdio: 'pipe' });
    this.#frozen.add(at);
  }

  thaw(at: string): void {
    this.#frozen.delete(at);
    execFileSync('fsfreeze', ['--unfreeze', at], { stdio: 'pipe' });
  }

  unmount(at: string): void {
    this.#mounted.splice(this.#mounted.indexOf(at), 1);
    execFileSync('umount', ['--lazy', at], { stdio: 'pipe' });
  }

  /** An ext4 that was unmounted. */
  mountAgain(at: string): void {
    execFileSync('mount', ['-o', 'loop', `${at}.img`, at], { stdio: 'pipe' });
    this.#mounted.push(at);
  }

  thawAll(): void {
    for (const at of [...this.#frozen]) this.thaw(at);
  }

  close(): void {
    this.thawAll();
    for (const at of [...this.#mounted]) this.unmount(at);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #mount(name: string, args: readonly string[]): string {
    const at = join(this.directory, name);
    mkdirSync(at);
    try {
      execFileSync('mount', [...args, at], { stdio: 'pipe' });
    } catch (error) {
      rmdirSync(at);
      throw error;
    }
    this.#mounted.push(at);
    return at;
  }
}
