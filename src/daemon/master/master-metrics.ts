/** Everything of `/metrics/snapshot`: what the core counts, what the shell measures, the machine. Source: spec page 10. */
import { statSync } from 'node:fs';
import type { Clock } from '../../base/clock.js';
import type { Allocator } from '../../offers/allocator/allocator.js';
import { collectSystemMetrics } from '../metrics/system-metrics.js';
import { TimingWindow } from '../metrics/timing-window.js';
import type { MasterView } from './core/view.js';
import type { Registry, RegistryLeadership } from './registry/registry.js';
import { registryFile } from './registry/registry-location.js';

export interface MetricSources {
  readonly clock: Clock;
  readonly workDir: string;
  view(): MasterView;
  queueLength(): number;
  pendingRequests(): number;
  /** Voting members of the cluster, as far as this master knows. */
  ensembleSize(): number;
}

export class MasterMetrics {
  readonly #sources: MetricSources;
  readonly #fetch = new TimingWindow('registrar/state_fetch');
  readonly #store = new TimingWindow('registrar/state_store');
  readonly #allocation = new TimingWindow('allocator/mesos/allocation_run');
  #electedMs: number | undefined;
  #queuedOperations = 0;
  #invalidSchedulerCalls = 0;

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  /** A scheduler call that did not reach the core. */
  countInvalidSchedulerCall(): void {
    this.#invalidSchedulerCalls += 1;
  }

  /** Between `recovering` and `leading` the registry is read. */
  onLeadership(kind: RegistryLeadership['kind']): void {
    if (kind === 'recovering') this.#electedMs = this.#nowMs();
    else if (kind === 'leading' && this.#electedMs !== undefined) this.#fetch.record(this.#nowMs() - this.#electedMs);
    if (kind !== 'recovering') this.#electedMs = undefined;
  }

  /** The same registry, its proposals measured. */
  measureRegistry(registry: Registry): Pick<Registry, 'propose'> {
    return {
      propose: async (operations) => {
        this.#queuedOperations += operations.length;
        try {
          return await this.#measure(this.#store, registry.propose(operations));
        } finally {
          this.#queuedOperations -= operations.length;
        }
      },
    };
  }

  /** Times the runs of this very allocator from here on. */
  measureAllocator(allocator: Allocator): void {
    const allocate = allocator.allocate.bind(allocator);
    allocator.allocate = (...question) => {
      const startedMs = this.#nowMs();
      const result = allocate(...question);
      this.#allocation.record(this.#nowMs() - startedMs);
      return result;
    };
  }

  collect(): ReadonlyMap<string, number> {
    const view = this.#sources.view();
    const all = new Map<string, number>([...view.counters, ...view.gauges(this.#sources.clock.now().unixMs)]);
    all.set('master/event_queue_dispatches', this.#sources.queueLength());
    all.set('master/event_queue_http_requests', this.#sources.pendingRequests());
    all.set(
      'master/invalid_scheduler_calls',
      (all.get('master/invalid_scheduler_calls') ?? 0) + this.#invalidSchedulerCalls,
    );
    all.set('registrar/queued_operations', this.#queuedOperations);
    all.set('registrar/registry_size_bytes', fileSize(registryFile(this.#sources.workDir)));
    all.set('registrar/log/recovered', view.electedAtUnixMs === undefined ? 0 : 1);
    all.set('registrar/log/ensemble_size', this.#sources.ensembleSize());
    for (const window of [this.#fetch, this.#store, this.#allocation]) window.collect(all);
    collectSystemMetrics(all);
    return all;
  }

  async #measure<T>(window: TimingWindow, work: Promise<T>): Promise<T> {
    const startedMs = this.#nowMs();
    const result = await work;
    window.record(this.#nowMs() - startedMs);
    return result;
  }

  #nowMs(): number {
    return this.#sources.clock.now().monotonicMs;
  }
}

function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
