/**
 * Starts an agent and ends it: opens the checkpoint, listens, takes over the containers of an earlier process, then looks
 * for its master. While it recovers, its server already answers, with 503. Usable in any process: it installs no signal
 * handlers and never exits. Architecture, sections 1, 4 and 8; spec page 08, section 8.2.
 */
import { mkdirSync } from 'node:fs';
import { resolve as absolute } from 'node:path';
import { MesoError, messageOf } from '../../base/error.js';
import { formatUuid } from '../../base/random.js';
import { isRejection } from '../../base/rejection.js';
import { systemClock } from '../../base/system/clock.js';
import type { Logger } from '../../base/system/logger.js';
import { createBufferedRandom, randomUuid } from '../../base/system/random.js';
import type { Containerizer, ContainerTermination } from '../../runtime/containerizer.js';
import { deferred } from '../../runtime/deferred.js';
import { readBootId } from '../../runtime/fingerprint/machine.js';
import { createLinuxContainerizer } from '../../runtime/linux-containerizer.js';
import type { LinuxContainerizerOptions } from '../../runtime/linux-containerizer-options.js';
import { openRuntimeDir } from '../../runtime/runtime-dir.js';
import { SandboxCollector } from '../../runtime/sandbox/collector.js';
import { SandboxFiles } from '../../runtime/sandbox/files.js';
import { findPlaces, type Volume, volumeOf } from '../../runtime/volumes/volume.js';
import { VolumeDirectories } from '../../runtime/volumes/volume-directories.js';
import type * as checkpoint from '../../wire/gen/mesoctl-checkpoint.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type { AgentConfig } from '../config/agent-config.js';
import { createHostGuard } from '../http/host-guard.js';
import { Router } from '../http/router.js';
import { HttpServer } from '../http/server.js';
import { MESOS_API_VERSION, readProductVersion } from '../http/version.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { checkListenAddress } from '../lifecycle/listen-address.js';
import { removeReadyFile, writeReadyFile } from '../lifecycle/ready-file.js';
import type { AgentEnd, AgentHandle } from './agent-handle.js';
import { checkpointDirectory } from './checkpoint/location.js';
import { SqliteCheckpointStore } from './checkpoint/sqlite-store.js';
import { createAgentCore } from './core/agent-core.js';
import type { AgentCore } from './core/options.js';
import type { CheckpointState, ContainerFate, CoreEnd } from './core/protocol.js';
import { collectMetrics } from './http/agent-metrics.js';
import { AGENT_PROCESS_NAME, addAgentRoutes } from './http/routes.js';
import type { AgentSite } from './http/site.js';
import { type AgentAddress, announcedAddress, describeMachine, formatEndpoint, ownNames } from './shell/agent-info.js';
import { AgentShell } from './shell/agent-shell.js';
import { requireCheckpointed } from './shell/checkpointed-resources.js';
import { findFates } from './shell/fates.js';
import { changedError, findIncompatibilities } from './shell/reconfiguration.js';
import { Sandboxes } from './shell/sandboxes.js';

/** Stand-ins for parts of the machine; for tests. */
export interface AgentParts {
  createContainerizer?(options: LinuxContainerizerOptions): Promise<Containerizer>;
  readonly bootId?: string | undefined;
}

/** What open requests get to finish with at shutdown, ms. */
const CLOSE_GRACE_MS = 1_000;
/** The containerizer waits for launches and ends under way. */
const CONTAINERIZER_DEADLINE_MS = 15_000;
const CHECKPOINT_DEADLINE_MS = 30_000;

/**
 * Resolves when the agent has recovered and looks for its master; `registered` of the handle tells when it found one.
 * Aborting `signal` stops the agent and leaves its containers running. Rejects with a MesoError: ADDRESS_NOT_ALLOWED,
 * PORT_IN_USE, BAD_INPUT, NOT_ALLOWED, ISOLATION_MISSING, SUPERVISOR_MISSING, REFUSED (the machine differs from what the
 * cluster was told), WORK_DIR_LOCKED, WORK_DIR_CORRUPT, WORK_DIR_NEWER or DISK; nothing stays open then.
 */
