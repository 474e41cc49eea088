/**
 * `task kill`: tells tasks of any framework to end, and waits until they have. The order matters: the stream is open before
 * the first kill is sent, so that no end can be missed.
 *
 * Invariant: nothing is sent before every task is found and, where it takes one, the question is answered.
 */
import { MesoError, type MesoErrorCode } from '../../base/error.js';
import { pause } from '../../client/back-off.js';
import { taskStateWord } from '../../views/columns/task-columns.js';
import { causeOf } from '../../views/model/health.js';
import { formatCount } from '../../views/text/numbers.js';
import { sanitize } from '../../views/text/width.js';
import { isTerminal } from '../../wire/task-state.js';
import { clusterNameOf } from '../cluster/cluster-name.js';
import { outcomeUnknown } from '../cluster/outcome-unknown.js';
import { type Session, tooLate } from '../cluster/session.js';
import { type ConfirmOptions, confirm } from '../confirm.js';
import { Interrupts } from '../interrupts.js';
import { lostText } from '../list/follow.js';
import { Progress } from '../progress.js';
import { endDetachedFrameworks } from './detached-frameworks.js';
import { describeTarget, findTargets, joinFailures, type KillRequest, type KillTarget } from './kill-targets.js';
import { type TaskEnd, TaskEnds } from './task-ends.js';

export interface KillOptions extends ConfirmOptions, KillRequest {
  readonly dryRun: boolean;
  /** Until the tasks have ended; false: until the orders are on their way. */
  readonly wait: boolean;
  readonly json: boolean;
}

/** docs/schemas/task-kill.json */
interface KillResult {
  readonly id: string;
  readonly framework_id: string;
  readonly framework_name: string | null;
  /** Of the task when it was last heard of. */
  readonly state: string;
  readonly hostname: string | null;
  /** It runs no more. */
  readonly ended: boolean;
  /** Its agent is not connected: it is told when it returns. */
  readonly waits_for_agent: boolean;
  readonly dry_run: boolean;
}

const KILLS_AT_ONCE = 16;

/** Returns the exit status. */
export async function killTasks(options: KillOptions, session: Session): Promise<number> {
  const { console } = session;
  const found = await findTargets(options, session);
  const over = found.filter(({ task }) => isOver(task));
  const targets = found.filter(({ task }) => !isOver(task));
  if (found.length === 0) console.say(`No live task fits "${options.filter ?? ''}".`);
  if (!(await mayKill(targets, options, session))) return 1;
  const results = over.map((target) => resultOf(target, { ended: true, dryRun: options.dryRun }));
  if (!options.json)
    for (const target of over)
      await console.print(`${target.task.task_id.value} had ended already: ${taskStateWord(target.task.state)}\n`);
  if (options.dryRun) results.push(...(await judgeKills(targets, options, session)));
  else {
    const killing = new Killing(targets, options, session);
    results.push(...(await killing.run()));
    if (killing.signal !== undefined) return 128 + killing.signal;
    if (options.wait) await endDetachedFrameworks(found, session);
  }
  if (options.json) await console.print(`${JSON.stringify(results, null, 2)}\n`);
  return 0;
}

function isOver({ state, place }: KillTarget['task']): boolean {
  return isTerminal(state) || place === 'COMPLETED';
}

/** One task typed by name needs no question; a part of an id is no name. */
async function mayKill(targets: readonly KillTarget[], options: KillOptions, session: Session): Promise<boolean> {
  if (options.dryRun || targets.length === 0) return true;
  const guesses = targets.filter(({ guessedFrom }) => guessedFrom !== undefined);
  if (targets.length === 1 && options.filter === undefined && guesses.length === 0) return true;
  const cluster = await clusterNameOf(session);
  const tasks = targets.length === 1 ? '1 task' : `${formatCount(targets.length)} tasks`;
  return confirm(
    { text: `${describeGuesses(guesses)}Kill ${tasks} on ${cluster}?`, items: targets.map(describeTarget) },
    options,
    session.console,
  );
}

/** `"web.1" is only a part of web.10. ` */
function describeGuesses([first, ...others]: readonly KillTarget[]): string {
  if (first === undefined) return '';
  const more =
    others.length === 0 ? '' : `, and ${others.length} more ${others.length === 1 ? 'is a part' : 'are parts'}`;
  return sanitize(`"${first.guessedFrom}" is only a part of ${first.task.task_id.value}${more}. `);
}

