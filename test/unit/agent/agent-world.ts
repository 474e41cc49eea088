/**
 * A whole small world around an agent core: a machine with containers that outlive the agent, a checkpoint, a master that
 * remembers what it was told. Everything that can go wrong between two steps is a call; `check*` says what must hold.
 */
import { expect } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { MemoryCheckpointStore } from '../../../src/daemon/agent/checkpoint/memory-store.js';
import { createAgentCore } from '../../../src/daemon/agent/core/agent-core.js';
import type { AgentCore } from '../../../src/daemon/agent/core/options.js';
import type { AgentEffect, AgentEvent, AgentMessage, ContainerFate } from '../../../src/daemon/agent/core/protocol.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { isTerminal } from '../../../src/wire/task-state.js';
import {
  AGENT_ID,
  BOOT_ID,
  changesOf,
  containerCheckpoint,
  FRAMEWORK_ID,
  frameworkInfo,
  type MasterBody,
  runTasks,
  taskInfo,
  welcome,
} from './core-harness.js';

interface SimulatedContainer {
  readonly id: string;
  readonly taskId: string;
  state: 'making' | 'held' | 'running' | 'ended' | 'never-began';
  waitStatus?: number;
}

interface MasterTask {
  readonly id: string;
  /** Terminal update acknowledged. */
  settled: boolean;
  killed: boolean;
  /** Distinct updates in order of their first arrival. */
  readonly updates: Map<string, mesos.TaskStatus>;
  /** Seen and not yet acknowledged. */
  readonly unacknowledged: mesos.TaskStatus[];
}

/** How far a step gets before the agent dies. */
export type CrashPoint = 'before-commit' | 'after-commit';

export class AgentWorld {
  readonly containers = new Map<string, SimulatedContainer>();
  readonly tasks = new Map<string, MasterTask>();
  /** Of each task: how often its first instruction ran. */
  readonly runs = new Map<string, number>();
  readonly #store = new MemoryCheckpointStore();
  readonly #failedLaunches = new Set<string>();
  /** Of every update that was ever in the checkpoint. */
  readonly #durableUpdates = new Set<string>();
  #core: AgentCore | undefined;
  #events: AgentEvent[] = [];
  #monotonicMs = 0;
  #seed = 0;
  #linkUp = false;
  #crashAt: CrashPoint | undefined;
  /** Frames of the master that the agent has not read yet. */
  #inbox: MasterBody[] = [];

  constructor() {
    this.startAgent();
  }

