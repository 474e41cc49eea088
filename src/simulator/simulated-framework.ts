/**
 * A framework as the allocator meets it: jobs arrive, offers are answered, tasks run for as long as was drawn. It decides what
 * a scheduler decides and nothing else; what it does to the cluster goes through `Cluster`. Arrivals and sizes come from a
 * generator of its own, lengths and places of inputs from one of each job, so that the work is the same whatever others do.
 */
import { present } from '../base/assert.js';
import { type Random, seededRandom } from '../base/random.js';
import type { OfferDecision } from '../offers/allocator/allocator.js';
import type { Resources } from '../offers/resources/resources.js';
import { exponential, sample, sampleCount } from './distribution.js';
import { Job, type JobOptions } from './job.js';
import { Samples } from './samples.js';
import type { FrameworkSpec, RecordedJob } from './scenario.js';
import { takeTask } from './take-task.js';

/** What a framework can do to its cluster. */
export interface Cluster {
  readonly nowMs: number;
  readonly agents: number;
  after(delayMs: number, action: () => void): void;
  agentIndexOf(agentId: string): number;
  /** Launches out of an offer. */
  accept(framework: SimulatedFramework, agentId: string, resources: Resources): void;
  /** The rest of an offer, or all of it; unused for `filterMs`. */
  decline(framework: SimulatedFramework, agentId: string, resources: Resources): void;
  /** So many offers are not outstanding any more: nothing is left of them. */
  offersEnded(framework: SimulatedFramework, count: number): void;
  /** It begins to hold an offer that it has no use for. */
  watchHeld(framework: SimulatedFramework, offer: OpenOffer): void;
  /** A task ended. */
  release(framework: SimulatedFramework, agentId: string, resources: Resources): void;
  suppress(framework: SimulatedFramework): void;
  revive(framework: SimulatedFramework): void;
}

/** Offers of one agent, or what is left of them. */
export interface OpenOffer {
  readonly agentId: string;
  readonly agent: number;
  /** When the first of them was made. */
  readonly sinceMs: number;
  rest: Resources;
  offers: number;
}

export interface FrameworkCounts {
  launched: number;
  ended: number;
  jobsArrived: number;
  jobsDone: number;
  offers: number;
  /** Of tasks that have a preference. */
  local: number;
  remote: number;
  /** Drawn for the tasks that were launched. */
  lengthMs: number;
}

export class SimulatedFramework {
  readonly counts: FrameworkCounts = {
    launched: 0,
    ended: 0,
    jobsArrived: 0,
    jobsDone: 0,
    offers: 0,
    local: 0,
    remote: 0,
    lengthMs: 0,
  };
  /** Milliseconds that tasks waited for their launch, a backlog's left out. */
  readonly waits = new Samples();
  /** Milliseconds from the arrival of a job to its end. */
  readonly jobTimes = new Samples();
  /** Of arrivals and sizes, which come in the same order always. */
  readonly #random: Random;
  /** In the order of arrival; those that have nothing waiting are dropped when they are met. */
  #queue: Job[] = [];
  readonly #unfinished = new Set<Job>();
  readonly #held = new Map<string, OpenOffer>();
  readonly #taggedTask: Resources;
  #isSuppressed = false;

  constructor(
    readonly spec: FrameworkSpec,
    seed: number,
    private readonly cluster: Cluster,
  ) {
    this.#random = seededRandom(seed);
    this.#taggedTask = spec.taskResources.allocatedTo(spec.role);
  }

  get id(): string {
    return this.spec.name;
  }

  get isBacklog(): boolean {
    return this.spec.arrivals.kind === 'backlog';
  }

