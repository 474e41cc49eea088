/**
 * Starts a master and stops it: checks what can be checked before anything is opened, opens the replicated log, listens, and
 * follows who leads. While nobody leads, or the registry is being read, the server answers with 503; while another master
 * leads, it sends clients there. Usable in any process: it installs no signal handlers and never exits (see
 * lifecycle/run-daemon.ts), except that a main thread that hangs for good is ended by its watchdog.
 *
 * The heap: V8 sizes it by the machine's memory, at most 4 GiB. A master of tens of thousands of agents with hundreds of
 * thousands of tasks needs it set (`NODE_OPTIONS=--max-old-space-size=MIB`); the limit in force is logged at the start.
 */
import { mkdirSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { MesoError, messageOf } from '../../base/error.js';
import { isRejection } from '../../base/rejection.js';
import { systemClock } from '../../base/system/clock.js';
import type { Logger } from '../../base/system/logger.js';
import { randomUuid, systemRandom } from '../../base/system/random.js';
import type { AllocatorOptions } from '../../offers/allocator/allocator.js';
import { createAllocator } from '../../offers/allocator/hierarchical-allocator.js';
import { Resources } from '../../offers/resources/resources.js';
import type { OpenedMember } from '../../raft/node/raft-member.js';
import type { MasterConfig } from '../config/master-config.js';
import { createHostGuard } from '../http/host-guard.js';
import type { HttpLimits } from '../http/http-limits.js';
import { Router } from '../http/router.js';
import { HttpServer, type UpgradeHandler } from '../http/server.js';
import { readProductVersion } from '../http/version.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { checkListenAddress } from '../lifecycle/listen-address.js';
import { warnAboutOpenFiles } from '../lifecycle/open-files.js';
import { removeReadyFile, writeReadyFile } from '../lifecycle/ready-file.js';
import { LINK_UPGRADE_PROTOCOL, type LinkLimits } from '../link/link-protocol.js';
import { createMasterCore } from './core/master-core.js';
import type { StreamLimitOverrides } from './event-streams.js';
import { addMasterRoutes } from './http/routes.js';
import { advertisedAddress, createMasterInfo, formatHost, ownNames } from './identity.js';
import { MasterMetrics } from './master-metrics.js';
import { MasterShell } from './master-shell.js';
import { MasterTerm } from './master-term.js';
import { openRaft } from './registry/open-raft.js';
import { RaftRegistry } from './registry/raft-registry.js';
import type { Registry, RegistryLeadership } from './registry/registry.js';
import { readWhitelist, type Whitelist, watchWhitelist } from './whitelist.js';

export interface MasterHandle {
  /** Of this master among the masters; random, made with its directory. */
  readonly memberId: string;
  /** HOST:PORT that other masters dial. */
  readonly raftAddress: string;
  readonly address: { readonly ip: string; readonly port: number };
  /** `http://ip:port` */
  readonly url: string;
  /** Resolves when the master was stopped; rejects when it could not go on (a failed disk, a broken invariant). */
  readonly ended: Promise<void>;
  /** Ends it gracefully; never rejects. */
  stop(): Promise<void>;
  /** What is open now; for tests that look for leaks. */
  counts(): MasterCounts;
}

export interface MasterCounts {
  readonly connections: number;
  readonly bodyBytesInFlight: number;
  readonly pendingRequests: number;
  readonly streams: number;
  readonly agentLinks: number;
}

/** Bounds other than the usual ones; for tests. */
export interface MasterStartOptions {
  /** Aborting it stops the master. */
  readonly signal?: AbortSignal | undefined;
  readonly httpLimits?: Partial<HttpLimits> | undefined;
  readonly streamLimits?: StreamLimitOverrides | undefined;
  readonly linkLimits?: Partial<LinkLimits> | undefined;
}

/** Connections of agents, schedulers and operators that a master should have room for. */
const WANTED_OPEN_FILES = 16_384;
/** What open requests get to finish with at shutdown, ms. */
const CLOSE_GRACE_MS = 1_000;
/** A cluster of one leads within milliseconds; a member that was started without its peers may have to look for them. Ms. */
const ALONE_TIMEOUT_MS = 5_000;

/**
 * Resolves when the master answers; a cluster of one leads by then. Rejects with a MesoError: ADDRESS_NOT_ALLOWED,
 * PORT_IN_USE, BAD_INPUT, NOT_ALLOWED, WORK_DIR_LOCKED, WORK_DIR_CORRUPT, WORK_DIR_NEWER or DISK; nothing stays open then.
 */
export async function startMaster(
  config: MasterConfig,
  logger: Logger,
  options: MasterStartOptions = {},
): Promise<MasterHandle> {
  checkListenAddress(config.ip, config.insecure);
  checkListenAddress(config.raftIp, config.insecure);
  const whitelist = config.whitelist === undefined ? null : readWhitelist(config.whitelist);
  const allocatorOptions = readAllocatorOptions(config);
  createWorkDir(config.workDir);
  warnAboutOpenFiles(WANTED_OPEN_FILES, logger);
  const lifecycle = new Lifecycle(logger);
  try {
    const starting = new MasterStart({ config, logger, lifecycle, options }, whitelist);
    const handle = await starting.run(allocatorOptions);
    options.signal?.addEventListener('abort', () => void handle.stop(), { once: true });
    if (options.signal?.aborted) void handle.stop();
    return handle;
  } catch (error) {
    await lifecycle.stop('the start failed');
    throw error;
  }
}

interface StartContext {
  readonly config: MasterConfig;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly options: MasterStartOptions;
}

/** One start; its steps share the context. */
class MasterStart {
  readonly #context: StartContext;
  readonly #startedAt = systemClock.now();
  readonly #router = new Router(['master']);
  readonly #upgrades = new Map<string, UpgradeHandler>();
  readonly #ended = settable();
  /** Resolves when this master leads for the first time. */
  readonly #led = settable();
  #whitelist: Whitelist;

  constructor(context: StartContext, whitelist: Whitelist) {
    this.#context = context;
    this.#whitelist = whitelist;
  }

  async run(allocatorOptions: AllocatorOptions): Promise<MasterHandle> {
    const { config, logger, lifecycle } = this.#context;
    lifecycle.defer('end', () => this.#ended.resolve());
    const server = this.#createServer();
    const bound = await server.listen({ ip: config.ip, port: config.port });
    lifecycle.defer('http server', () => server.close(CLOSE_GRACE_MS));
    const address = { ip: bound.address, port: bound.port };
    const { shell, registry } = this.#assemble(address, allocatorOptions);
    // In the same turn as the end of `listen`: no request can have come in between.
    addMasterRoutes(this.#router, shell.site);
    this.#upgrades.set(LINK_UPGRADE_PROTOCOL, (...upgrade) => shell.term.links.upgrade(...upgrade));
    const url = `http://${formatHost(address.ip)}:${address.port}`;
    const opened = await this.#openRegistry(shell, registry);
    this.#watchWhitelist(shell);
    this.#announce({ ...address, url, id: opened.memberId, raftAddress: opened.raftAddress });
    const heapLimitMib = Math.round(getHeapStatistics().heap_size_limit / 2 ** 20);
    logger.info({ url, raftAddress: opened.raftAddress, memberId: opened.memberId, heapLimitMib }, 'master is ready');
    return this.#handle({ server, shell, address, url, opened });
  }

  #createServer(): HttpServer {
    const { config, logger, options } = this.#context;
    return new HttpServer({
      router: this.#router,
      hostGuard: createHostGuard(ownNames(config)),
      logger,
      limits: options.httpLimits,
      upgrades: this.#upgrades,
    });
  }

  #assemble(bound: { readonly ip: string; readonly port: number }, allocatorOptions: AllocatorOptions) {
    const { config, lifecycle } = this.#context;
    const clock = systemClock;
    const registry = new RaftRegistry({
      clock,
      masterInfo: () => shell.term.masterInfo,
      onLeadership: (leadership) => shell.onLeadership(leadership),
      onFatal: (error) => this.#onFatal(error),
    });
    lifecycle.defer('registry', () => registry.close());
    const metrics = new MasterMetrics({
      clock,
      workDir: config.workDir,
      view: () => shell.site.view(),
      queueLength: () => shell.term.loop.queueLength,
      pendingRequests: () => shell.term.pending.size,
      ensembleSize: () => registry.ensembleSize,
    });
    const measured = metrics.measureRegistry(registry);
    const shell: MasterShell = new MasterShell({
      createTerm: (owner) => this.#createTerm({ owner, bound, allocatorOptions, metrics, registry: measured }),
      site: {
        config,
        clock,
        registry,
        productVersion: readProductVersion(),
        metrics: () => metrics.collect(),
        onInvalidSchedulerCall: () => metrics.countInvalidSchedulerCall(),
      },
      electionEvents: () => [{ kind: 'whitelist', hostnames: this.#whitelist }],
      onLeadership: (leadership) => {
        metrics.onLeadership(leadership.kind);
        this.#onLeadership(leadership);
      },
    });
    // Closed before the registry: what clients leave behind is nobody's event any more.
    lifecycle.defer('clients', () => shell.close());
    return { shell, registry };
  }

  #createTerm(parts: {
    readonly owner: MasterShell;
    readonly bound: { readonly ip: string; readonly port: number };
    readonly allocatorOptions: AllocatorOptions;
    readonly metrics: MasterMetrics;
    readonly registry: Pick<Registry, 'propose'>;
  }): MasterTerm {
    const { config, logger, options } = this.#context;
    const { owner, metrics } = parts;
    // A new id each time: ids of frameworks, agents and offers begin with it and count from 0 in each term.
    const masterInfo = createMasterInfo({
      id: randomUuid(),
      address: advertisedAddress(config, parts.bound),
      domain: config.domain,
    });
    const allocator = createAllocator(parts.allocatorOptions);
    metrics.measureAllocator(allocator);
    return new MasterTerm({
      config,
      logger,
      clock: systemClock,
      masterInfo,
      core: createMasterCore({ config, masterInfo, allocator, random: systemRandom, startedAt: this.#startedAt }),
      allocator,
      registry: parts.registry,
      nextConnectionId: () => owner.nextConnectionId(),
      leaderElsewhere: () => owner.leaderElsewhere(),
      streamLimits: options.streamLimits,
      linkLimits: options.linkLimits,
      onFatal: (error) => this.#onFatal(error),
    });
  }

  async #openRegistry(shell: MasterShell, registry: RaftRegistry): Promise<OpenedMember> {
    const { config, logger } = this.#context;
    const member = openRaft({
      config,
      logger,
      onPicture: (picture) => registry.onPicture(picture),
      onEnded: (error) => this.#onFatal(error ?? new MesoError('INTERNAL', 'the registry ended by itself')),
    });
    registry.attach(member);
    const opened = await member.opened();
    if (config.peers === undefined && config.join === undefined) await this.#leadsAlone(shell);
    return opened;
  }

  /** A master that was told of nobody else is most often alone, and then leads at once; a member of many need not. */
  async #leadsAlone(shell: MasterShell): Promise<void> {
    const timer = setTimeout(() => this.#led.resolve(), ALONE_TIMEOUT_MS);
    await Promise.race([this.#led.promise, this.#ended.promise]);
    clearTimeout(timer);
    // The first step has run when this turn is over.
    if (shell.site.leader().kind === 'recovering') await new Promise((resolve) => setImmediate(resolve));
  }

  #onLeadership(leadership: RegistryLeadership): void {
    const { logger } = this.#context;
    switch (leadership.kind) {
      case 'leading':
        logger.info({ term: leadership.term, clusterId: leadership.clusterId }, 'this master leads');
        this.#led.resolve();
        return;
      case 'following':
        logger.info({ term: leadership.term, leader: leadership.leader.pid }, 'another master leads');
        this.#led.resolve();
        return;
      case 'recovering':
        logger.info({ term: leadership.term }, 'this master was elected and reads the registry');
        return;
      case 'none':
        logger.info({}, 'no master leads');
    }
  }

  #onFatal(error: unknown): void {
    const { logger, lifecycle } = this.#context;
    logger.error({ error: messageOf(error), stack: stackOf(error) }, 'the master cannot go on');
    this.#ended.reject(error);
    void lifecycle.stop('fatal error');
  }

  #watchWhitelist(shell: MasterShell): void {
    const { config, logger, lifecycle } = this.#context;
    if (config.whitelist === undefined) return;
    const stop = watchWhitelist({
      path: config.whitelist,
      initial: this.#whitelist,
      logger,
      onChange: (hostnames) => {
        this.#whitelist = hostnames;
        shell.site.post({ kind: 'whitelist', hostnames });
      },
    });
    lifecycle.defer('whitelist', stop);
  }

  #announce(at: {
    readonly ip: string;
    readonly port: number;
    readonly url: string;
    readonly id: string;
    readonly raftAddress: string;
  }): void {
    const { readyFile } = this.#context.config;
    if (readyFile === undefined) return;
    writeReadyFile(readyFile, { pid: process.pid, ...at });
    this.#context.lifecycle.defer('ready file', () => removeReadyFile(readyFile));
  }

  #handle(running: {
    readonly server: HttpServer;
    readonly shell: MasterShell;
    readonly address: { readonly ip: string; readonly port: number };
    readonly url: string;
    readonly opened: OpenedMember;
  }): MasterHandle {
    const { server, shell, address, url, opened } = running;
    return {
      memberId: opened.memberId,
      raftAddress: opened.raftAddress,
      address,
      url,
      ended: this.#ended.promise,
      stop: () => this.#context.lifecycle.stop('asked to'),
      counts: () => ({
        connections: server.connectionCount,
        bodyBytesInFlight: server.bodyBytesInFlight,
        pendingRequests: shell.term.pending.size,
        streams: shell.term.streams.size,
        agentLinks: shell.term.links.connectionCount,
      }),
    };
  }
}