  startAgent(): void {
    this.#seed += 1;
    this.#core = createAgentCore({
      config: { executorShutdownGracePeriodMs: 5_000, registrationBackoffFactorMs: 1_000 },
      agentInfo: { hostname: 'h', port: 5051, resources: [] },
      version: '1.12.0',
      ip: '127.0.0.1',
      bootId: BOOT_ID,
      random: seededRandom(this.#seed * 7919),
      startedAt: this.#now(),
    });
    const checkpoint = this.#store.read();
    const fates = new Map<string, ContainerFate>();
    const known = new Set(checkpoint.containers.map((container) => container.container_id.value));
    for (const container of [...this.containers.values()]) {
      const isUnreleased = container.state === 'making' || container.state === 'held';
      if (!known.has(container.id)) {
        // An orphan: destroyed. It must never have run, or its end must be known already.
        expect(container.state).not.toBe('running');
        if (isUnreleased) this.containers.delete(container.id);
      } else if (isUnreleased || container.state === 'never-began') {
        container.state = 'never-began';
        fates.set(container.id, { state: 'ended', termination: { containerId: container.id, finishedAtMs: 1 } });
      } else if (container.state === 'running') fates.set(container.id, { state: 'running', pid: 1 });
      else
        fates.set(container.id, {
          state: 'ended',
          termination: { containerId: container.id, waitStatus: container.waitStatus, startedAtMs: 1, finishedAtMs: 2 },
        });
    }
    this.#step({ kind: 'recovered', checkpoint, fates });
  }

  /** kill -9. */
  crash(): void {
    this.#core = undefined;
    this.#events = [];
    this.#inbox = [];
    this.#linkUp = false;
    this.#crashAt = undefined;
  }

  get isUp(): boolean {
    return this.#core !== undefined;
  }

  crashInNextStep(point: CrashPoint): void {
    this.#crashAt = point;
  }

  connect(): void {
    if (this.#linkUp || this.#core === undefined) return;
    this.#linkUp = true;
    this.#events.push({ kind: 'link-up', welcome: welcome() });
  }

  disconnect(): void {
    if (!this.#linkUp) return;
    this.#linkUp = false;
    this.#inbox = [];
    this.#events.push({ kind: 'link-lost' });
  }

  launch(taskId: string, twice: boolean): void {
    if (this.#core?.view.registered !== true || !this.#linkUp || this.tasks.has(taskId)) return;
    this.tasks.set(taskId, { id: taskId, settled: false, killed: false, updates: new Map(), unacknowledged: [] });
    const order = runTasks([taskInfo(taskId)], {
      framework_info: frameworkInfo(['PARTITION_AWARE', 'TASK_KILLING_STATE']),
    });
    this.#inbox.push(...(twice ? [order, order] : [order]));
  }

  kill(taskId: string): void {
    const task = this.tasks.get(taskId);
    if (task === undefined || !this.#linkUp || this.#core?.view.registered !== true) return;
    task.killed = true;
    this.#inbox.push({ kill_task: { framework_id: { value: FRAMEWORK_ID }, task_id: { value: taskId } } });
  }

  acknowledge(taskId: string, twice: boolean): void {
    const task = this.tasks.get(taskId);
    const status = task?.unacknowledged.shift();
    if (task === undefined || status?.uuid === undefined || !this.#linkUp) return;
    if (isTerminal(status.state)) task.settled = true;
    const frame: MasterBody = {
      acknowledge_update: { framework_id: { value: FRAMEWORK_ID }, task_id: { value: taskId }, uuid: status.uuid },
    };
    this.#inbox.push(...(twice ? [frame, frame] : [frame]));
  }

  /** The machine gets on with one container; also while the agent is down. */
  progress(container: SimulatedContainer, waitStatus: number): void {
    switch (container.state) {
      case 'making':
        if (this.#core === undefined) return;
        container.state = 'held';
        this.#events.push({ kind: 'container-starting', checkpoint: containerCheckpoint(container.id) });
        break;
      case 'running':
        this.#endContainer(container, waitStatus);
        break;
      default:
    }
  }

  /** The launch itself fails, for a reason of the machine's. */
  failLaunch(container: SimulatedContainer): void {
    if (container.state !== 'making' || this.#core === undefined) return;
    this.containers.delete(container.id);
    this.#failedLaunches.add(container.taskId);
    this.#events.push({ kind: 'container-launch-failed', containerId: container.id, message: 'no luck' });
  }

  /** Everything that waits is stepped in one batch, after `ms` have passed. */
  run(ms: number): void {
    this.#monotonicMs += ms;
    if (this.#core === undefined) return;
    const frames = this.#inbox.map(
      (body): AgentEvent => ({
        kind: 'frame',
        frame: { ...body, channel: 1, sequence: 1, term: 1 },
      }),
    );
    this.#inbox = [];
    const events = [...this.#events, ...frames];
    this.#events = [];
    this.#step(...events, { kind: 'tick' });
  }

  /** Lets the world come to rest: agent up, connected, everything ended and acknowledged. */
  settle(): void {
    this.#crashAt = undefined;
    if (this.#core === undefined) this.startAgent();
    for (let round = 0; round < 200; round++) {
      this.connect();
      for (const container of [...this.containers.values()]) this.progress(container, 0);
      this.run(1_000);
      for (const task of this.tasks.values()) while (task.unacknowledged.length > 0) this.acknowledge(task.id, false);
      if ([...this.tasks.values()].every((task) => task.settled) && this.#inbox.length === 0) break;
    }
    this.run(1_000);
  }

  /** What must hold at rest. */
  checkAtRest(): void {
    for (const task of this.tasks.values()) this.#checkTask(task);
    const live = [...this.containers.values()].filter(({ state }) => state !== 'ended' && state !== 'never-began');
    expect(live).toEqual([]);
    expect(this.#store.read()).toMatchObject({ frameworks: [], tasks: [], updates: [], containers: [] });
    expect(this.#core?.nextDeadlineMs()).toBeGreaterThan(0);
  }

  #checkTask(task: MasterTask): void {
    const states = [...task.updates.values()].map((status) => status.state);
    const order = ['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING'];
    const ends = states.filter(isTerminal);
    expect([task.id, states.slice(0, states.length - ends.length)]).toEqual([
      task.id,
      order.filter((state) => states.includes(state as mesos.TaskState)),
    ]);
    // An answer about a task that never got here may be given anew after a restart; an end may not.
    const isUnknown = ends.every((state) => state === 'TASK_DROPPED');
    expect([task.id, isUnknown ? 1 : ends.length]).toEqual([task.id, 1]);
    expect([task.id, (this.runs.get(task.id) ?? 0) <= 1]).toEqual([task.id, true]);
    this.#checkTruth(task, ends[0]);
  }

  /** The state told is what happened on the machine. */
  #checkTruth(task: MasterTask, end: mesos.TaskState | undefined): void {
    const ran = [...this.containers.values()].find(({ state, taskId }) => state === 'ended' && taskId === task.id);
    // What never ran may have been killed or never have come; it has failed only if its launch did.
    const without = this.#failedLaunches.has(task.id) ? ['TASK_FAILED'] : [];
    if (ran === undefined) expect([...without, 'TASK_DROPPED', 'TASK_KILLED']).toContain(end);
    else if (!task.killed)
      expect([task.id, end]).toEqual([task.id, ran.waitStatus === 0 ? 'TASK_FINISHED' : 'TASK_FAILED']);
    else expect(['TASK_FINISHED', 'TASK_FAILED', 'TASK_KILLED']).toContain(end);
    if (end === 'TASK_KILLED') expect(task.killed).toBe(true);
  }

  #now() {
    return { monotonicMs: this.#monotonicMs, unixMs: 1_700_000_000_000 + this.#monotonicMs };
  }

  #step(...events: AgentEvent[]): void {
    const effects = this.#core?.step(events, this.#now()) ?? [];
    const crashAt = this.#crashAt;
    for (const effect of effects) if (effect.type === 'now') this.#perform(effect);
    if (crashAt === 'before-commit') {
      this.crash();
      return;
    }
    const changes = changesOf(effects);
    this.#store.write(changes);
    for (const change of changes)
      if (change.kind === 'put-update') this.#durableUpdates.add(uuidText(change.update.status.uuid));
    if (crashAt === 'after-commit') {
      this.crash();
      return;
    }
    for (const effect of effects) if (effect.type === 'afterPersist') this.#perform(effect);
  }

  #perform(effect: AgentEffect): void {
    if (effect.type === 'persist') return;
    if (effect.kind === 'launch') {
      const { containerId: id, task } = effect.launch;
      this.containers.set(id, { id, taskId: task.task_id.value, state: 'making' });
    } else if (effect.kind === 'send') this.#onFrame(effect.frame);
    else if (effect.kind === 'reconnect') this.disconnect();
    else if ('containerId' in effect) this.#onContainerEffect(effect.kind, this.containers.get(effect.containerId));
  }

  #onContainerEffect(kind: AgentEffect['kind'], container: SimulatedContainer | undefined): void {
    if (container === undefined) return;
    const isUnreleased = container.state === 'making' || container.state === 'held';
    if (kind === 'abort-launch' && isUnreleased) {
      this.containers.delete(container.id);
      this.#events.push({ kind: 'container-launch-failed', containerId: container.id, message: 'given up' });
    } else if (kind === 'release-launch' && container.state === 'held') {
      const known = this.#store.read().containers.some(({ container_id: id }) => id.value === container.id);
      expect([container.taskId, known]).toEqual([container.taskId, true]);
      container.state = 'running';
      this.runs.set(container.taskId, (this.runs.get(container.taskId) ?? 0) + 1);
      this.#events.push({ kind: 'container-launched', containerId: container.id, pid: 1 });
    } else if (kind === 'destroy-container' && container.state === 'running') this.#endContainer(container, 9);
  }

  #endContainer(container: SimulatedContainer, waitStatus: number): void {
    container.state = 'ended';
    container.waitStatus = waitStatus;
    this.#events.push({ kind: 'container-terminated', termination: { containerId: container.id, waitStatus } });
  }

  #onFrame(frame: AgentMessage): void {
    if (!this.#linkUp) return;
    const { master_info: masterInfo } = welcome();
    if (frame.register !== undefined || frame.reregister !== undefined)
      this.#inbox.push({ registered: { agent_id: { value: AGENT_ID }, master_info: masterInfo, reregistered: true } });
    if (frame.reregister !== undefined || frame.register !== undefined)
      this.#reconcile(new Set(frame.reregister?.tasks?.map((task) => task.task_id.value)));
    const status = frame.status_update?.status;
    if (status !== undefined) this.#onStatus(status);
  }

  #reconcile(reported: ReadonlySet<string>): void {
    const missing = [...this.tasks.values()].filter((task) => !task.settled && !reported.has(task.id));
    this.#inbox.push({
      reconcile_tasks: {
        tasks: missing.map(({ id }) => ({
          framework_id: { value: FRAMEWORK_ID },
          task_id: { value: id },
          partition_aware: true,
        })),
      },
    });
  }

  #onStatus(status: mesos.TaskStatus): void {
    const task = this.tasks.get(status.task_id.value);
    // A kill for a task that had settled may be answered; nobody holds that task any more.
    if (task === undefined) return;
    const key = uuidText(status.uuid);
    if (status.state !== 'TASK_DROPPED')
      expect([status.state, this.#durableUpdates.has(key)]).toEqual([status.state, true]);
    if (!(task.settled && status.state === 'TASK_DROPPED') && !task.updates.has(key)) task.updates.set(key, status);
    if (!task.unacknowledged.some(({ uuid }) => uuidText(uuid) === key)) task.unacknowledged.push(status);
  }
}

function uuidText(uuid: Uint8Array | undefined): string {
  return Buffer.from(uuid ?? []).toString('hex');
}
