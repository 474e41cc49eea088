/**
 * Starts a master and stops it: checks what can be checked before anything is opened, listens, reads the registry, leads.
 * While the registry is being read the server already answers, with 503. Usable in any process: it installs no signal
 * handlers and never exits (see lifecycle/run-daemon.ts).
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
import type { AllocatorOptions } from '../../offers/allocator.js';
import { createAllocator } from '../../offers/hierarchical-allocator.js';
import { Resources } from '../../offers/resources.js';
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
import type { MasterEvent } from './core/protocol.js';
import type { StreamLimitOverrides } from './event-streams.js';
import { addMasterRoutes } from './http/routes.js';
import { advertisedAddress, createMasterInfo, formatHost, ownNames } from './identity.js';
import { MasterMetrics } from './master-metrics.js';
import { MasterShell } from './master-shell.js';
import { SqliteRegistry } from './registry/sqlite-registry.js';
import { readWhitelist, type Whitelist, watchWhitelist } from './whitelist.js';

export interface MasterHandle {
  /** Prefix of the ids this master gives out. */
  readonly id: string;
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

/**
 * Resolves when the master leads and accepts calls. Rejects with a MesoError: ADDRESS_NOT_ALLOWED, PORT_IN_USE, BAD_INPUT,
 * NOT_ALLOWED, WORK_DIR_LOCKED, WORK_DIR_CORRUPT, WORK_DIR_NEWER or DISK; nothing stays open then.
 */
export async function startMaster(
  config: MasterConfig,
  logger: Logger,
  options: MasterStartOptions = {},
): Promise<MasterHandle> {
  checkListenAddress(config.ip, config.insecure);
  const whitelist = config.whitelist === undefined ? null : readWhitelist(config.whitelist);
  const allocatorOptions = readAllocatorOptions(config);
  createWorkDir(config.workDir);
  warnAboutOpenFiles(WANTED_OPEN_FILES, logger);
  const lifecycle = new Lifecycle(logger);
  try {
    const starting = new MasterStart({ config, logger, lifecycle, options });
    const handle = await starting.run(allocatorOptions, whitelist);
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
  readonly #id = randomUuid();
  readonly #router = new Router(['master']);
  readonly #upgrades = new Map<string, UpgradeHandler>();
  readonly #ended = settable();

  constructor(context: StartContext) {
    this.#context = context;
  }

  async run(allocatorOptions: AllocatorOptions, whitelist: Whitelist): Promise<MasterHandle> {
    const { config, logger, lifecycle } = this.#context;
    lifecycle.defer('end', () => this.#ended.resolve());
    const server = this.#createServer();
    const bound = await server.listen({ ip: config.ip, port: config.port });
    lifecycle.defer('http server', () => server.close(CLOSE_GRACE_MS));
    const address = { ip: bound.address, port: bound.port };
    const { shell, registry } = this.#assemble(address, allocatorOptions);
    // In the same turn as the end of `listen`: no request can have come in between.
    addMasterRoutes(this.#router, shell.site);
    this.#upgrades.set(LINK_UPGRADE_PROTOCOL, shell.links.upgrade);
    await this.#lead(shell, registry, whitelist);
    const url = `http://${formatHost(address.ip)}:${address.port}`;
    this.#announce({ ...address, url });
    const heapLimitMib = Math.round(getHeapStatistics().heap_size_limit / 2 ** 20);
    logger.info({ masterId: this.#id, url, heapLimitMib }, 'master is ready');
    return this.#handle({ server, shell, address, url });
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
    const { config, logger, lifecycle, options } = this.#context;
    const clock = systemClock;
    const masterInfo = createMasterInfo({
      id: this.#id,
      address: advertisedAddress(config, bound),
      domain: config.domain,
    });
    const allocator = createAllocator(allocatorOptions);
    const core = createMasterCore({ config, masterInfo, allocator, random: systemRandom, startedAt: clock.now() });
    const metrics = new MasterMetrics({
      clock,
      workDir: config.workDir,
      view: () => core.view,
      queueLength: () => shell.loop.queueLength,
      pendingRequests: () => shell.pending.size,
    });
    metrics.measureAllocator(allocator);
    const registry = metrics.measureRegistry(
      new SqliteRegistry({ workDir: config.workDir, clock, newClusterId: randomUuid() }),
    );
    lifecycle.defer('registry', () => registry.close());
    const shell: MasterShell = new MasterShell({
      config,
      logger,
      clock,
      masterInfo,
      productVersion: readProductVersion(),
      core,
      allocator,
      registry,
      metrics,
      streamLimits: options.streamLimits,
      linkLimits: options.linkLimits,
      onFatal: (error) => {
        logger.error({ error: messageOf(error), stack: stackOf(error) }, 'the master cannot go on');
        this.#ended.reject(error);
        void lifecycle.stop('fatal error');
      },
    });
    lifecycle.defer('clients', () => shell.disconnectClients());
    // Stopped before its clients are let go: what they leave behind is nobody's event any more.
    lifecycle.defer('event loop', () => shell.loop.stop());
    return { shell, registry };
  }

  async #lead(shell: MasterShell, registry: Pick<SqliteRegistry, 'lead'>, whitelist: Whitelist): Promise<void> {
    const { config, logger, lifecycle } = this.#context;
    const leadership = await registry.lead(shell.site.masterInfo);
    const elected: MasterEvent = { kind: 'elected', term: leadership.term, registry: leadership.registry };
    const whitelisted: MasterEvent = { kind: 'whitelist', hostnames: whitelist };
    shell.elect(leadership.clusterId, [elected, whitelisted]);
    // The first step has run when this turn is over.
    await new Promise((resolve) => setImmediate(resolve));
    if (config.whitelist === undefined) return;
    const stop = watchWhitelist({
      path: config.whitelist,
      initial: whitelist,
      logger,
      onChange: (hostnames) => shell.loop.post({ kind: 'whitelist', hostnames }),
    });
    lifecycle.defer('whitelist', stop);
  }

  #announce(at: { readonly ip: string; readonly port: number; readonly url: string }): void {
    const { readyFile } = this.#context.config;
    if (readyFile === undefined) return;
    writeReadyFile(readyFile, { pid: process.pid, ...at, id: this.#id });
    this.#context.lifecycle.defer('ready file', () => removeReadyFile(readyFile));
  }

  #handle(running: {
    readonly server: HttpServer;
    readonly shell: MasterShell;
    readonly address: { readonly ip: string; readonly port: number };
    readonly url: string;
  }): MasterHandle {
    const { server, shell, address, url } = running;
    return {
      id: this.#id,
      address,
      url,
      ended: this.#ended.promise,
      stop: () => this.#context.lifecycle.stop('asked to'),
      counts: () => ({
        connections: server.connectionCount,
        bodyBytesInFlight: server.bodyBytesInFlight,
        pendingRequests: shell.pending.size,
        streams: shell.streams.size,
        agentLinks: shell.links.connectionCount,
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

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
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