function readAllocatorOptions(config: MasterConfig): AllocatorOptions {
  const minAllocatable = config.minAllocatableResources
    .split('|')
    .filter((text) => text.trim() !== '')
    .map((text) => Resources.parse(text));
  const invalid = minAllocatable.find(isRejection);
  if (invalid !== undefined)
    throw new MesoError(
      'BAD_INPUT',
      `--min-allocatable-resources '${config.minAllocatableResources}': ${invalid.message}`,
    );
  return {
    seed: Math.floor(systemRandom.next() * 2 ** 32),
    minAllocatable: minAllocatable.filter((resources): resources is Resources => !isRejection(resources)),
    roleSorter: config.roleSorter,
    frameworkSorter: config.frameworkSorter,
    excludedResourceNames: new Set(config.fairSharingExcludedResourceNames),
    filterGpuResources: config.filterGpuResources,
    maxOfferFraction: config.maxOfferFraction,
    maxOffersPerFramework: config.maxOffersPerFramework,
    domain: config.domain,
  };
}

function createWorkDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new MesoError('BAD_INPUT', `cannot create the work directory ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Where in our code it was is of use only if it is our fault. */
function stackOf(error: unknown): string | undefined {
  const isOurs = !(error instanceof MesoError) || error.code === 'INTERNAL';
  return isOurs && error instanceof Error ? error.stack : undefined;
}

/** A promise with its hands on the outside; a rejection that nobody waits for is not an unhandled one. */
function settable() {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
