/**
 * Emulated agents on the real agent link: many channels on one connection, or one connection each. They register, answer
 * pings, and run every task in no time: RUNNING at once, FINISHED after the task's length. For benchmarks and tests of
 * the master; nothing is isolated, nothing is durable.
 */
import { randomBytes } from 'node:crypto';
import { seededRandom } from '../../src/base/random.js';
import { systemClock } from '../../src/base/system/clock.js';
import type { Logger } from '../../src/base/system/logger.js';
import { LinkClient } from '../../src/daemon/link/link-client.js';
import type { AgentFrameBody } from '../../src/daemon/link/link-protocol.js';
import type * as link from '../../src/wire/gen/mesoctl-link.js';
import type * as mesos from '../../src/wire/gen/mesos.js';

export interface EmulatorOptions {
  /** HOST:PORT of the master. */
  readonly master: string;
  readonly agents: number;
  /** Agents that share one connection. */
  readonly agentsPerConnection: number;
  readonly resources: readonly mesos.Resource[];
  /** From RUNNING to FINISHED, ms; undefined: tasks run until they are killed. */
  readonly taskLengthMs?: number | undefined;
  /** Called just before a terminal update leaves. */
  readonly onFinished?: ((taskId: string) => void) | undefined;
}

const CAPABILITIES: readonly mesos.AgentInfo_Capability_Type[] = [
  'MULTI_ROLE',
  'HIERARCHICAL_ROLE',
  'RESERVATION_REFINEMENT',
  'TASK_RESOURCE_LIMITS',
];

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields, message) => console.error(message, fields),
  child: () => silent,
};

/** Name and quantity as a scalar resource. */
export function scalar(name: string, value: number): mesos.Resource {
  return { name, type: 'SCALAR', scalar: { value } };
}

export class Emulator {
  readonly #options: EmulatorOptions;
  readonly #clients: LinkClient[] = [];
  readonly #ids = new Map<string, string>();
  readonly #frameworkOfTask = new Map<string, mesos.FrameworkID>();
  #registered = 0;
  #closing = false;
  pings = 0;

  constructor(options: EmulatorOptions) {
    this.#options = options;
  }

  /** Agents that the master has admitted. */
  get registered(): number {
    return this.#registered;
  }

  start(): void {
    const { agents, agentsPerConnection, master } = this.#options;
    for (let first = 0; first < agents; first += agentsPerConnection) {
      const client: LinkClient = new LinkClient({
        masters: [master],
        hello: () => ({}),
        clock: systemClock,
        random: seededRandom(first + 1),
        logger: silent,
        observer: {
          onUp: () => {
            for (let i = first; i < Math.min(first + agentsPerConnection, agents); i++)
              client.send(i - first + 1, this.#registration(i));
          },
          onFrame: (channel, frame) => this.#onFrame(client, channel, first + channel - 1, frame),
          onLost: (reason, detail) => {
            if (!this.#closing) console.error('emulator: link lost:', reason, detail);
          },
          onRefused: (refused) => console.error('emulator: refused:', refused.message),
        },
      });
      this.#clients.push(client);
      client.start();
    }
  }

  close(): void {
    this.#closing = true;
    for (const client of this.#clients) void client.close();
  }

  #registration(index: number): AgentFrameBody {
    return {
      register: {
        agent_info: { hostname: `emulated-${index}`, port: 5051, resources: [...this.#options.resources] },
        version: '1.12.0',
        ip: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
        capabilities: CAPABILITIES.map((type) => ({ type })),
      },
    };
  }

  #onFrame(client: LinkClient, channel: number, index: number, frame: link.MasterFrame): void {
    if (frame.ping !== undefined) {
      this.pings += 1;
      client.send(channel, { pong: {} });
    } else if (frame.registered !== undefined) {
      this.#registered += 1;
      this.#ids.set(`${index}`, frame.registered.agent_id.value);
      client.send(channel, { update_agent: { total_resources: [...this.#options.resources] } });
    } else if (frame.run_tasks !== undefined) this.#run(client, channel, index, frame.run_tasks);
    else if (frame.kill_task !== undefined)
      this.#update(client, channel, index, frame.kill_task.task_id.value, 'TASK_KILLED');
  }

  #run(client: LinkClient, channel: number, index: number, launch: link.RunTasks): void {
    const { taskLengthMs, onFinished } = this.#options;
    for (const task of launch.tasks ?? []) {
      const taskId = task.task_id.value;
      if (launch.framework_info.id !== undefined) this.#frameworkOfTask.set(taskId, launch.framework_info.id);
      this.#update(client, channel, index, taskId, 'TASK_RUNNING');
      if (taskLengthMs === undefined) continue;
      setTimeout(() => {
        onFinished?.(taskId);
        this.#update(client, channel, index, taskId, 'TASK_FINISHED');
      }, taskLengthMs);
    }
  }

  #update(client: LinkClient, channel: number, index: number, taskId: string, state: mesos.TaskState): void {
    const frameworkId = this.#frameworkOfTask.get(taskId);
    if (frameworkId === undefined) return;
    client.send(channel, {
      status_update: {
        framework_id: frameworkId,
        latest_state: state,
        status: {
          task_id: { value: taskId },
          state,
          source: 'SOURCE_EXECUTOR',
          agent_id: { value: this.#ids.get(`${index}`) ?? '' },
          timestamp: Date.now() / 1000,
          uuid: randomBytes(16),
        },
      },
    });
  }
}
