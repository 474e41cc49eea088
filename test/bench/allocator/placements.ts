/**
 * B1, the shape of the "one million containers" challenge in one process: 1,000 jobs of 1,000 tasks each on 5,000 agents. A
 * job is a framework whose offer constraints leave out a tenth of the agents (a regular expression on an attribute); it takes
 * at most TASKS_PER_ACCEPT tasks from an offer and declines what is left when it has all. A placement is committed when the
 * core has sent the task to its agent: allocator, validation and the core's books are in the time, building the calls is not.
 * Then every task is reported running and acknowledged.
 */
import { assert, present } from '../../../src/base/assert.js';
import type { ConnectionId, MasterEvent } from '../../../src/daemon/master/core/protocol.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import {
  ALLOCATION_INTERVAL_MS,
  agentFrame,
  CoreDriver,
  registration,
  schedulerCall,
  subscription,
} from './core-driver.js';
import { type Sample, timed } from './samples.js';

export interface PlacementShape {
  readonly agents: number;
  readonly jobs: number;
  readonly tasksPerJob: number;
}

export interface PlacementResult {
  readonly agents: number;
  readonly jobs: number;
  readonly tasks: number;
  /** Sums over all steps of the core. */
  readonly placing: Sample;
  readonly running: Sample;
  readonly longestStepMs: number;
  readonly rounds: number;
}

const TASKS_PER_ACCEPT = 20;
const EVENTS_PER_STEP = 100;
const CLASSES = 10;
const TASK: readonly (readonly [name: string, amount: number])[] = [
  ['cpus', 0.1],
  ['mem', 16],
];
const DECLINE_SECONDS = 3_600;

interface Job {
  readonly number: number;
  readonly connectionId: ConnectionId;
  frameworkId: string;
  placed: number;
  readonly offers: mesos.Offer[];
}

interface Launched {
  readonly connectionId: ConnectionId;
  readonly framework_id: mesos.FrameworkID;
  readonly task_id: mesos.TaskID;
}

export function measurePlacements(shape: PlacementShape): PlacementResult {
  return new Challenge(shape).play();
}

class Challenge {
  readonly #driver: CoreDriver;
  readonly #jobs: Job[] = [];
  readonly #jobOfConnection = new Map<ConnectionId, Job>();
  readonly #launched: Launched[] = [];
  readonly #acknowledgements: MasterEvent[] = [];
  #longestStepMs = 0;

