/**
 * One job of a simulated framework: tasks that are alike, in one or more stages, each with the agents where its input lies.
 * Says which task may start on an agent; knows nothing of offers. Delay scheduling: a job lets offers pass until it has
 * waited `delayMs` since its last launch, then takes any agent (Zaharia et al., EuroSys 2010, with one level of locality).
 */
import { assert } from '../base/assert.js';
import { type Random, seededRandom } from '../base/random.js';
import type { Resources } from '../offers/resources/resources.js';
import type { LocalitySpec } from './scenario.js';

export interface JobOptions {
  readonly arrivedMs: number;
  /** Tasks of each stage; Infinity: a backlog without an end. */
  readonly tasks: number;
  readonly stages: number;
  readonly parallelism: number;
  /** Of one task, tagged with the role of the framework. */
  readonly resources: Resources;
  /** undefined: drawn for each task. */
  readonly lengthMs: number | undefined;
  readonly locality: LocalitySpec | undefined;
}

export interface JobContext {
  /** Of the cluster. */
  readonly agents: number;
  readonly seed: number;
}

/** Tells the generator of places from that of lengths. */
const PLACES = 0x9e3779b9;

/** Where a task may start: on an agent that has its input, on one that has not, nowhere yet. */
export type Placement = 'local' | 'remote' | 'none';

export class Job {
  readonly resources: Resources;
  readonly arrivedMs: number;
  readonly lengthMs: number | undefined;
  /** The lengths of its tasks are drawn from it, in the order of their launch. */
  readonly lengths: Random;
  readonly #places: Random;
  readonly #agents: number;
  /** When the tasks that wait now began to wait. */
  readyMs: number;
  waiting: number;
  running = 0;
  #stagesLeft: number;
  /** By agent: tasks whose input lies there; those that have started are dropped when they are met. */
  readonly #tasksAt = new Map<number, number[]>();
  /** By task of the stage: whether it has started. */
  #started = new Uint8Array(0);
  #nextRemote = 0;
  #delayedSinceMs: number | undefined;

  constructor(
    private readonly options: JobOptions,
    { agents, seed }: JobContext,
  ) {
    this.lengths = seededRandom(seed);
    this.#places = seededRandom(seed ^ PLACES);
    this.#agents = agents;
    this.resources = options.resources;
    this.arrivedMs = options.arrivedMs;
    this.lengthMs = options.lengthMs;
    this.readyMs = options.arrivedMs;
    this.waiting = options.tasks;
    this.#stagesLeft = options.stages - 1;
    this.#placeInputs();
  }

  get canStart(): boolean {
    return this.waiting > 0 && this.running < this.options.parallelism;
  }

  get isDone(): boolean {
    return this.waiting === 0 && this.running === 0 && this.#stagesLeft === 0;
  }

  /** Tasks that would run now if there were room: what the ideal share is reckoned from. */
  get wanted(): number {
    return Math.min(this.waiting + this.running, this.options.parallelism);
  }

  /** Starts a task on the agent if one may start there. */
  maybeStart(agent: number, nowMs: number): Placement {
    assert(this.canStart, 'a task waits');
    const placement = this.#choose(agent, nowMs);
    if (placement === 'none') return placement;
    this.waiting--;
    this.running++;
    this.#delayedSinceMs = undefined;
    return placement;
  }

  /** Returns whether a next stage begins. */
  endTask(nowMs: number): boolean {
    this.running--;
    if (this.waiting > 0 || this.running > 0 || this.#stagesLeft === 0) return false;
    this.#stagesLeft--;
    this.waiting = this.options.tasks;
    this.readyMs = nowMs;
    this.#placeInputs();
    return true;
  }

  /** What waits will never start: the framework has stopped. */
  cancelWaiting(): void {
    this.waiting = 0;
    this.#stagesLeft = 0;
  }

  #choose(agent: number, nowMs: number): Placement {
    const { locality } = this.options;
    if (locality === undefined) return 'local';
    if (this.#takeTaskAt(agent)) return 'local';
    this.#delayedSinceMs ??= nowMs;
    if (nowMs - this.#delayedSinceMs < locality.delayMs) return 'none';
    while (this.#started[this.#nextRemote] === 1) this.#nextRemote++;
    this.#started[this.#nextRemote] = 1;
    return 'remote';
  }

  #takeTaskAt(agent: number): boolean {
    const tasks = this.#tasksAt.get(agent);
    for (let task = tasks?.pop(); task !== undefined; task = tasks?.pop()) {
      if (this.#started[task] === 1) continue;
      this.#started[task] = 1;
      return true;
    }
    return false;
  }

  #placeInputs(): void {
    const { locality, tasks } = this.options;
    if (locality === undefined) return;
    this.#tasksAt.clear();
    this.#started = new Uint8Array(tasks);
    this.#nextRemote = 0;
    for (let task = 0; task < tasks; task++)
      for (const agent of this.#drawAgents(locality.replicas)) {
        const there = this.#tasksAt.get(agent);
        if (there === undefined) this.#tasksAt.set(agent, [task]);
        else there.push(task);
      }
  }

  #drawAgents(count: number): ReadonlySet<number> {
    const drawn = new Set<number>();
    while (drawn.size < Math.min(count, this.#agents)) drawn.add(Math.floor(this.#places.next() * this.#agents));
    return drawn;
  }
}
