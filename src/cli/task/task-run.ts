/**
 * One task from the wait for an offer to its end, as a framework of its own: what `mesoctl task launch` and `mesoctl dev`
 * do. Uses the public API only.
 *
 * Invariants: at most one task of ours is alive; nothing is launched after an interrupt; a terminal status is acknowledged
 * only after all output of the task is out; whatever happens, the framework is torn down at the end, except when the task
 * is to outlive us (`detach`).
 */
import { MesoError } from '../../base/error.js';
import { randomUuid } from '../../base/system/random.js';
import type { Address } from '../../client/address.js';
import { AgentClient, addressOfOffer, sandboxPath } from '../../client/agent-client.js';
import { pause } from '../../client/back-off.js';
import { takeScalars } from '../../client/offer-resources.js';
import { OperatorClient } from '../../client/operator-client.js';
import { SchedulerClient } from '../../client/scheduler-client.js';
import type { SchedulerEvent } from '../../client/scheduler-events.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { LAUNCH_LABEL } from '../../wire/launch-label.js';
import { isTerminal } from '../../wire/task-state.js';
import { LogRelay } from './log-relay.js';
import { explainNoFit, formatAmounts, whyCommand } from './no-fit.js';
import { outcomeOf, type TaskOutcome } from './task-outcome.js';
import type { TaskRequest } from './task-request.js';

export interface TaskRunOptions {
  readonly masters: readonly Address[];
  readonly request: TaskRequest;
  /** Leave once the task runs. */
  readonly detach: boolean;
  /** How long to wait for an offer that fits. */
  readonly fitTimeoutMs: number;
  /** How long the agent's own word on the end of the task is waited for when the master knows of the end. Default 20 s. */
  readonly ownWordMs?: number | undefined;
  readonly write: (stream: 'stdout' | 'stderr', data: Uint8Array) => Promise<void>;
  /** One line for the user, on stderr. */
  readonly say: (line: string) => void;
  readonly debug: (line: string) => void;
  /** First: kill the task and wait for it. */
  readonly interrupt: AbortSignal;
  /** Second: do not wait for the task; the master is told to end it, and would do so by itself later. */
  readonly leave: AbortSignal;
}

/** Where a task is. */
export interface TaskPlace {
  readonly taskId: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly hostname: string;
  readonly agent: Address | undefined;
  /** Virtual path of its sandbox. */
  readonly sandbox: string;
}

export type TaskRunResult =
  | { readonly kind: 'ended'; readonly outcome: TaskOutcome; readonly place: TaskPlace }
  | { readonly kind: 'detached'; readonly place: TaskPlace }
  /** Interrupted before anything was launched, or told to leave. */
  | { readonly kind: 'left'; readonly place: TaskPlace | undefined };

const EXPLAIN_AFTER_MS = 5_000;
const EXPLAIN_AGAIN_MS = 60_000;
/** Long enough to find a new master, short enough for a command that was killed. */
const FAILOVER_TIMEOUT_S = 60;
/** A detached task has nobody who comes back; a year is for ever here. */
const DETACHED_FAILOVER_TIMEOUT_S = 365 * 86_400;
const MAX_LAUNCHES = 5;
/** An agent repeats its update after 10 s and says it anew when it hears of the scheduler. */
const OWN_WORD_MS = 20_000;
/** For a task that was told to end and does not, because its agent cannot be reached. */
const KILL_DEADLINE_MS = 60_000;
const TEARDOWN_DEADLINE_MS = 2_000;
const LEAVE_DEADLINE_MS = 300;

export class TaskRun {
  readonly #options: TaskRunOptions;
  readonly #client: SchedulerClient;
  /** Ends timers and waits of this run. */
  readonly #over = new AbortController();
  #place: TaskPlace | undefined;
  #launches = 0;
  #hasBeenSeen = false;
  #mustReconcile = false;
  #secondHandSinceMs: number | undefined;
  #isWatchingFit = false;
  #relay: LogRelay | undefined;
  #agent: AgentClient | undefined;
  #failure: MesoError | undefined;