async function judgeKills(
  targets: readonly KillTarget[],
  { json }: KillOptions,
  session: Session,
): Promise<readonly KillResult[]> {
  const { waits, refused } = await sendKills(targets, session, true);
  const judged = targets.filter(({ key }) => !refused.has(key));
  if (!json)
    for (const target of judged)
      await session.console.print(`would kill ${describeTarget(target)}${waits.has(target.key) ? WAITS : ''}\n`);
  if (refused.size > 0) throw joinFailures([...refused.values()]);
  return judged.map((target) => resultOf(target, { dryRun: true, waitsForAgent: waits.has(target.key) }));
}

const WAITS = ', once its agent is back';

/** What became of the orders, by the keys of their tasks. */
interface SentKills {
  /** Their agent is not connected. */
  readonly waits: ReadonlySet<string>;
  /** Why the master takes no order for them. */
  readonly refused: ReadonlyMap<string, unknown>;
}

/** One task that is out of reach must not leave the others unattended. */
const OF_ONE_TASK: ReadonlySet<MesoErrorCode> = new Set(['REFUSED', 'NOT_FOUND']);

/** Sends them all. A task that ended meanwhile is what was wanted. Rejects with what concerns more than one task. */
async function sendKills(targets: readonly KillTarget[], { client }: Session, dryRun: boolean): Promise<SentKills> {
  const waits = new Set<string>();
  const refused = new Map<string, unknown>();
  const failures: unknown[] = [];
  const queue = [...targets];
  const worker = async (): Promise<void> => {
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      const { framework_id, task_id } = target.task;
      try {
        const answer = await client.killTask({ framework_id, task_id, dry_run: dryRun });
        if (answer.waits_for_agent === true) waits.add(target.key);
      } catch (error) {
        if (!(error instanceof MesoError) || !OF_ONE_TASK.has(error.code))
          failures.push(unknownOutcomeOf(error, target));
        else if (!(await hasEnded(target, client))) refused.set(target.key, error);
      }
    }
  };
  await Promise.all(Array.from({ length: KILLS_AT_ONCE }, worker));
  if (failures.length > 0) throw joinFailures(failures);
  return { waits, refused };
}

/** Between the look at it and the order. */
async function hasEnded({ task }: KillTarget, client: Session['client']): Promise<boolean> {
  const { framework_id, task_id } = task;
  const { matches = [] } = await client.find({ kind: 'TASKS', reference: task_id.value, framework_id, limit: 1 });
  const now = matches[0]?.task;
  return now === undefined || now.task_id.value !== task_id.value || isOver(now);
}

/** Killing twice does no harm, but whether it is needed the user must see first. */
function unknownOutcomeOf(error: unknown, { task }: KillTarget): unknown {
  if (!(error instanceof MesoError) || error.code !== 'OUTCOME_UNKNOWN') return error;
  const { value: id } = task.task_id;
  return outcomeUnknown(`the kill of ${id}`, error, `mesoctl task show ${id}`);
}

/** The kills that were sent and the ends that are waited for. */
class Killing {
  readonly #targets: ReadonlyMap<string, KillTarget>;
  readonly #options: KillOptions;
  readonly #session: Session;
  readonly #ends: TaskEnds;
  readonly #over = new AbortController();
  readonly #results = new Map<string, KillResult>();
  #refused: ReadonlyMap<string, unknown> = new Map();
  #isSent = false;
  /** What made us leave before the end. */
  signal: number | undefined;

  constructor(targets: readonly KillTarget[], options: KillOptions, session: Session) {
    this.#targets = new Map(targets.map((target) => [target.key, target]));
    this.#options = options;
    this.#session = session;
    this.#ends = new TaskEnds(targets.map(({ task }) => task));
  }

