/**
 * Joins the agent core to the world: what comes from the master and from containers becomes events, effects become
 * frames, launches, signals and log lines. Decides nothing about tasks.
 *
 * Invariants: the core hears of the end of a container only after it has recovered; nothing is sent on a link that the
 * core does not know to be up.
 */
import { unreachable } from '../../../base/assert.js';
import type { Clock } from '../../../base/clock.js';
import { messageOf } from '../../../base/error.js';
import { formatUuid } from '../../../base/random.js';
import type { Logger } from '../../../base/system/logger.js';
import { systemRandom } from '../../../base/system/random.js';
import type { Containerizer, ContainerSpec, ContainerTermination } from '../../../runtime/containerizer.js';
import { Users } from '../../../runtime/users.js';
import type { VolumeDirectories } from '../../../runtime/volumes/volume-directories.js';
import type { AgentConfig } from '../../config/agent-config.js';
import { LinkClient } from '../../link/link-client.js';
import type { CheckpointStore } from '../checkpoint/checkpoint-store.js';
import type { AgentCore } from '../core/options.js';
import type { CheckpointState, ContainerFate, CoreEnd, LaunchRequest } from '../core/protocol.js';
import type { TaskView } from '../core/view.js';
import { containerSpec, taskUser } from './container-spec.js';
import { CoreDriver, type ShellEffect } from './core-driver.js';
import { Launches } from './launches.js';
import type { Sandboxes } from './sandboxes.js';
import { taskEnvironment } from './task-environment.js';
import { TaskVolumes } from './task-volumes.js';

/** This agent's channel of its link; it shares the connection with nobody. */
const CHANNEL = 1;
const SIGTERM = 15;
/** Making a container is mostly waiting for the kernel; more at once than this only makes each slower. */
const MAX_CONCURRENT_LAUNCHES = 16;

export interface AgentShellOptions {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly core: AgentCore;
  readonly store: Pick<CheckpointStore, 'commit'>;
  readonly containerizer: Containerizer;
  readonly sandboxes: Sandboxes;
  readonly volumes: VolumeDirectories;
  /** HOST:PORT of the agent's HTTP server. */
  readonly endpoint: string;
  onRegistered(agentId: string): void;
  onEnd(end: CoreEnd): void;
  /** The agent cannot go on. */
  onFatal(error: unknown): void;
}

export class AgentShell {
  readonly #options: AgentShellOptions;
  readonly #driver: CoreDriver;
  readonly #launches: Launches;
  readonly #link: LinkClient;
  readonly #users: Users;
  readonly #volumes: TaskVolumes;
  /** The agent's directory exists. */
  #opened: Promise<void> = Promise.resolve();
  #recovered = false;
  #destroyErrors = 0;