  constructor(options: TaskRunOptions) {
    this.#options = options;
    this.#client = new SchedulerClient({ masters: options.masters, framework: frameworkOf(options) });
  }

  /** Throws NO_MASTER, NO_LEADER, NO_FIT, or what the master refused the framework with. */
  async run(): Promise<TaskRunResult> {
    const { interrupt, leave } = this.#options;
    const onInterrupt = () => void this.#onInterrupt();
    const onLeave = () => void this.#teardown();
    interrupt.addEventListener('abort', onInterrupt, { once: true });
    leave.addEventListener('abort', onLeave, { once: true });
    if (interrupt.aborted) return { kind: 'left', place: undefined };
    try {
      return await this.#follow();
    } finally {
      interrupt.removeEventListener('abort', onInterrupt);
      leave.removeEventListener('abort', onLeave);
      this.#over.abort();
      this.#client.close();
      await this.#relay?.stop();
      this.#agent?.close();
    }
  }

  async #follow(): Promise<TaskRunResult> {
    for await (const event of this.#client.events()) {
      const result = await this.#handle(event);
      if (result !== undefined) return result;
    }
    if (this.#failure !== undefined) throw this.#failure;
    return { kind: 'left', place: this.#place };
  }

  /** Tears the framework down where this is the end: afterwards there is no subscription to do it with. */
  async #handle(event: SchedulerEvent): Promise<TaskRunResult | undefined> {
    try {
      const result = await this.#onEvent(event);
      if (result !== undefined && result.kind !== 'detached') await this.#teardown();
      return result;
    } catch (error) {
      await this.#teardown();
      throw error;
    }
  }

