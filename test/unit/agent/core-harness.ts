/**
 * An agent core with a memory checkpoint, a clock that only tests move, and everything it asked for in lists. The master
 * at the other end of the link is the test itself.
 */
import { seededRandom } from '../../../src/base/random.js';
import { MemoryCheckpointStore } from '../../../src/daemon/agent/checkpoint/memory-store.js';
import { createAgentCore } from '../../../src/daemon/agent/core/agent-core.js';
import type { AgentCore, AgentCoreOptions } from '../../../src/daemon/agent/core/options.js';
import type {
  AgentEffect,
  AgentEvent,
  AgentMessage,
  CheckpointChange,
  ContainerFate,
  LaunchRequest,
} from '../../../src/daemon/agent/core/protocol.js';
import type { ContainerCheckpoint, ContainerTermination } from '../../../src/runtime/containerizer.js';
import type * as link from '../../../src/wire/gen/mesoctl-link.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';

export const AGENT_ID = 'm1-S0';
export const FRAMEWORK_ID = 'fw1';
export const BOOT_ID = 'boot-1';

export type MasterBody = Omit<link.MasterFrame, 'channel' | 'sequence' | 'term'>;

export function frameworkInfo(
  capabilities: readonly mesos.FrameworkInfo_Capability_Type[] = ['PARTITION_AWARE'],
  id: string = FRAMEWORK_ID,
): mesos.FrameworkInfo {
  return { user: 'root', name: 'test', id: { value: id }, capabilities: capabilities.map((type) => ({ type })) };
}

export function taskInfo(id: string, more: Partial<mesos.TaskInfo> = {}): mesos.TaskInfo {
  return {
    name: id,
    task_id: { value: id },
    agent_id: { value: AGENT_ID },
    resources: [{ name: 'cpus', type: 'SCALAR', scalar: { value: 1 } }],
    command: { value: 'true' },
    ...more,
  };
}

export function runTasks(tasks: mesos.TaskInfo[], more: Partial<link.RunTasks> = {}): MasterBody {
  return {
    run_tasks: { framework_info: frameworkInfo(), tasks, group: false, launch_executor: false, ...more },
  };
}

export function welcome(term = 1): link.Welcome {
  return {
    version: 1,
    cluster_id: 'cluster',
    term,
    master_info: { id: 'm1', ip: 0, port: 5050 },
    total_ping_timeout_seconds: 75,
    reregister_jitter_ms: 0,
  };
}

export function containerCheckpoint(containerId: string): ContainerCheckpoint {
  return {
    containerId,
    supervisorPid: 4242,
    supervisorStartTicks: 77,
    bootId: BOOT_ID,
    runtimeDir: `/run/${containerId}`,
    sandboxDir: `/sandbox/${containerId}`,
  };
}

export interface HarnessOptions {
  readonly store?: MemoryCheckpointStore;
  readonly fates?: ReadonlyMap<string, ContainerFate>;
  readonly bootId?: string;
  readonly monotonicMs?: number;
  readonly unixMs?: number;
  readonly seed?: number;
  /** Configured; default 8 cpus. */
  readonly resources?: readonly mesos.Resource[];
  /** Registers with the master at once; default true. */
  readonly joined?: boolean;
}

export class CoreHarness {
  readonly store: MemoryCheckpointStore;
  readonly core: AgentCore;
  monotonicMs: number;
  unixMs: number;
  /** Everything since the last `take*` of its kind. */
  effects: AgentEffect[] = [];
  sent: AgentMessage[] = [];
  launches: LaunchRequest[] = [];

  constructor(options: HarnessOptions = {}) {
    this.store = options.store ?? new MemoryCheckpointStore();
    this.monotonicMs = options.monotonicMs ?? 1_000;
    this.unixMs = options.unixMs ?? 1_700_000_000_000;
    this.core = createAgentCore({
      config: { executorShutdownGracePeriodMs: 5_000, registrationBackoffFactorMs: 1_000 },
      agentInfo: {
        hostname: 'h1',
        port: 5051,
        resources: [...(options.resources ?? [{ name: 'cpus', type: 'SCALAR', scalar: { value: 8 } }])],
      },
      version: '1.12.0',
      ip: '10.0.0.7',
      bootId: options.bootId ?? BOOT_ID,
      random: seededRandom(options.seed ?? 1),
      startedAt: { monotonicMs: this.monotonicMs, unixMs: this.unixMs },
    } satisfies AgentCoreOptions);
    this.post({ kind: 'recovered', checkpoint: this.store.read(), fates: options.fates ?? new Map() });
    if (options.joined !== false) this.join();
  }