  constructor(options: AgentShellOptions) {
    const { clock, config, containerizer, core, logger, store } = options;
    this.#options = options;
    this.#users = new Users(clock);
    this.#volumes = new TaskVolumes(options.volumes, () => this.#liveTasks());
    this.#driver = new CoreDriver({
      core,
      clock,
      store,
      perform: (effect) => this.#perform(effect),
      onFatal: options.onFatal,
    });
    this.#launches = new Launches({
      containerizer,
      maxConcurrent: MAX_CONCURRENT_LAUNCHES,
      prepare: (request) => this.#prepare(request),
      post: (event) => this.#driver.post(event),
    });
    this.#link = new LinkClient({
      masters: config.masters,
      clock,
      random: systemRandom,
      logger,
      hello: () => ({ cluster_id: core.view.clusterId, highest_term: core.view.highestTerm }),
      observer: {
        onUp: (welcome) => this.#driver.post({ kind: 'link-up', welcome }),
        onFrame: (_channel, frame) => this.#driver.post({ kind: 'frame', frame }),
        onLost: (reason, detail) => {
          logger.info({ reason, detail }, 'lost the master');
          this.#driver.post({ kind: 'link-lost' });
        },
        onRefused: ({ code, message }) => logger.warn({ code, reason: message }, 'the master refused this agent'),
      },
    });
  }

  get destroyErrors(): number {
    return this.#destroyErrors;
  }

  /** Gives the core what was found; resolves when its answer is durable. Then the agent may `join`. */
  async recover(checkpoint: CheckpointState, fates: ReadonlyMap<string, ContainerFate>): Promise<void> {
    const { sandboxes } = this.#options;
    const agentId = checkpoint.agent?.agent_info.id?.value;
    if (agentId !== undefined) await sandboxes.open(agentId);
    this.#recovered = true;
    await this.#driver.postDurably({ kind: 'recovered', checkpoint, fates });
    const live = new Set(this.#liveTasks().map((task) => task.containerId));
    void sandboxes.retireLeftovers(agentId, (containerId) => live.has(containerId));
  }

  /** Begins to look for the master. */
  join(): void {
    this.#link.start();
  }

  unregister(): void {
    this.#driver.post({ kind: 'unregister' });
  }

  /** The containerizer reports it; resolves when the end is durable. Call it only after `recover` was called. */
  onTerminated(termination: ContainerTermination): Promise<void> {
    return this.#driver.postDurably({ kind: 'container-terminated', termination });
  }

  get hasRecovered(): boolean {
    return this.#recovered;
  }

  /** Containers keep running; launches that did not get to their first instruction are given up. */
  async close(): Promise<void> {
    const told = this.#link.close();
    this.#launches.close();
    await Promise.all([told, this.#driver.stop()]);
  }

  #perform(effect: ShellEffect): void {
    const { containerizer, logger, onEnd, onRegistered, core } = this.#options;
    switch (effect.kind) {
      case 'send':
        this.#link.send(CHANNEL, effect.frame);
        break;
      case 'launch':
        this.#launches.begin(effect.launch);
        break;
      case 'release-launch':
        this.#launches.release(effect.containerId);
        break;
      case 'abort-launch':
        this.#launches.abort(effect.containerId);
        break;
      case 'terminate-container':
        this.#attempt(effect.containerId, 'signal', containerizer.signal(effect.containerId, SIGTERM));
        break;
      case 'destroy-container':
        this.#attempt(effect.containerId, 'destroy', containerizer.destroy(effect.containerId));
        break;
      case 'change-volumes':
        void this.#changeVolumes(effect);
        break;
      case 'admitted':
        this.#open(effect.agentId);
        break;
      case 'registered':
        onRegistered(core.view.agentInfo.id?.value ?? '');
        break;
      case 'retire-sandbox':
        this.#retire(effect);
        break;
      case 'reconnect':
        this.#link.reconnect(effect.detail);
        break;
      case 'log':
        logger[effect.level](effect.fields, effect.message);
        break;
      case 'end':
        onEnd(effect.end);
        break;
      default:
        unreachable(effect);
    }
  }

  #attempt(containerId: string, what: 'signal' | 'destroy', done: Promise<void>): void {
    done.catch((error: unknown) => {
      if (what === 'destroy') this.#destroyErrors += 1;
      this.#options.logger.error({ containerId, what, reason: messageOf(error) }, 'a container does not obey');
    });
  }

  async #changeVolumes(effect: Extract<ShellEffect, { readonly kind: 'change-volumes' }>): Promise<void> {
    const { uuid } = effect;
    const failure = await this.#options.volumes.change({ ...effect, key: formatUuid(uuid) }).then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
    this.#driver.post({ kind: 'volumes-changed', uuid, failure });
  }

  #open(agentId: string): void {
    this.#opened = this.#options.sandboxes.open(agentId);
    this.#opened.catch((error: unknown) => this.#options.onFatal(error));
  }

  #retire(effect: Extract<ShellEffect, { readonly kind: 'retire-sandbox' }>): void {
    const agentId = this.#options.core.view.agentInfo.id?.value;
    if (agentId !== undefined) this.#options.sandboxes.retire({ agentId, ...effect });
  }

  async #prepare(request: LaunchRequest): Promise<ContainerSpec> {
    const { config, endpoint, sandboxes } = this.#options;
    await this.#opened;
    const user = config.switchUser ? taskUser(request) : undefined;
    // Only root can give a directory away; everybody else's tasks run as the agent or fail in the containerizer.
    const owner = user === undefined || process.getuid?.() !== 0 ? undefined : await this.#users.resolve(user);
    const ids = {
      agentId: request.agentId,
      frameworkId: request.framework.id?.value ?? '',
      executorId: request.task.task_id.value,
      containerId: request.containerId,
    };
    const sandboxDir = await sandboxes.create(ids, owner);
    const volumes = await this.#volumes.prepare(request, owner);
    const environment = taskEnvironment({ ...request, config, endpoint, sandboxDir });
    return containerSpec(request, { environment, sandboxDir, volumes, switchUser: config.switchUser });
  }

  #liveTasks(): readonly TaskView[] {
    return [...this.#options.core.view.frameworks.values()].flatMap((framework) => [...framework.tasks.values()]);
  }
}