  async #onEvent(event: SchedulerEvent): Promise<TaskRunResult | undefined> {
    switch (event.type) {
      case 'SUBSCRIBED':
        await this.#onSubscribed();
        return undefined;
      case 'OFFERS':
        await this.#onOffers(event.offers);
        return undefined;
      case 'UPDATE':
        return this.#onUpdate(event.status);
      case 'HEARTBEAT':
        await this.#reconcile();
        return undefined;
      case 'DISCONNECTED':
        this.#mustReconcile = this.#place !== undefined;
        this.#options.say(
          `${event.error.message}; ${this.#place === undefined ? '' : 'the task goes on, '}trying again`,
        );
        return undefined;
      default:
        return undefined;
    }
  }

  async #onSubscribed(): Promise<void> {
    this.#options.debug(`subscribed as framework ${this.#client.frameworkId?.value}`);
    if (this.#place === undefined) this.#watchFit();
    else if (this.#options.interrupt.aborted) await this.#kill();
    await this.#reconcile();
  }

  async #onOffers(offers: readonly mesos.Offer[]): Promise<void> {
    let isWaiting = this.#place === undefined && !this.#options.interrupt.aborted;
    const rest: mesos.OfferID[] = [];
    for (const offer of offers) {
      const resources = isWaiting ? takeScalars(offer.resources ?? [], this.#options.request.amounts) : undefined;
      if (resources === undefined) {
        rest.push(offer.id);
        continue;
      }
      isWaiting = false;
      await this.#launch(offer, resources);
    }
    if (rest.length > 0) await this.#tell(this.#client.decline(rest));
  }

  async #launch(offer: mesos.Offer, resources: mesos.Resource[]): Promise<void> {
    const { name, command } = this.#options.request;
    const taskId = `${name}.${randomUuid().slice(0, 8)}`;
    const frameworkId = offer.framework_id.value;
    this.#launches += 1;
    this.#place = {
      taskId,
      frameworkId,
      agentId: offer.agent_id.value,
      hostname: offer.hostname,
      agent: addressOfOffer(offer),
      // A command task's executor has the id of the task.
      sandbox: sandboxPath(frameworkId, taskId),
    };
    this.#options.debug(`launching ${taskId} on ${offer.hostname} (${offer.agent_id.value})`);
    const task: mesos.TaskInfo = { name, task_id: { value: taskId }, agent_id: offer.agent_id, resources, command };
    await this.#tell(this.#client.launch([offer.id], [task]));
    await this.#tell(this.#client.suppress());
  }

  async #onUpdate(status: mesos.TaskStatus): Promise<TaskRunResult | undefined> {
    const place = this.#place;
    if (place === undefined || status.task_id.value !== place.taskId) {
      await this.#tell(this.#client.acknowledge(status));
      return undefined;
    }
    if (this.#isSecondHand(status)) return undefined;
    this.#mustReconcile = false;
    this.#options.debug(
      `${status.task_id.value} ${status.state}${status.message === undefined ? '' : `: ${status.message}`}`,
    );
    if (this.#wasNeverThere(status)) return this.#relaunch(status);
    if (isTerminal(status.state) || status.state === 'TASK_UNKNOWN') return this.#onEnd(status, place);
    if (status.state === 'TASK_UNREACHABLE')
      this.#options.say(`the agent of the task, ${place.hostname}, cannot be reached; waiting for it`);
    if (status.state === 'TASK_RUNNING') this.#followLogs(place);
    this.#hasBeenSeen ||= status.state === 'TASK_STARTING' || status.state === 'TASK_RUNNING';
    await this.#tell(this.#client.acknowledge(status));
    if (status.state === 'TASK_RUNNING' && this.#options.detach) return { kind: 'detached', place };
    return undefined;
  }

  /**
   * A master that was asked knows the state of a task that ended, not its exit status; the agent repeats its own update,
   * which says how. If that does not come in time, the state has to do: the master is asked again with every heartbeat, and
   * the first of these follows the subscription at once, so that time decides and not the number of answers.
   */
  #isSecondHand({ state, reason }: mesos.TaskStatus): boolean {
    if (reason !== 'REASON_RECONCILIATION' || (state !== 'TASK_FAILED' && state !== 'TASK_KILLED')) return false;
    const nowMs = performance.now();
    this.#secondHandSinceMs ??= nowMs;
    return nowMs - this.#secondHandSinceMs < (this.#options.ownWordMs ?? OWN_WORD_MS);
  }

  /** The offer went away before the launch arrived, or the launch got lost with its master. */
  #wasNeverThere({ state }: mesos.TaskStatus): boolean {
    if (this.#hasBeenSeen) return false;
    return state === 'TASK_DROPPED' || state === 'TASK_UNKNOWN' || state === 'TASK_GONE';
  }

  async #relaunch(status: mesos.TaskStatus): Promise<TaskRunResult | undefined> {
    const place = this.#place;
    await this.#tell(this.#client.acknowledge(status));
    if (this.#options.interrupt.aborted) return { kind: 'left', place };
    if (this.#launches >= MAX_LAUNCHES && place !== undefined)
      return { kind: 'ended', outcome: outcomeOf(status), place };
    this.#place = undefined;
    this.#watchFit();
    await this.#tell(this.#client.revive());
    return undefined;
  }

  async #onEnd(status: mesos.TaskStatus, place: TaskPlace): Promise<TaskRunResult> {
    if (!this.#options.detach) {
      this.#followLogs(place);
      await this.#relay?.drain();
    }
    await this.#tell(this.#client.acknowledge(status));
    return { kind: 'ended', outcome: outcomeOf(status), place };
  }

  #followLogs({ agent, sandbox }: TaskPlace): void {
    if (this.#relay !== undefined || this.#options.detach || agent === undefined) return;
    const { write, say } = this.#options;
    this.#agent = new AgentClient({ agent });
    this.#relay = new LogRelay({ agent: this.#agent, sandbox, write, warn: say });
  }

  async #reconcile(): Promise<void> {
    const place = this.#place;
    if (!this.#mustReconcile || place === undefined) return;
    await this.#tell(
      this.#client.reconcile([{ task_id: { value: place.taskId }, agent_id: { value: place.agentId } }]),
    );
  }

  async #onInterrupt(): Promise<void> {
    if (this.#place === undefined) {
      this.#client.isSubscribed ? await this.#teardown() : this.#client.close();
      return;
    }
    await this.#kill();
    await pause(KILL_DEADLINE_MS, this.#over.signal);
    if (this.#over.signal.aborted) return;
    this.#options.say(
      `task ${this.#place.taskId} has not ended within ${KILL_DEADLINE_MS / 1000}s; leaving it to the master`,
    );
    this.#client.close();
  }

  async #kill(): Promise<void> {
    const place = this.#place;
    if (place === undefined || !this.#client.isSubscribed) return;
    await this.#tell(this.#client.kill({ value: place.taskId }, { agentId: { value: place.agentId } }));
  }

  #watchFit(): void {
    if (this.#isWatchingFit) return;
    this.#isWatchingFit = true;
    void this.#explainAndGiveUp().finally(() => {
      this.#isWatchingFit = false;
    });
  }

  /** Says why nothing fits, in the end gives up. */
  async #explainAndGiveUp(): Promise<void> {
    const { fitTimeoutMs, request, masters, say } = this.#options;
    const isWaiting = () => this.#place === undefined && !this.#over.signal.aborted && !this.#options.interrupt.aborted;
    let waitedMs = 0;
    let explanation = `asked for ${formatAmounts(request.amounts)}`;
    while (waitedMs < fitTimeoutMs) {
      const stepMs = Math.min(waitedMs === 0 ? EXPLAIN_AFTER_MS : EXPLAIN_AGAIN_MS, fitTimeoutMs - waitedMs);
      await pause(stepMs, this.#over.signal);
      if (!isWaiting()) return;
      waitedMs += stepMs;
      const operator = new OperatorClient({ masters });
      explanation = await explainNoFit(operator, request, this.#client.frameworkId?.value)
        .catch(String)
        .finally(() => operator.close());
      if (isWaiting() && waitedMs < fitTimeoutMs)
        say(`${request.name} has waited ${seconds(waitedMs)} and fits no agent: ${explanation}`);
    }
    if (!isWaiting()) return;
    this.#failure = new MesoError(
      'NO_FIT',
      `${request.name} has waited ${seconds(waitedMs)} and fits no agent: ${explanation}`,
      {
        details: { waitedMs, asked: request.amounts, role: request.role },
        suggestions: [whyCommand(request), 'ask for less (--cpus, --mem, --disk)', '--timeout 10mins to wait longer'],
      },
    );
    await this.#teardown();
  }

  async #teardown(): Promise<void> {
    const deadlineMs = this.#options.leave.aborted ? LEAVE_DEADLINE_MS : TEARDOWN_DEADLINE_MS;
    if (this.#client.isSubscribed) await Promise.race([this.#tell(this.#client.teardown()), pause(deadlineMs)]);
    this.#client.close();
  }

  /** A lost connection shows in the event stream as well, which mends it; only a refusal is ours to report. */
  async #tell(call: Promise<void>): Promise<void> {
    try {
      await call;
    } catch (error) {
      if (!(error instanceof MesoError)) throw error;
      this.#options.debug(error.message);
      if (error.code === 'CONNECTION_LOST' || error.code === 'OUTCOME_UNKNOWN') this.#mustReconcile = true;
    }
  }
}

function frameworkOf({ request, detach }: TaskRunOptions): mesos.FrameworkInfo {
  return {
    user: request.user,
    name: `mesoctl task launch ${request.name}`,
    roles: [request.role],
    failover_timeout: detach ? DETACHED_FAILOVER_TIMEOUT_S : FAILOVER_TIMEOUT_S,
    checkpoint: true,
    labels: { labels: [{ key: LAUNCH_LABEL, value: detach ? 'detached' : 'attached' }] },
    capabilities: [
      { type: 'MULTI_ROLE' },
      { type: 'RESERVATION_REFINEMENT' },
      { type: 'PARTITION_AWARE' },
      { type: 'TASK_KILLING_STATE' },
    ],
  };
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))}s`;
}