export async function startAgent(
  config: AgentConfig,
  logger: Logger,
  signal?: AbortSignal,
  parts: AgentParts = {},
): Promise<AgentHandle> {
  checkListenAddress(config.ip, config.insecure);
  const settled = { ...config, workDir: absolute(config.workDir) };
  createWorkDir(settled.workDir);
  const starting = new RunningAgent(settled, logger, parts);
  try {
    await starting.start();
  } catch (error) {
    throw await starting.abandon(error);
  }
  signal?.addEventListener('abort', () => void starting.stop(), { once: true });
  if (signal?.aborted === true) void starting.stop();
  return starting;
}

class RunningAgent implements AgentHandle {
  readonly #config: AgentConfig;
  readonly #logger: Logger;
  readonly #parts: AgentParts;
  readonly #lifecycle: Lifecycle;
  readonly #startedAt = systemClock.now();
  readonly #files = new SandboxFiles();
  readonly #collector: SandboxCollector;
  readonly #sandboxes: Sandboxes;
  readonly #volumes: VolumeDirectories;
  readonly #store: SqliteCheckpointStore;
  readonly #registered = deferred<string>();
  readonly #ended = deferred<AgentEnd>();
  #bound: AgentAddress = { ip: '', port: 0 };
  #endpoint = '';
  #containerizer: Containerizer | undefined;
  #core: AgentCore | undefined;
  #shell: AgentShell | undefined;
  #recoveryMs: number | undefined;
  #failure: Error | undefined;
  /** Ends of containers that were reported before the core could hear of them. */
  #early: { readonly termination: ContainerTermination; readonly handled: () => void }[] = [];

