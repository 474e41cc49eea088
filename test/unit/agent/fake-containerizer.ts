/** Containers that exist in name only. They outlive the containerizer object, as real ones outlive an agent. */
import { MesoError } from '../../../src/base/error.js';
import type {
  ContainerCheckpoint,
  Containerizer,
  ContainerizerEvents,
  ContainerProcess,
  ContainerSpec,
  ContainerTermination,
  RecoveredContainer,
} from '../../../src/runtime/containerizer.js';
import { BOOT_ID } from './core-harness.js';

/** What goes on on the machine, whoever looks. */
export class FakeMachine {
  readonly running = new Map<string, ContainerSpec>();
  readonly ended = new Map<string, ContainerTermination>();
  containerizer: FakeContainerizer | undefined;

  /** The task's process ends. */
  async end(containerId: string, more: Partial<ContainerTermination>): Promise<void> {
    if (!this.running.delete(containerId)) return;
    const termination = { containerId, startedAtMs: 1, finishedAtMs: 2, ...more };
    this.ended.set(containerId, termination);
    await this.containerizer?.events?.onTerminated(termination);
  }

  findByTask(taskId: string): string | undefined {
    return [...this.running].find(([, spec]) => spec.environment.MESOS_TASK_ID === taskId)?.[0];
  }
}

export class FakeContainerizer implements Containerizer {
  readonly isolation = ['fake/isolation'];
  readonly signals: (readonly [string, number])[] = [];
  readonly specs: ContainerSpec[] = [];
  /** The next launch fails with that message. */
  failNext: string | undefined;
  readonly #cancelled = new Set<string>();

  constructor(
    readonly machine: FakeMachine = new FakeMachine(),
    readonly events?: ContainerizerEvents,
  ) {
    machine.containerizer = this;
  }

  get running(): readonly string[] {
    return [...this.machine.running.keys()];
  }

  async launch(
    spec: ContainerSpec,
    starting: (checkpoint: ContainerCheckpoint) => Promise<void>,
  ): Promise<ContainerProcess> {
    const why = this.failNext;
    this.failNext = undefined;
    if (why !== undefined) throw new MesoError('LAUNCH_FAILED', why);
    const checkpoint: ContainerCheckpoint = {
      containerId: spec.containerId,
      supervisorPid: 4242,
      supervisorStartTicks: 1,
      bootId: BOOT_ID,
      runtimeDir: '/nowhere',
      sandboxDir: spec.sandboxDir,
    };
    await starting(checkpoint);
    if (this.#cancelled.has(spec.containerId)) throw new MesoError('LAUNCH_FAILED', 'destroyed');
    this.specs.push(spec);
    this.machine.running.set(spec.containerId, spec);
    return { containerId: spec.containerId, pid: 4343, checkpoint };
  }

  async recover(
    checkpoints: readonly ContainerCheckpoint[],
  ): Promise<readonly (RecoveredContainer & { readonly containerId: string })[]> {
    const known = new Set(checkpoints.map(({ containerId }) => containerId));
    for (const containerId of this.running) if (!known.has(containerId)) this.machine.running.delete(containerId);
    return checkpoints.map((checkpoint) => {
      const { containerId } = checkpoint;
      if (this.machine.running.has(containerId))
        return { containerId, state: 'running', process: { containerId, pid: 4343, checkpoint } };
      return { containerId, state: 'ended', termination: this.machine.ended.get(containerId) ?? { containerId } };
    });
  }

  async signal(containerId: string, signalNumber: number): Promise<void> {
    this.signals.push([containerId, signalNumber]);
    await this.machine.end(containerId, { waitStatus: signalNumber });
  }

  async destroy(containerId: string): Promise<void> {
    this.#cancelled.add(containerId);
    await this.machine.end(containerId, { waitStatus: 9 });
  }

  async usage(containerId: string) {
    return this.machine.running.has(containerId) ? { timestamp: 7, cpus_limit: 1 } : undefined;
  }

  async status(containerId: string) {
    return this.machine.running.has(containerId)
      ? { container_id: { value: containerId }, executor_pid: 4343 }
      : undefined;
  }

  async close(): Promise<void> {
    this.machine.containerizer = undefined;
  }
}