  /** Tasks that wait and may start. */
  get waiting(): number {
    let waiting = 0;
    for (const job of this.#unfinished) waiting += job.wanted - job.running;
    return waiting;
  }

  /** Tasks that run or may start, by the resources of one of them. */
  wantedTasks(): ReadonlyMap<Resources, number> {
    const wanted = new Map<Resources, number>();
    for (const job of this.#unfinished)
      if (job.wanted > 0) wanted.set(job.resources, (wanted.get(job.resources) ?? 0) + job.wanted);
    return wanted;
  }

  /** It has just subscribed. */
  start(): void {
    const { arrivals, endMs } = this.spec;
    const { cluster } = this;
    if (Number.isFinite(endMs)) cluster.after(endMs - cluster.nowMs, () => this.#stop());
    switch (arrivals.kind) {
      case 'backlog':
        this.#addJob({ tasks: Number.POSITIVE_INFINITY });
        break;
      case 'poisson':
        this.#arriveInTurn(() => exponential(arrivals.meanGapMs, this.#random), arrivals.limit);
        break;
      case 'fixed':
        this.#addJob();
        this.#arriveInTurn(() => arrivals.everyMs, arrivals.limit - 1);
        break;
      case 'at':
        for (const atMs of arrivals.timesMs) cluster.after(atMs - cluster.nowMs, () => this.#addJob());
        break;
      case 'back-to-back':
        this.#addJob();
        break;
      case 'recorded':
        for (const job of arrivals.jobs) cluster.after(job.atMs - cluster.nowMs, () => this.#addRecorded(job));
        break;
    }
    this.#settleSuppression();
  }

  /** One OFFERS event. */
  onOffers(offers: readonly OfferDecision[]): void {
    this.counts.offers += offers.length;
    const { latencyMs } = this.spec.scheduler;
    const { nowMs } = this.cluster;
    if (latencyMs > 0) this.cluster.after(latencyMs, () => this.#answer(offers, nowMs));
    else this.#answer(offers, nowMs);
  }

  isHolding(offer: OpenOffer): boolean {
    return this.#held.get(offer.agentId) === offer;
  }

  /** What it holds of the agent is taken back. */
  onRescind(offer: OpenOffer): void {
    this.#held.delete(offer.agentId);
  }

  // Work.

  #arriveInTurn(nextGapMs: () => number, left: number): void {
    if (left <= 0) return;
    this.cluster.after(nextGapMs(), () => {
      if (this.cluster.nowMs >= this.spec.endMs) return;
      this.#addJob();
      this.#arriveInTurn(nextGapMs, left - 1);
    });
  }

  #addRecorded({ tasks, lengthMs, resources }: RecordedJob): void {
    const own = resources?.allocatedTo(this.spec.role);
    this.#addJob({ tasks, lengthMs, ...(own === undefined ? {} : { resources: own }) });
  }

  #addJob(recorded: Partial<JobOptions> = {}): void {
    const { jobs, scheduler, endMs } = this.spec;
    const arrivedMs = this.cluster.nowMs;
    if (arrivedMs >= endMs) return;
    const options: JobOptions = {
      arrivedMs,
      stages: jobs.stages,
      parallelism: jobs.parallelism,
      resources: this.#taggedTask,
      lengthMs: undefined,
      locality: scheduler.locality,
      ...recorded,
      tasks: recorded.tasks ?? sampleCount(jobs.tasks, this.#random),
    };
    const job = new Job(options, { agents: this.cluster.agents, seed: Math.floor(this.#random.next() * 2 ** 32) });
    this.counts.jobsArrived++;
    this.#unfinished.add(job);
    this.#enqueue(job);
  }

  #enqueue(job: Job): void {
    this.#queue.push(job);
    this.#onMoreStartable();
  }

  /** Also when a job of bounded width may start one more. */
  #onMoreStartable(): void {
    this.#serveFromHeld();
    this.#settleSuppression();
  }

  #stop(): void {
    for (const job of this.#unfinished) {
      job.cancelWaiting();
      if (job.isDone) this.#unfinished.delete(job);
    }
    this.#queue = [];
    for (const agentId of [...this.#held.keys()]) this.#letGo(agentId);
    this.#settleSuppression();
  }

  // Offers.

  #answer(offers: readonly OfferDecision[], sinceMs: number): void {
    for (const { agentId, resources } of offers) {
      const offer = { agentId, agent: this.cluster.agentIndexOf(agentId), sinceMs, rest: resources, offers: 1 };
      this.#launchFrom(offer);
      if (offer.rest.isEmpty) this.cluster.offersEnded(this, 1);
      else this.#keepOrDecline(offer);
    }
    this.#settleSuppression();
  }

  #launchFrom(offer: OpenOffer): void {
    let tooLarge: Resources | undefined;
    for (let at = 0; at < this.#queue.length; ) {
      const job = this.#queue[at] as Job;
      if (job.waiting === 0) {
        this.#queue.splice(at, 1);
        continue;
      }
      at++;
      while (job.canStart && job.resources !== tooLarge) {
        const taken = takeTask(offer.rest, job.resources);
        if (taken === undefined) tooLarge = job.resources;
        else if (!this.#maybeLaunch(job, offer, taken)) break;
      }
      if (offer.rest.isEmpty) return;
    }
  }

  #maybeLaunch(job: Job, offer: OpenOffer, taken: Resources): boolean {
    const { cluster, counts } = this;
    const placement = job.maybeStart(offer.agent, cluster.nowMs);
    if (placement === 'none') return false;
    const { locality } = this.spec.scheduler;
    const lengthMs =
      (job.lengthMs ?? sample(this.spec.taskLengthMs, job.lengths)) *
      (placement === 'remote' ? present(locality, 'only who has a preference runs elsewhere').remoteFactor : 1);
    counts.launched++;
    counts.lengthMs += lengthMs;
    if (locality !== undefined) counts[placement]++;
    if (!this.isBacklog) this.waits.push(cluster.nowMs - job.readyMs);
    offer.rest = offer.rest.subtract(taken);
    cluster.accept(this, offer.agentId, taken);
    cluster.after(lengthMs, () => this.#endTask(job, offer.agentId, taken));
    return true;
  }

  #endTask(job: Job, agentId: string, taken: Resources): void {
    this.counts.ended++;
    this.cluster.release(this, agentId, taken);
    if (job.endTask(this.cluster.nowMs)) this.#enqueue(job);
    else if (job.isDone) this.#finish(job);
    else this.#onMoreStartable();
  }

  #finish(job: Job): void {
    this.#unfinished.delete(job);
    this.counts.jobsDone++;
    this.jobTimes.push(this.cluster.nowMs - job.arrivedMs);
    const { arrivals } = this.spec;
    if (arrivals.kind === 'back-to-back' && this.counts.jobsArrived < arrivals.limit)
      this.cluster.after(arrivals.pauseMs, () => this.#addJob());
    this.#settleSuppression();
  }

  #keepOrDecline(offer: OpenOffer): void {
    const { holdMs } = this.spec.scheduler;
    const { cluster, spec } = this;
    if (holdMs === 0 || cluster.nowMs >= spec.endMs) {
      this.#decline(offer);
      return;
    }
    const held = this.#held.get(offer.agentId);
    if (held !== undefined) {
      held.rest = held.rest.add(offer.rest);
      held.offers += offer.offers;
      return;
    }
    this.#held.set(offer.agentId, offer);
    cluster.watchHeld(this, offer);
    cluster.after(holdMs, () => {
      if (this.#held.get(offer.agentId) === offer) this.#letGo(offer.agentId);
    });
  }

  #letGo(agentId: string): void {
    const offer = this.#held.get(agentId);
    this.#held.delete(agentId);
    if (offer !== undefined) this.#decline(offer);
  }

  #decline({ agentId, rest, offers }: OpenOffer): void {
    this.cluster.offersEnded(this, offers);
    this.cluster.decline(this, agentId, rest);
  }

  #serveFromHeld(): void {
    for (const offer of this.#held.values()) {
      if (this.#queue.length === 0) return;
      this.#launchFrom(offer);
      if (!offer.rest.isEmpty) continue;
      this.#held.delete(offer.agentId);
      this.cluster.offersEnded(this, offer.offers);
    }
  }

  #settleSuppression(): void {
    if (!this.spec.scheduler.suppresses) return;
    const isIdle = !this.#queue.some((job) => job.canStart);
    if (isIdle === this.#isSuppressed) return;
    this.#isSuppressed = isIdle;
    if (isIdle) this.cluster.suppress(this);
    else this.cluster.revive(this);
  }
}