  constructor(config: AgentConfig, logger: Logger, parts: AgentParts) {
    this.#config = config;
    this.#logger = logger;
    this.#parts = parts;
    this.#lifecycle = new Lifecycle(logger);
    this.#store = new SqliteCheckpointStore(checkpointDirectory(config.workDir));
    this.#lifecycle.defer('checkpoint', () => this.#store.close(), CHECKPOINT_DEADLINE_MS);
    this.#collector = new SandboxCollector({
      workDir: config.workDir,
      gcDelayMs: config.gcDelayMs,
      gcDiskHeadroom: config.gcDiskHeadroom,
      diskWatchIntervalMs: config.diskWatchIntervalMs,
      clock: systemClock,
      log: logger,
      onRemoved: (path) => logger.info({ path }, 'collected a finished directory'),
    });
    this.#lifecycle.defer('sandbox collector', () => this.#collector.close());
    this.#volumes = new VolumeDirectories({ workDir: config.workDir, logger });
    this.#sandboxes = new Sandboxes({
      workDir: config.workDir,
      collector: this.#collector,
      files: this.#files,
      logger,
    });
  }

  get ip(): string {
    return this.#bound.ip;
  }

  get port(): number {
    return this.#bound.port;
  }

  get url(): string {
    return `http://${formatEndpoint(this.#bound)}`;
  }

  get isolation(): readonly string[] {
    return this.#containerizer?.isolation ?? [];
  }

  get agentId(): string | undefined {
    return this.#core?.view.agentInfo.id?.value;
  }

  get isRegistered(): boolean {
    return this.#core?.view.registered === true;
  }

  get registered(): Promise<string> {
    return this.#registered.promise;
  }

  get ended(): Promise<AgentEnd> {
    return this.#ended.promise;
  }

  async start(): Promise<void> {
    let state = await this.#store.load();
    await this.#listen(state.agent);
    const address = announcedAddress(this.#config, this.#bound);
    this.#endpoint = formatEndpoint(address);
    const agentInfo = await describeMachine(this.#config, address);
    const bootId = this.#parts.bootId ?? (await readBootId());
    state = await this.#admitChanges(state, agentInfo, bootId);
    requireCheckpointed(agentInfo.resources ?? [], state.resources, checkpointDirectory(this.#config.workDir));
    const containerizer = await this.#createContainerizer();
    const fates = await findFates(containerizer, state);
    const core = createAgentCore({
      config: this.#config,
      agentInfo,
      version: MESOS_API_VERSION,
      ip: address.ip,
      bootId,
      instance: randomUuid(),
      random: createBufferedRandom(),
      startedAt: systemClock.now(),
    });
    await this.#recover(core, containerizer, { state, fates });
    this.#announce();
    this.#shell?.join();
    const { isolation, url } = this;
    this.#logger.info({ url, agentId: this.agentId, isolation }, 'agent is ready');
  }

  /** A start that failed: undoes what it did. Returns what it failed with first. */
  async abandon(error: unknown): Promise<unknown> {
    await this.#lifecycle.stop('the start failed');
    return this.#failure ?? error;
  }

  stop(): Promise<void> {
    return this.#end({ kind: 'stopped' }, 'asked to');
  }

  async unregister(): Promise<void> {
    this.#shell?.unregister();
    await this.ended;
  }

  /** Prefers the port of the last time where any will do: what others remember of this agent stays true. */
  async #listen(agent: checkpoint.Agent | undefined): Promise<void> {
    const { ip, port } = this.#config;
    const remembered = port === 0 ? agent?.agent_info.port : undefined;
    const router = new Router([AGENT_PROCESS_NAME]);
    addAgentRoutes(router, this.#createSite());
    const server = () =>
      new HttpServer({ router, hostGuard: createHostGuard(ownNames(this.#config)), logger: this.#logger });
    let listening = server();
    let bound: { readonly address: string; readonly port: number };
    try {
      bound = await listening.listen({ ip, port: remembered ?? port });
    } catch (error) {
      if (remembered === undefined) throw error;
      listening = server();
      bound = await listening.listen({ ip, port });
    }
    this.#bound = { ip: bound.address, port: bound.port };
    this.#lifecycle.defer('http server', () => listening.close(CLOSE_GRACE_MS));
  }

  #createSite(): AgentSite {
    const agent = this;
    return {
      config: this.#config,
      clock: systemClock,
      productVersion: readProductVersion(),
      startedAtUnixMs: this.#startedAt.unixMs,
      get endpoint() {
        return agent.#endpoint;
      },
      files: this.#files,
      findView: () => (this.#core?.view.recovered === true ? this.#core.view : undefined),
      usage: async (containerId) => this.#containerizer?.usage(containerId),
      status: async (containerId) => this.#containerizer?.status(containerId),
      sandboxPath: ({ containerId, frameworkId, taskId }) =>
        this.#sandboxes.path({ agentId: this.agentId ?? '', frameworkId, executorId: taskId, containerId }),
      metrics: () => this.#metrics(),
    };
  }

  #metrics(): Map<string, number> {
    return collectMetrics({
      uptimeMs: systemClock.now().monotonicMs - this.#startedAt.monotonicMs,
      recoveryMs: this.#recoveryMs,
      view: this.#core?.view.recovered === true ? this.#core.view : undefined,
      collector: this.#collector.counts(),
      commits: this.#store.counts,
      destroyErrors: this.#shell?.destroyErrors ?? 0,
    });
  }

  /** The state to go on with: the old one, or none if the machine is another one since its last boot. */
  async #admitChanges(state: CheckpointState, after: mesos.AgentInfo, bootId: string): Promise<CheckpointState> {
    const before = state.agent?.agent_info;
    if (before?.id === undefined) return state;
    const policy = this.#config.reconfigurationPolicy ?? 'equal';
    const found = findIncompatibilities({ before, after, policy, anyPort: this.#config.port === 0 });
    if (found.length === 0) return state;
    if (state.agent?.boot_id === bootId) throw changedError(found, policy, checkpointDirectory(this.#config.workDir));
    this.#logger.warn({ agentId: before.id.value, changes: found }, 'the machine has changed, starting as a new agent');
    await this.#store.commit([{ kind: 'clear' }], 'machine');
    return { frameworks: [], tasks: [], updates: [], containers: [], operations: [], resources: state.resources };
  }

  async #createContainerizer(): Promise<Containerizer> {
    const config = this.#config;
    const create = this.#parts.createContainerizer ?? createLinuxContainerizer;
    const containerizer = await create({
      runtimeDir: openRuntimeDir(config.workDir),
      isolation: config.isolation,
      cgroupsRoot: config.cgroupsRoot,
      enableCfs: config.cgroupsEnableCfs,
      pidsLimit: config.pidsLimit,
      switchUser: config.switchUser,
      maxLogSizeBytes: config.maxLogSizeBytes,
      maxLogFiles: config.maxLogFiles,
      maskedDirs: [checkpointDirectory(config.workDir)],
      events: { onTerminated: (termination) => this.#onTerminated(termination) },
      clock: systemClock,
      logger: this.#logger,
    });
    this.#containerizer = containerizer;
    this.#lifecycle.defer('containerizer', () => containerizer.close(), CONTAINERIZER_DEADLINE_MS);
    return containerizer;
  }

  #onTerminated(termination: ContainerTermination): Promise<void> {
    if (this.#shell?.hasRecovered === true) return this.#shell.onTerminated(termination);
    return new Promise((handled) => this.#early.push({ termination, handled }));
  }

  async #recover(
    core: AgentCore,
    containerizer: Containerizer,
    found: { readonly state: CheckpointState; readonly fates: ReadonlyMap<string, ContainerFate> },
  ): Promise<void> {
    this.#core = core;
    const shell = new AgentShell({
      config: this.#config,
      clock: systemClock,
      logger: this.#logger,
      core,
      store: this.#store,
      containerizer,
      sandboxes: this.#sandboxes,
      volumes: this.#volumes,
      endpoint: this.#endpoint,
      onRegistered: (agentId) => this.#onRegistered(agentId),
      onEnd: (end) => void this.#end(agentEndOf(end), end.kind),
      onFatal: (error) => void this.#fail(error),
    });
    this.#shell = shell;
    await this.#inspectVolumes(found.state);
    this.#lifecycle.defer('core', () => shell.close());
    await shell.recover(found.state, found.fates);
    this.#recoveryMs = systemClock.now().monotonicMs - this.#startedAt.monotonicMs;
    for (const { handled, termination } of this.#early.splice(0))
      shell.onTerminated(termination).then(handled, () => undefined);
  }

  /** Says what is missing; what is left of destroyed volumes is deleted meanwhile. */
  async #inspectVolumes({ operations, resources }: CheckpointState): Promise<void> {
    const volumes = resources.flatMap((resource): readonly Volume[] => {
      const volume = volumeOf(resource);
      return volume === undefined || isRejection(volume) ? [] : [volume];
    });
    for (const volume of await this.#volumes.findMissing(volumes))
      this.#logger.error(
        { volume: volume.id, role: volume.role, path: this.#volumes.path(volume) },
        'the directory of a volume is missing: tasks that need it fail; bring it back, or destroy the volume',
      );
    const repeated = new Set(operations.map(({ uuid }) => formatUuid(uuid)));
    const places = findPlaces(this.#core?.view.agentInfo.resources ?? []);
    const leftovers = await this.#volumes.findLeftovers(places, repeated);
    void this.#volumes.remove(leftovers);
  }

  #onRegistered(agentId: string): void {
    this.#announce();
    this.#registered.resolve(agentId);
  }

  #announce(): void {
    const { readyFile } = this.#config;
    if (readyFile === undefined || this.#lifecycle.isStopping) return;
    writeReadyFile(readyFile, { pid: process.pid, ip: this.ip, port: this.port, url: this.url, id: this.agentId });
    if (!this.isRegistered) this.#lifecycle.defer('ready file', () => removeReadyFile(readyFile));
  }

  async #fail(error: unknown): Promise<void> {
    this.#logger.error({ reason: messageOf(error) }, 'the agent cannot go on; its tasks keep running');
    const failure = error instanceof Error ? error : new MesoError('INTERNAL', messageOf(error));
    this.#failure = failure;
    await this.#end({ kind: 'failed', error: failure }, 'failure');
  }

  async #end(end: AgentEnd, reason: string): Promise<void> {
    await this.#lifecycle.stop(reason);
    this.#ended.resolve(end);
  }
}

function agentEndOf(end: CoreEnd): AgentEnd {
  return end.kind === 'failed' ? { kind: 'failed', error: new MesoError('AGENT_REFUSED', end.message) } : end;
}

function createWorkDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new MesoError('BAD_INPUT', `cannot create the work directory ${path}: ${messageOf(error)}`, { cause: error });
  }
}