  constructor(private readonly shape: PlacementShape) {
    this.#driver = new CoreDriver({
      onSchedulerEvent: ({ connectionId, event }) => {
        const job = this.#jobOfConnection.get(connectionId);
        if (job === undefined) return;
        if (event.subscribed !== undefined) job.frameworkId = event.subscribed.framework_id.value;
        job.offers.push(...(event.offers?.offers ?? []));
        if (event.update !== undefined) this.#acknowledge(job, event.update.status);
      },
      onAgentMessage: ({ connectionId, message }) => {
        const framework_id = message.run_tasks?.framework_info.id;
        if (framework_id === undefined) return;
        for (const { task_id } of message.run_tasks?.tasks ?? [])
          this.#launched.push({ connectionId, framework_id, task_id });
      },
    });
  }

  play(): PlacementResult {
    const { agents, jobs, tasksPerJob } = this.shape;
    const total = jobs * tasksPerJob;
    for (let i = 0; i < agents; i++) this.#driver.run(this.#registration(i));
    const placing = { ms: 0, cpuMs: 0 };
    this.#timedSteps(
      placing,
      Array.from({ length: jobs }, (_, i) => this.#subscription(i)),
    );
    let rounds = 0;
    while (this.#launched.length < total) {
      const before = this.#launched.length;
      this.#timedSteps(placing, this.#answers());
      this.#driver.advance(ALLOCATION_INTERVAL_MS);
      this.#timedSteps(placing, []);
      rounds++;
      assert(this.#launched.length > before || rounds < 3, 'every round places something');
    }
    assert(this.#launched.length === total, 'every task is placed once');
    const running = this.#reportRunning();
    return { agents, jobs, tasks: total, placing, running, longestStepMs: this.#longestStepMs, rounds };
  }

  #registration(i: number): MasterEvent {
    const attribute = { name: 'class', type: 'TEXT' as const, text: { value: `c${i % CLASSES}` } };
    return registration(this.#driver.newId(), i, [attribute]);
  }

  #subscription(number: number): MasterEvent {
    const connectionId = this.#driver.newId();
    const job: Job = { number, connectionId, frameworkId: '', placed: 0, offers: [] };
    this.#jobs.push(job);
    this.#jobOfConnection.set(connectionId, job);
    const regex = `c[^${number % CLASSES}]`;
    return subscription(this.#driver, connectionId, {
      framework_info: { user: 'user', name: `job-${number}`, roles: ['*'], capabilities: [{ type: 'MULTI_ROLE' }] },
      offer_constraints: {
        role_constraints: {
          '*': {
            groups: [
              {
                attribute_constraints: [
                  { selector: { attribute_name: 'class' }, predicate: { text_matches: { regex } } },
                ],
              },
            ],
          },
        },
      },
    });
  }

  /** Each job's answer to what it was offered. */
  #answers(): MasterEvent[] {
    return this.#jobs.flatMap((job) => job.offers.splice(0).map((offer) => this.#answer(job, offer)));
  }

  #answer(job: Job, offer: mesos.Offer): MasterEvent {
    const framework_id = { value: job.frameworkId };
    const count = Math.min(TASKS_PER_ACCEPT, this.shape.tasksPerJob - job.placed, roomIn(offer));
    if (count === 0)
      return schedulerCall(this.#driver, job.connectionId, {
        type: 'DECLINE',
        framework_id,
        decline: { offer_ids: [offer.id], filters: { refuse_seconds: DECLINE_SECONDS } },
      });
    const task_infos = Array.from({ length: count }, () => this.#task(job, offer));
    return schedulerCall(this.#driver, job.connectionId, {
      type: 'ACCEPT',
      framework_id,
      accept: {
        offer_ids: [offer.id],
        operations: [{ type: 'LAUNCH', launch: { task_infos } }],
        filters: { refuse_seconds: 0 },
      },
    });
  }

  #task(job: Job, offer: mesos.Offer): mesos.TaskInfo {
    const id = `job-${job.number}.${job.placed++}`;
    return {
      name: id,
      task_id: { value: id },
      agent_id: offer.agent_id,
      resources: TASK.map(([name, value]) => ({ name, type: 'SCALAR', scalar: { value } })),
      command: { value: 'true' },
    };
  }

  #reportRunning(): Sample {
    const running = { ms: 0, cpuMs: 0 };
    for (let from = 0; from < this.#launched.length; from += EVENTS_PER_STEP) {
      const batch = this.#launched.slice(from, from + EVENTS_PER_STEP);
      this.#timedSteps(
        running,
        batch.map((task, i) => runningUpdate(task, from + i)),
      );
      this.#timedSteps(running, this.#acknowledgements.splice(0));
    }
    return running;
  }

  #acknowledge(job: Job, status: mesos.TaskStatus): void {
    const agent_id = present(status.agent_id, 'an update names its agent');
    const uuid = present(status.uuid, `no task ends: ${status.state}, ${status.message}`);
    this.#acknowledgements.push(
      schedulerCall(this.#driver, job.connectionId, {
        type: 'ACKNOWLEDGE',
        framework_id: { value: job.frameworkId },
        acknowledge: { agent_id, task_id: status.task_id, uuid },
      }),
    );
  }

  /** Steps with so many events at a time until the core is at rest, and adds its time to `sum`. */
  #timedSteps(sum: { ms: number; cpuMs: number }, events: readonly MasterEvent[]): void {
    for (let from = 0; from === 0 || from < events.length; from += EVENTS_PER_STEP) {
      let pending: readonly MasterEvent[] | undefined = events.slice(from, from + EVENTS_PER_STEP);
      while (pending !== undefined) {
        const given: readonly MasterEvent[] = pending;
        const step = timed(() => this.#driver.step(given));
        sum.ms += step.ms;
        sum.cpuMs += step.cpuMs;
        this.#longestStepMs = Math.max(this.#longestStepMs, step.ms);
        pending = step.result;
      }
    }
  }
}

/** Tasks that fit into what is offered. */
function roomIn({ resources }: mesos.Offer): number {
  const room = TASK.map(([name, amount]) => {
    const value = resources?.find((one) => one.name === name)?.scalar?.value ?? 0;
    return Math.floor((value * 1_000) / (amount * 1_000));
  });
  return Math.min(...room);
}

function runningUpdate({ connectionId, framework_id, task_id }: Launched, number: number): MasterEvent {
  const uuid = new Uint8Array(16);
  new DataView(uuid.buffer).setUint32(0, number);
  const status = { task_id, state: 'TASK_RUNNING' as const, source: 'SOURCE_EXECUTOR' as const, uuid };
  return agentFrame(connectionId, { status_update: { framework_id, status, latest_state: 'TASK_RUNNING' } });
}