  post(...events: AgentEvent[]): readonly AgentEffect[] {
    const effects = this.core.step(events, { monotonicMs: this.monotonicMs, unixMs: this.unixMs });
    this.store.write(changesOf(effects));
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.type === 'persist') continue;
      if (effect.kind === 'send') this.sent.push(effect.frame);
      if (effect.kind === 'launch') this.launches.push(effect.launch);
    }
    return effects;
  }

  frame(body: MasterBody): readonly AgentEffect[] {
    return this.post({ kind: 'frame', frame: { ...body, channel: 1, sequence: 1, term: 1 } });
  }

  /** Link up, registration sent and answered. */
  join(term = 1): void {
    this.post({ kind: 'link-up', welcome: welcome(term) });
    this.advance(0);
    this.frame({
      registered: { agent_id: { value: AGENT_ID }, master_info: welcome(term).master_info, reregistered: false },
    });
  }

  /** Both clocks move; due timers fire one deadline after the other. */
  advance(ms: number): void {
    const untilMs = this.monotonicMs + ms;
    for (;;) {
      const deadlineMs = this.core.nextDeadlineMs();
      if (deadlineMs === undefined || deadlineMs > untilMs) break;
      this.#moveTo(Math.max(deadlineMs, this.monotonicMs));
      this.post({ kind: 'tick' });
    }
    this.#moveTo(untilMs);
  }

  #moveTo(monotonicMs: number): void {
    this.unixMs += monotonicMs - this.monotonicMs;
    this.monotonicMs = monotonicMs;
  }

  /** RunTasks, and the container up to running; returns its id. */
  start(taskId: string, more: Partial<mesos.TaskInfo> = {}, run: Partial<link.RunTasks> = {}): string {
    this.frame(runTasks([taskInfo(taskId, more)], run));
    const containerId = this.lastLaunch();
    this.post({ kind: 'container-starting', checkpoint: containerCheckpoint(containerId) });
    this.post({ kind: 'container-launched', containerId, pid: 100 });
    return containerId;
  }

  lastLaunch(): string {
    const last = this.launches.at(-1);
    if (last === undefined) throw new Error('nothing was launched');
    return last.containerId;
  }

  terminate(containerId: string, more: Partial<ContainerTermination>): void {
    this.post({ kind: 'container-terminated', termination: { containerId, ...more } });
  }

  kill(taskId: string, graceMs?: number): void {
    const policy = graceMs === undefined ? {} : { kill_policy: { grace_period: { nanoseconds: graceMs * 1e6 } } };
    this.frame({ kill_task: { framework_id: { value: FRAMEWORK_ID }, task_id: { value: taskId }, ...policy } });
  }

  acknowledge(status: mesos.TaskStatus, frameworkId: string = FRAMEWORK_ID): void {
    this.frame({
      acknowledge_update: {
        framework_id: { value: frameworkId },
        task_id: status.task_id,
        uuid: status.uuid ?? new Uint8Array(),
      },
    });
  }

  /** Status updates that were sent since the last call. */
  takeUpdates(): mesos.TaskStatus[] {
    const updates = this.sent.flatMap((message) =>
      message.status_update === undefined ? [] : [message.status_update],
    );
    this.sent = this.sent.filter((message) => message.status_update === undefined);
    return updates.map((update) => update.status);
  }

  /** Acknowledges until nothing more comes; the statuses in the order they came. */
  drain(): mesos.TaskStatus[] {
    const all: mesos.TaskStatus[] = [];
    for (let statuses = this.takeUpdates(); statuses.length > 0; statuses = this.takeUpdates()) {
      all.push(...statuses);
      for (const status of statuses) this.acknowledge(status);
    }
    return all;
  }

  /** Effects of one kind since the last call. */
  take<K extends AgentEffect['kind']>(kind: K): Extract<AgentEffect, { readonly kind: K }>[] {
    const taken = this.effects.filter(
      (effect): effect is Extract<AgentEffect, { readonly kind: K }> => effect.kind === kind,
    );
    this.effects = this.effects.filter((effect) => effect.kind !== kind);
    return taken;
  }

  /** A new process on the same checkpoint. */
  restart(options: HarnessOptions = {}): CoreHarness {
    return new CoreHarness({
      store: this.store.fork(),
      unixMs: this.unixMs,
      monotonicMs: this.monotonicMs,
      seed: 2,
      ...options,
    });
  }
}

export function changesOf(effects: readonly AgentEffect[]): CheckpointChange[] {
  return effects.flatMap((effect) => (effect.type === 'persist' ? [effect.change] : []));
}

export function statesOf(statuses: readonly mesos.TaskStatus[]): string[] {
  return statuses.map((status) => status.state);
}
