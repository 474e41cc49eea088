/**
 * Containers on Linux: isolators say what a container needs, the launcher starts a supervisor that makes it, and the
 * supervisor's end is the container's end. Invariants: a container is in exactly one of `#launching` and `#running`;
 * a failed launch leaves nothing; `onTerminated` comes once, after the cgroup is gone and before the record is removed.
 * Source: architecture, section 6; spec pages 08b and 15.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MesoError, messageOf } from '../base/error.js';
import type * as mesos from '../wire/gen/mesos.js';
import { buildPlan, findUnsupported } from './build-plan.js';
import { Cgroup } from './cgroups/cgroup.js';
import { findMemoryRecord } from './cgroups/read-memory.js';
import { isContainerId } from './cgroups/root.js';
import { Container } from './container.js';
import type {
  ContainerCheckpoint,
  Containerizer,
  ContainerProcess,
  ContainerSpec,
  ContainerTermination,
  RecoveredContainer,
} from './containerizer.js';
import type { ContainerResources, Isolator } from './isolators/isolator.js';
import { launchError } from './launcher/failure.js';
import { encodeLaunchPlan, type LaunchPlan } from './launcher/launch-plan.js';
import type { Launch, Launcher } from './launcher/launcher.js';
import type { StartedProcesses } from './launcher/protocol.js';
import type { LinuxContainerizerOptions } from './linux-containerizer-options.js';
import { type Machine, openMachine } from './machine.js';
import { isSameProcess } from './process-tree.js';
import type { RecordStore } from './record-store.js';
import { destroyOrphans, findEnded } from './recovery.js';
import { killedTermination, terminationOf } from './termination.js';
import { Users } from './users.js';
import { placeVolumes } from './volumes/place-volumes.js';

const SANDBOX_MODE = 0o750;
/** A launch is given up when so many launchers died under it. */
const MAX_LOST_LAUNCHES = 3;
/** How long a supervisor that lost its launcher may take to undo a launch. */
const UNDO_TIMEOUT_MS = 5000;
const UNDO_POLL_MS = 20;
/** After this long a process that the kernel cannot kill is reported, and waited for no more. */
const EMPTY_TIMEOUT_MS = 60_000;

/** How long `close` waits for launches and ends under way. */
const CLOSE_TIMEOUT_MS = 5000;
/** The last supervisor reports just before it leaves. */
const REMOVE_TIMEOUT_MS = 1000;

interface Launching {
  cancelled: boolean;
  container?: Container | undefined;
}

export interface LinuxContainerizer extends Containerizer {
  /** Pid of the launcher process; undefined while it is being started again. */
  readonly launcherPid: number | undefined;
  /** Changes requests and limits of a running container. Unknown containers are ignored. */
  update(containerId: string, resources: ContainerResources): Promise<void>;
}

/**
 * Checks that the machine can isolate as asked, takes the runtime directory and the cgroup root for this agent alone,
 * and starts the launcher. Throws MesoError ISOLATION_MISSING, BAD_INPUT, SUPERVISOR_MISSING or WORK_DIR_LOCKED.
 * Call `recover` before the first launch.
 */
export async function createLinuxContainerizer(options: LinuxContainerizerOptions): Promise<LinuxContainerizer> {
  return new RunningContainerizer(options, await openMachine(options));
}

class RunningContainerizer implements LinuxContainerizer {
  readonly #launching = new Map<string, Launching>();
  readonly #running = new Map<string, Container>();
  /** Launches and ends that are being worked on; `close` waits for them. */
  readonly #work = new Set<Promise<unknown>>();
  readonly #isolators: readonly Isolator[];
  readonly #launcher: Launcher;
  readonly #records: RecordStore;
  readonly #users: Users;

  constructor(
    private readonly options: LinuxContainerizerOptions,
    private readonly machine: Machine,
  ) {
    this.#isolators = machine.isolators;
    this.#launcher = machine.launcher;
    this.#records = machine.records;
    this.#users = new Users(options.clock);
  }

  get isolation(): readonly string[] {
    return this.machine.isolation;
  }

  get launcherPid(): number | undefined {
    return this.#launcher.pid;
  }

  launch(spec: ContainerSpec, starting: (checkpoint: ContainerCheckpoint) => Promise<void>): Promise<ContainerProcess> {
    return this.#track(this.#launch(spec, starting));
  }

