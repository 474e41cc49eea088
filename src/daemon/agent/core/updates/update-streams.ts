/**
 * The streams of status updates, one per task: each update is kept until the scheduler has acknowledged it, only the
 * oldest of a stream is under way, and it is sent again with growing pauses. Nothing is sent unless the agent is
 * registered; on (re-)registration the heads of all streams leave at once. Source: spec page 02, 2.6; page 18, 18.7.
 *
 * Invariants: an update leaves after it is durable; a stream's updates leave in the order they were added; a stream
 * ends with the acknowledgement of a terminal update or when its framework goes.
 */
import type { TimerHandle } from '../../../../base/timers.js';
import type * as checkpoint from '../../../../wire/gen/mesoctl-checkpoint.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { isTerminal } from '../../../../wire/task-state.js';
import { type AgentTimer, type Context, sendWhenDurable } from '../context.js';
import { UPDATE_RETRY_MAX_MS, UPDATE_RETRY_MIN_MS } from '../limits.js';

interface PendingUpdate {
  readonly position: number;
  readonly status: mesos.TaskStatus;
}

interface Stream {
  readonly frameworkId: string;
  readonly taskId: string;
  /** False for answers about tasks this agent does not know: after a restart the master asks again. */
  readonly durable: boolean;
  readonly pending: PendingUpdate[];
  nextPosition: number;
  latestState: mesos.TaskState;
  retryTimer: TimerHandle | undefined;
  intervalMs: number;
}

/** What an acknowledgement did. `finished`: it was the terminal update's, the task is over. */
export type AckOutcome = 'ignored' | 'advanced' | 'finished';

export interface NewUpdate {
  readonly frameworkId: string;
  readonly status: mesos.TaskStatus;
  readonly durable: boolean;
}

export class UpdateStreams {
  readonly #context: Context;
  readonly #streams = new Map<string, Stream>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Updates that wait for an acknowledgement. */
  get pendingCount(): number {
    let count = 0;
    for (const stream of this.#streams.values()) count += stream.pending.length;
    return count;
  }

  get isEmpty(): boolean {
    return this.#streams.size === 0;
  }

  has(frameworkId: string, taskId: string): boolean {
    return this.#streams.has(keyOf(frameworkId, taskId));
  }

  /** The oldest unacknowledged status of a task. */
  findHead(frameworkId: string, taskId: string): mesos.TaskStatus | undefined {
    return this.#streams.get(keyOf(frameworkId, taskId))?.pending[0]?.status;
  }

  /** Adds an update, makes it durable, and sends it when it is the only one of its stream. `status.uuid` is set. */
  add({ frameworkId, status, durable }: NewUpdate): void {
    const stream = this.#open(frameworkId, status.task_id.value, durable);
    const update: PendingUpdate = { position: stream.nextPosition++, status };
    stream.latestState = status.state;
    stream.pending.push(update);
    if (stream.durable)
      this.#context.out.persist(
        {
          kind: 'put-update',
          update: { framework_id: { value: frameworkId }, position: update.position, status },
        },
        'machine',
      );
    if (stream.pending.length === 1) this.#sendHead(stream);
  }

  /** Puts back what an earlier process had not got rid of; in order of position, before the agent is registered. */
  restore(update: checkpoint.PendingUpdate, latestState: mesos.TaskState): void {
    const stream = this.#open(update.framework_id.value, update.status.task_id.value, true);
    const position = Number(update.position);
    stream.nextPosition = position + 1;
    stream.latestState = latestState;
    stream.pending.push({ position, status: update.status });
  }

  acknowledge(frameworkId: string, taskId: string, uuid: Uint8Array): AckOutcome {
    const stream = this.#streams.get(keyOf(frameworkId, taskId));
    const head = stream?.pending[0];
    if (stream === undefined || head === undefined || !sameBytes(head.status.uuid, uuid)) return 'ignored';
    if (isTerminal(head.status.state)) {
      this.close(frameworkId, taskId);
      return 'finished';
    }
    stream.pending.shift();
    if (stream.durable)
      this.#context.out.persist({ kind: 'remove-update', frameworkId, taskId, position: head.position }, 'process');
    stream.intervalMs = UPDATE_RETRY_MIN_MS;
    this.#sendHead(stream);
    return 'advanced';
  }

  /** Sends the heads again at once and starts their pauses anew: of all streams, or of one framework's. */
  resume(frameworkId?: string): void {
    for (const stream of this.#streams.values()) {
      if (frameworkId !== undefined && stream.frameworkId !== frameworkId) continue;
      stream.intervalMs = UPDATE_RETRY_MIN_MS;
      this.#sendHead(stream);
    }
  }

  pause(): void {
    for (const stream of this.#streams.values()) this.#context.timers.cancel(stream.retryTimer);
  }

  onRetry(timer: Extract<AgentTimer, { readonly kind: 'retry-update' }>): void {
    const stream = this.#streams.get(timer.streamKey);
    if (stream === undefined) return;
    stream.intervalMs = Math.min(UPDATE_RETRY_MAX_MS, stream.intervalMs * 2);
    this.#sendHead(stream);
  }

  /** Forgets a stream in memory; its rows go with the task's. */
  close(frameworkId: string, taskId: string): void {
    const key = keyOf(frameworkId, taskId);
    this.#context.timers.cancel(this.#streams.get(key)?.retryTimer);
    this.#streams.delete(key);
  }

  closeFramework(frameworkId: string): void {
    for (const stream of [...this.#streams.values()])
      if (stream.frameworkId === frameworkId) this.close(frameworkId, stream.taskId);
  }

  #open(frameworkId: string, taskId: string, durable: boolean): Stream {
    const key = keyOf(frameworkId, taskId);
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = {
        frameworkId,
        taskId,
        durable,
        pending: [],
        nextPosition: 0,
        latestState: 'TASK_STAGING',
        retryTimer: undefined,
        intervalMs: UPDATE_RETRY_MIN_MS,
      };
      this.#streams.set(key, stream);
    }
    return stream;
  }

  #sendHead(stream: Stream): void {
    const { now, state, timers } = this.#context;
    timers.cancel(stream.retryTimer);
    const head = stream.pending[0];
    if (head === undefined || !state.registered) return;
    sendWhenDurable(this.#context, {
      status_update: {
        framework_id: { value: stream.frameworkId },
        status: head.status,
        latest_state: stream.latestState,
      },
    });
    stream.retryTimer = timers.arm(now.monotonicMs + stream.intervalMs, {
      kind: 'retry-update',
      streamKey: keyOf(stream.frameworkId, stream.taskId),
    });
  }
}

// Neither id may hold a NUL: validation refuses control characters.
function keyOf(frameworkId: string, taskId: string): string {
  return `${frameworkId}\0${taskId}`;
}

function sameBytes(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && left.length === right.length && left.every((byte, i) => byte === right[i]);
}
