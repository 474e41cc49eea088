/**
 * Launches under way: makes sandboxes and containers, a bounded number at a time, and holds each task before its first
 * instruction until the core says that it may run (`release`) or that it may not (`abort`).
 *
 * Invariants: each launch is answered by exactly one `container-launched` or `container-launch-failed`; an aborted
 * launch that was not released runs nothing of the task.
 */
import { MesoError, messageOf } from '../../../base/error.js';
import type { ContainerCheckpoint, Containerizer, ContainerSpec } from '../../../runtime/containerizer.js';
import type { AgentEvent, LaunchRequest } from '../core/protocol.js';

export interface LaunchesOptions {
  readonly containerizer: Pick<Containerizer, 'launch' | 'destroy'>;
  readonly maxConcurrent: number;
  /** Makes the sandbox and says what to run; a rejection fails the launch. */
  prepare(request: LaunchRequest): Promise<ContainerSpec>;
  post(event: AgentEvent): void;
}

interface Launch {
  readonly request: LaunchRequest;
  /** Waits for `release` or `abort`. */
  gate: { readonly open: () => void; readonly shut: (error: Error) => void } | undefined;
  aborted: boolean;
  released: boolean;
}

export class Launches {
  readonly #options: LaunchesOptions;
  readonly #byContainer = new Map<string, Launch>();
  #queue: Launch[] = [];
  #running = 0;
  #closed = false;

  constructor(options: LaunchesOptions) {
    this.#options = options;
  }

  /** Not yet answered. */
  get size(): number {
    return this.#byContainer.size;
  }

  begin(request: LaunchRequest): void {
    const launch: Launch = { request, gate: undefined, aborted: false, released: false };
    this.#byContainer.set(request.containerId, launch);
    this.#queue.push(launch);
    this.#next();
  }

  release(containerId: string): void {
    const launch = this.#byContainer.get(containerId);
    if (launch === undefined || launch.aborted) return;
    launch.released = true;
    launch.gate?.open();
  }

  /** Does nothing to a launch that was released. */
  abort(containerId: string): void {
    const launch = this.#byContainer.get(containerId);
    if (launch === undefined || launch.released || launch.aborted) return;
    launch.aborted = true;
    launch.gate?.shut(abortError(containerId));
    const queued = this.#queue.indexOf(launch);
    if (queued >= 0) {
      this.#queue.splice(queued, 1);
      this.#fail(launch, abortError(containerId));
    } else void this.#options.containerizer.destroy(containerId).catch(() => undefined);
  }

  /** Gives up every launch that was not released; nothing is posted from here on. */
  close(): void {
    this.#closed = true;
    this.#queue = [];
    for (const containerId of [...this.#byContainer.keys()]) this.abort(containerId);
  }

  #next(): void {
    while (this.#running < this.#options.maxConcurrent) {
      const launch = this.#queue.shift();
      if (launch === undefined) return;
      this.#running += 1;
      void this.#run(launch).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #run(launch: Launch): Promise<void> {
    const { containerizer, prepare } = this.#options;
    const { containerId } = launch.request;
    try {
      const spec = await prepare(launch.request);
      if (launch.aborted) throw abortError(containerId);
      const process = await containerizer.launch(spec, (checkpoint) => this.#hold(launch, checkpoint));
      this.#byContainer.delete(containerId);
      this.#post({ kind: 'container-launched', containerId, pid: process.pid });
    } catch (error) {
      this.#fail(launch, error);
    }
  }

  #hold(launch: Launch, checkpoint: ContainerCheckpoint): Promise<void> {
    return new Promise((resolve, reject) => {
      if (launch.aborted) {
        reject(abortError(checkpoint.containerId));
        return;
      }
      launch.gate = { open: resolve, shut: reject };
      this.#post({ kind: 'container-starting', checkpoint });
    });
  }

  #fail({ request }: Launch, error: unknown): void {
    this.#byContainer.delete(request.containerId);
    this.#post({ kind: 'container-launch-failed', containerId: request.containerId, message: messageOf(error) });
  }

  #post(event: AgentEvent): void {
    if (!this.#closed) this.#options.post(event);
  }
}

function abortError(containerId: string): MesoError {
  return new MesoError('LAUNCH_FAILED', 'the launch was given up', { details: { containerId } });
}