  async #launch(
    spec: ContainerSpec,
    starting: (checkpoint: ContainerCheckpoint) => Promise<void>,
  ): Promise<ContainerProcess> {
    const { containerId } = spec;
    this.#refuse(spec);
    const launching: Launching = { cancelled: false };
    this.#launching.set(containerId, launching);
    try {
      const plan = await this.#prepare(spec);
      if (launching.cancelled) throw cancelled(containerId);
      return await this.#start(spec, plan, launching, starting);
    } catch (error) {
      await this.#cleanupIsolators(containerId);
      if (error instanceof MesoError && error.code === 'LAUNCH_FAILED') throw error;
      throw new MesoError('LAUNCH_FAILED', messageOf(error), { cause: error, details: { containerId } });
    } finally {
      this.#launching.delete(containerId);
    }
  }

  async recover(
    checkpoints: readonly ContainerCheckpoint[],
  ): Promise<readonly (RecoveredContainer & { readonly containerId: string })[]> {
    const recovered = await Promise.all(
      checkpoints.map(async (checkpoint) => ({
        containerId: checkpoint.containerId,
        ...(await this.#recoverOne(checkpoint)),
      })),
    );
    const known = new Set([
      ...this.#running.keys(),
      ...this.#launching.keys(),
      ...checkpoints.map((c) => c.containerId),
    ]);
    await destroyOrphans(known, this.machine, this.options);
    return recovered;
  }

  async signal(containerId: string, signalNumber: number): Promise<void> {
    await this.#running.get(containerId)?.signal(signalNumber);
  }

  async destroy(containerId: string): Promise<void> {
    const launching = this.#launching.get(containerId);
    if (launching !== undefined) launching.cancelled = true;
    await (this.#running.get(containerId) ?? launching?.container)?.kill();
  }

  async update(containerId: string, resources: ContainerResources): Promise<void> {
    const container = this.#running.get(containerId);
    if (container === undefined) return;
    for (const isolator of this.#isolators) await isolator.update(container, resources);
  }

  async usage(containerId: string): Promise<mesos.ResourceStatistics | undefined> {
    const container = this.#running.get(containerId);
    if (container === undefined) return undefined;
    const parts = await Promise.all(this.#isolators.map((isolator) => isolator.usage(container).catch(() => ({}))));
    const requests = container.spec?.requests;
    const asked =
      requests === undefined
        ? {}
        : { cpus_limit: requests.cpus, mem_limit_bytes: Math.floor(requests.memMb * 1024 * 1024) };
    const timestamp = this.options.clock.now().unixMs / 1000;
    return Object.assign({ timestamp }, asked, ...parts.map(withoutUndefined)) as mesos.ResourceStatistics;
  }

  async status(containerId: string): Promise<mesos.ContainerStatus | undefined> {
    const container = this.#running.get(containerId);
    if (container === undefined) return undefined;
    const parts = await Promise.all(this.#isolators.map((isolator) => isolator.status(container).catch(() => ({}))));
    const own: mesos.ContainerStatus = { container_id: { value: containerId }, executor_pid: container.initPid };
    return Object.assign(own, ...parts.map(withoutUndefined)) as mesos.ContainerStatus;
  }

  async close(): Promise<void> {
    await this.#settleWork();
    await this.#launcher.close();
    this.#records.close();
    await this.#settleWork();
    if (this.#running.size === 0) await this.machine.cgroupRoot?.removeWhenEmpty(this.options.clock, REMOVE_TIMEOUT_MS);
  }

  async #settleWork(): Promise<void> {
    await Promise.race([Promise.allSettled([...this.#work]), delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const forget = () => this.#work.delete(work);
    this.#work.add(work);
    work.then(forget, forget);
    return work;
  }

  #refuse(spec: ContainerSpec): void {
    const { containerId } = spec;
    const refuse = (why: string): never => {
      throw new MesoError('LAUNCH_FAILED', why, { details: { containerId } });
    };
    if (!isContainerId(containerId)) refuse(`"${containerId}" is no container id: it must be a UUID`);
    if (this.#launching.has(containerId) || this.#running.has(containerId))
      refuse(`the container ${containerId} exists already`);
    if (spec.argv.length === 0) refuse('there is no program to run');
    const unsupported = findUnsupported(spec, this.machine.isolation);
    if (unsupported !== undefined) refuse(`${unsupported} is not supported by this agent`);
  }

  async #prepare(spec: ContainerSpec): Promise<LaunchPlan> {
    const wanted = this.options.switchUser ? spec.user : undefined;
    const user = wanted === undefined ? undefined : await this.#users.resolve(wanted);
    makeSandbox(spec.sandboxDir);
    const { sandboxDir, volumes = [] } = spec;
    const mounts = this.machine.isolation.includes('namespaces/mnt');
    if (volumes.length > 0) await placeVolumes({ sandboxDir, volumes, mounts });
    const contributions = [];
    for (const isolator of this.#isolators) contributions.push(await isolator.prepare(spec));
    return buildPlan(spec, contributions, {
      bootId: this.machine.bootId,
      recordDir: this.#records.path(spec.containerId),
      cgroup: this.machine.cgroupRoot?.container(spec.containerId).path,
      maxLogSizeBytes: this.options.maxLogSizeBytes,
      maxLogFiles: this.options.maxLogFiles,
      agent: this.machine.agent,
      user,
    });
  }

  /** A launcher that dies before the program could begin costs the task nothing: the next one is asked. */
  async #start(
    spec: ContainerSpec,
    plan: LaunchPlan,
    launching: Launching,
    starting: (checkpoint: ContainerCheckpoint) => Promise<void>,
  ): Promise<ContainerProcess> {
    for (let lost = 1; ; lost++) {
      const launch = this.#launcher.launch(encodeLaunchPlan(plan));
      const outcome = await launch.starting;
      if (outcome.kind === 'failed') throw launchError(spec.containerId, outcome.failure);
      if (outcome.kind === 'starting') {
        const container = this.#containerOf(spec, plan, outcome.processes);
        launching.container = container;
        return this.#letGo(launch, plan, container, () => this.#release(launch, container, launching, starting));
      }
      await this.#undo(plan);
      if (launching.cancelled) throw cancelled(spec.containerId);
      if (lost === MAX_LOST_LAUNCHES) throw launcherLost(spec.containerId);
    }
  }

  #containerOf(spec: ContainerSpec, plan: LaunchPlan, processes: StartedProcesses): Container {
    const { containerId, sandboxDir } = spec;
    const { cgroup, bootId, recordDir: runtimeDir } = plan;
    const checkpoint = { containerId, ...processes, bootId, cgroup, runtimeDir, sandboxDir };
    const process = { containerId, pid: processes.initPid, cgroup, checkpoint };
    return new Container(process, cgroup === undefined ? undefined : new Cgroup(cgroup), spec);
  }

  async #letGo(
    launch: Launch,
    plan: LaunchPlan,
    container: Container,
    release: () => Promise<void>,
  ): Promise<ContainerProcess> {
    await release();
    const started = await launch.started;
    if (started.kind === 'failed') throw launchError(container.containerId, started.failure);
    if (started.kind === 'lost') {
      // Whether "go" arrived is unknown, so nothing of it may live on.
      await container.kill();
      await launch.gone;
      await this.#undo(plan);
      throw launcherLost(container.containerId);
    }
    this.#adopt(container, launch.gone);
    return container.process;
  }

  /** Everything that must be done before the task's first instruction; then lets it go. */
  async #release(
    launch: Launch,
    container: Container,
    launching: Launching,
    starting: (checkpoint: ContainerCheckpoint) => Promise<void>,
  ): Promise<void> {
    try {
      await Promise.all(this.#isolators.map((isolator) => isolator.isolate(container)));
      await starting(container.process.checkpoint);
      if (launching.cancelled) throw cancelled(container.containerId);
    } catch (error) {
      launch.cancel();
      await launch.gone;
      await this.#records.remove(container.containerId);
      throw error;
    }
    launch.go();
  }

  /** The launcher died during the launch: its supervisor undoes it, and this waits for that. */
  async #undo(plan: LaunchPlan): Promise<void> {
    const { clock } = this.options;
    const deadlineMs = clock.now().monotonicMs + UNDO_TIMEOUT_MS;
    for (let quiet = 0; quiet < 5 && clock.now().monotonicMs < deadlineMs; await delay(UNDO_POLL_MS)) {
      const record = this.#records.findContainer(plan.containerId);
      const alive = record !== undefined && (await isSameProcess(record.supervisorPid, record.supervisorStartTicks));
      quiet = alive ? 0 : quiet + 1;
    }
    if (plan.cgroup !== undefined) {
      const cgroup = new Cgroup(plan.cgroup);
      await cgroup.empty(clock, UNDO_TIMEOUT_MS);
      await cgroup.remove();
    }
    await this.#records.remove(plan.containerId);
  }

  #adopt(container: Container, gone: Promise<void>): void {
    this.#running.set(container.containerId, container);
    container.watches = Promise.all(
      this.#isolators.map(async (isolator) => {
        const limitation = await isolator.watch(container);
        if (limitation === undefined) return undefined;
        container.limitation ??= limitation;
        await container.kill().catch((error) => this.#warn(container, 'cannot kill a limited container', error));
        return limitation;
      }),
    );
    void gone.then(() =>
      this.#track(this.#onGone(container)).catch((error) => {
        this.#warn(container, 'the end of a container was not handled', error);
      }),
    );
  }

  /** The supervisor has ended, with a status or without. */
  async #onGone(container: Container): Promise<void> {
    const { containerId } = container;
    const record = this.#records.findStatus(containerId);
    if (record === undefined && container.cgroup !== undefined) {
      const isEmpty = await container.cgroup.empty(this.options.clock, EMPTY_TIMEOUT_MS);
      if (!isEmpty) this.options.logger.error({ containerId }, 'processes of a container cannot be killed');
    }
    const memory =
      record?.memory ?? (container.cgroup === undefined ? undefined : await findMemoryRecord(container.cgroup));
    container.end({ memory });
    await container.watches;
    await container.cgroup?.remove().catch((error) => this.#warn(container, 'cannot remove a cgroup', error));
    await this.#cleanupIsolators(containerId);
    const termination =
      record === undefined
        ? killedTermination(containerId, container.limitation)
        : terminationOf(containerId, record, container.limitation);
    this.#running.delete(containerId);
    await this.#report(termination);
  }

  async #report(termination: ContainerTermination): Promise<void> {
    await this.options.events.onTerminated(termination);
    this.#records.expire(termination.containerId);
  }

  async #recoverOne(checkpoint: ContainerCheckpoint): Promise<RecoveredContainer> {
    const { containerId, supervisorPid, supervisorStartTicks } = checkpoint;
    const cgroup = checkpoint.cgroup === undefined ? undefined : new Cgroup(checkpoint.cgroup);
    const isThisBoot = checkpoint.bootId === this.machine.bootId;
    const initPid = checkpoint.initPid ?? this.#records.findContainer(containerId)?.initPid;
    if (isThisBoot && initPid !== undefined && (await isSameProcess(supervisorPid, supervisorStartTicks))) {
      const process = { containerId, pid: initPid, cgroup: checkpoint.cgroup, checkpoint };
      const container = new Container(process, cgroup, undefined);
      for (const isolator of this.#isolators) await isolator.recover(container);
      this.#adopt(container, this.#launcher.watch(supervisorPid, supervisorStartTicks));
      return { state: 'running', process };
    }
    const termination = await findEnded(checkpoint, isThisBoot, this.machine, this.options);
    await this.#cleanupIsolators(containerId);
    this.#records.expire(containerId);
    return { state: 'ended', termination };
  }

  /** In reverse order; one that fails does not keep the others from it. */
  async #cleanupIsolators(containerId: string): Promise<void> {
    for (const isolator of [...this.#isolators].reverse())
      await isolator.cleanup(containerId).catch((error) => {
        this.options.logger.warn({ containerId, isolator: isolator.name, reason: messageOf(error) }, 'cleanup failed');
      });
  }

  #warn(container: Container, message: string, error: unknown): void {
    this.options.logger.warn({ containerId: container.containerId, reason: messageOf(error) }, message);
  }
}

function launcherLost(containerId: string): MesoError {
  return new MesoError('LAUNCH_FAILED', 'the launcher process ended during the launch', { details: { containerId } });
}

function cancelled(containerId: string): MesoError {
  return new MesoError('LAUNCH_FAILED', 'the container was destroyed while it was being started', {
    details: { containerId },
  });
}

/** Made if missing, which it is not below an agent; the supervisor gives it to the task's user. */
function makeSandbox(path: string): void {
  try {
    // One call when there is nothing to make, unlike recursive mkdir; and that would hide a file in its place.
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    mkdirSync(dirname(path), { recursive: true });
    mkdirSync(path, { mode: SANDBOX_MODE });
  } catch (error) {
    throw new MesoError('LAUNCH_FAILED', `cannot make the sandbox ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function withoutUndefined(part: object): object {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));
}