  async run(): Promise<readonly KillResult[]> {
    if (this.#targets.size === 0) return [];
    if (!this.#options.wait) return this.#sendOnly();
    const interrupts = new Interrupts(1);
    const { console, nowMs } = this.#session;
    const progress = new Progress(console, this.#progressText(), nowMs);
    interrupts.stage(0).addEventListener('abort', () => this.#over.abort(), { once: true });
    try {
      await Promise.race([this.#watch(progress), this.#expire()]);
    } finally {
      this.#over.abort();
      progress.end();
      interrupts.close();
    }
    this.signal = interrupts.first?.signal;
    if (this.signal !== undefined) {
      console.say(
        this.#isSent
          ? 'Not waiting any longer; the kill goes on. See: mesoctl task list --filter state=KILLING'
          : 'Nothing was killed.',
      );
      return [];
    }
    if (!this.#isSent && this.#ends.pending.size > 0) throw tooLate('the list of tasks', this.#session.timeoutMs);
    if (this.#ends.pending.size > 0) throw this.#lateError();
    if (this.#refused.size > 0) throw joinFailures([...this.#refused.values()]);
    return [...this.#targets.keys()].flatMap((key) => this.#results.get(key) ?? []);
  }

  async #sendOnly(): Promise<readonly KillResult[]> {
    const targets = [...this.#targets.values()];
    const { waits, refused } = await sendKills(targets, this.#session, false);
    const told = targets.filter(({ key }) => !refused.has(key));
    for (const target of told) {
      const text = `${target.task.task_id.value} is told to end${waits.has(target.key) ? WAITS : ''}`;
      if (!this.#options.json) await this.#session.console.print(`${text}\n`);
    }
    if (refused.size > 0) throw joinFailures([...refused.values()]);
    return told.map((target) => resultOf(target, { waitsForAgent: waits.has(target.key) }));
  }

  async #watch(progress: Progress): Promise<void> {
    const { client, console } = this.#session;
    for await (const event of client.watch({ kinds: ['TASKS'] }, this.#over.signal)) {
      if (event.type === 'DISCONNECTED') {
        console.say(lostText(event.error.message, event.retryInMs));
        continue;
      }
      for (const end of this.#ends.take(event)) await this.#tell(end);
      progress.update(this.#progressText());
      if (event.type === 'SNAPSHOT_END' && !this.#isSent) await this.#send();
      if (this.#ends.pending.size === 0) return;
    }
  }

  async #send(): Promise<void> {
    this.#isSent = true;
    const targets = [...this.#targets.values()].filter(({ key }) => this.#ends.pending.has(key));
    const { waits, refused } = await sendKills(targets, this.#session, false);
    this.#refused = refused;
    for (const key of refused.keys()) this.#ends.drop(key);
    for (const key of waits) {
      const target = this.#targets.get(key);
      if (target !== undefined)
        this.#session.console.say(
          `${target.task.task_id.value}: its agent ${target.hostname} is not connected; it is told when it returns`,
        );
    }
  }

  async #tell({ key, task }: TaskEnd): Promise<void> {
    const target = this.#targets.get(key);
    if (target === undefined) return;
    const last = task ?? target.task;
    this.#results.set(key, resultOf({ ...target, task: last }, { ended: true }));
    if (this.#options.json) return;
    const cause = task === undefined ? '' : causeOf(task);
    const state = task === undefined ? 'no longer known' : taskStateWord(task.state);
    const why = cause === '' || task?.state === 'TASK_KILLED' ? '' : ` (${cause})`;
    await this.#session.console.print(`${last.task_id.value} ended: ${state}${why}\n`);
  }

  async #expire(): Promise<void> {
    await pause(this.#session.timeoutMs, this.#over.signal);
  }

  #progressText(): string {
    const left = this.#ends.pending.size;
    const total = this.#targets.size;
    const what = total === 1 ? describeOnly(this.#targets) : `${total} tasks: ${left} left`;
    return `Killing ${what} (Ctrl-C stops waiting, the kill goes on)`;
  }

  #lateError(): MesoError {
    const pending = [...this.#ends.pending].flatMap((key) => this.#targets.get(key)?.task.task_id.value ?? []);
    const names =
      pending.length > 3 ? `${pending.slice(0, 3).join(', ')} and ${pending.length - 3} more` : pending.join(', ');
    const have = pending.length === 1 ? 'has' : 'have';
    const seconds = Number((this.#session.timeoutMs / 1000).toFixed(1));
    return new MesoError('TIMEOUT', `${names} ${have} not ended within ${seconds}s, and ${have} been told to`, {
      details: { pending, ended: [...this.#results.values()] },
      suggestions: ['--timeout 5mins to wait longer', `mesoctl task show ${pending[0] ?? ''}`],
    });
  }
}

function describeOnly(targets: ReadonlyMap<string, KillTarget>): string {
  const [target] = targets.values();
  return target === undefined ? '' : describeTarget(target);
}

function resultOf(
  { task, hostname, frameworkName }: KillTarget,
  facts: { readonly ended?: boolean; readonly waitsForAgent?: boolean; readonly dryRun?: boolean },
): KillResult {
  return {
    id: task.task_id.value,
    framework_id: task.framework_id.value,
    framework_name: frameworkName === '' ? null : frameworkName,
    state: task.state,
    hostname: hostname === '' ? null : hostname,
    ended: facts.ended ?? false,
    waits_for_agent: facts.waitsForAgent ?? false,
    dry_run: facts.dryRun ?? false,
  };
}
