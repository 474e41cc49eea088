/**
 * `task logs`: stdout and stderr of a task from its agent, while it runs and after, as long as the sandbox is there. stdout
 * carries the bytes of the log and nothing else.
 */
import { MesoError } from '../../base/error.js';
import { AgentClient } from '../../client/agent-client.js';
import { type FileSource, LogFollower } from '../../client/log-follower.js';
import { taskStateWord } from '../../views/columns/task-columns.js';
import { causeOf } from '../../views/model/health.js';
import { formatAgeOf } from '../../views/text/times.js';
import { sanitize } from '../../views/text/width.js';
import type { Agent, Response_Match, Task } from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { isTerminal } from '../../wire/task-state.js';
import { findOne, TASK_REFERENCE } from '../cluster/find-one.js';
import { type Session, withinTimeout } from '../cluster/session.js';
import { Interrupts } from '../interrupts.js';
import { lostText } from '../list/follow.js';
import { sandboxOf } from '../records/task-detail.js';
import { frameworkIdOf } from '../show/show-one.js';
import { lastLines } from './last-lines.js';
import { LogRelay } from './log-relay.js';
import { openOutput } from './output.js';
import { TaskEnds } from './task-ends.js';

export type LogName = 'stdout' | 'stderr';

export interface LogOptions {
  readonly reference: string;
  readonly framework: string | undefined;
  readonly names: readonly LogName[];
  readonly follow: boolean;
  /** Only that many lines of what there is now; undefined: all. */
  readonly tail: number | undefined;
}

/** One connected agent's files of a task. */
interface Sandbox {
  readonly task: Task;
  readonly agent: AgentClient;
  readonly path: string;
}

/** How long one answer of the agent may take. */
const AGENT_TIMEOUT_MS = 10_000;

/** Returns the exit status. */
export async function showLogs(options: LogOptions, session: Session): Promise<number> {
  const interrupts = new Interrupts(1);
  // One stream alone is data, whichever it is; both keep their names.
  const output = openOutput(interrupts);
  const write =
    options.names.length > 1 ? output.write : (_: LogName, data: Uint8Array) => output.write('stdout', data);
  const match = await withinTimeout(session.timeoutMs, 'the task', async (signal) => {
    const frameworkId = await frameworkIdOf(session, options.framework, signal);
    return findOne(session.client, TASK_REFERENCE, options.reference, { signal, frameworkId });
  });
  const sandbox = await openSandbox(match, session, options.follow);
  try {
    const say = (line: string) => session.console.say(`mesoctl: ${line}`);
    const job = { ...options, sandbox, match, session, write, interrupt: interrupts.stage(0), say };
    await (options.follow ? followLogs(job) : copyLogs(job));
    return interrupts.first === undefined ? 0 : 128 + interrupts.first.signal;
  } finally {
    sandbox.agent.close();
    interrupts.close();
  }
}

interface LogJob extends LogOptions {
  readonly sandbox: Sandbox;
  readonly match: Response_Match;
  readonly session: Session;
  readonly write: (name: LogName, data: Uint8Array) => Promise<void>;
  readonly interrupt: AbortSignal;
  /** Talk, which --quiet silences. */
  readonly say: (line: string) => void;
}

/** What there is at this moment; a task that goes on writing does not keep us. */
async function copyLogs(job: LogJob): Promise<void> {
  const { sandbox, match, names, tail, interrupt } = job;
  const source = sourceOf(sandbox, interrupt);
  try {
    for (const name of names) {
      if (tail !== undefined) {
        const { data } = await lastLines(source, name, tail);
        for (const part of data) await job.write(name, part);
      } else await copyAll(job, source, name);
    }
  } catch (error) {
    if (!interrupt.aborted) throw unreadableError(error, match, job.session);
  }
}

async function copyAll({ write, say, interrupt }: LogJob, source: FileSource, name: LogName): Promise<void> {
  const follower = new LogFollower(source, name);
  let left = sizeOf(await source.list(), name);
  while (left > 0 && !interrupt.aborted) {
    const { data, skipped, isAtEnd } = await follower.step(true);
    if (skipped) say(`some of the task's ${name} was rotated away before it could be read`);
    for (const part of data) {
      await write(name, part.subarray(0, left));
      left -= Math.min(left, part.length);
    }
    if (isAtEnd) return;
  }
}

/** Of the file and its rotated parts. */
function sizeOf(files: readonly mesos.FileInfo[], name: LogName): number {
  return files.reduce((sum, { path, size }) => {
    const base = path.slice(path.lastIndexOf('/') + 1);
    return base === name || (base.startsWith(`${name}.`) && /^\d+$/.test(base.slice(name.length + 1)))
      ? sum + Number(size ?? 0)
      : sum;
  }, 0);
}

/** Until the task has ended and all that it wrote is out. */
async function followLogs(job: LogJob): Promise<void> {
  const { sandbox, names, tail, write, say, interrupt, match, session } = job;
  const starts: Partial<Record<LogName, LogFollower>> = {};
  try {
    if (tail !== undefined)
      for (const name of names) {
        const { data, follower } = await lastLines(sourceOf(sandbox, interrupt), name, tail);
        for (const part of data) await write(name, part);
        starts[name] = follower;
      }
  } catch (error) {
    if (interrupt.aborted) return;
    throw unreadableError(error, match, session);
  }
  const relay = new LogRelay({ agent: sandbox.agent, sandbox: sandbox.path, names, starts, write, warn: say });
  const ended = await endOf(sandbox.task, session, interrupt);
  if (interrupt.aborted) {
    say('stopped following; the task goes on');
    await relay.stop();
    return;
  }
  await relay.drain();
  say(`task ${sandbox.task.task_id.value} ended: ${endText(ended ?? sandbox.task)}`);
}

/** Resolves when the task has ended or the user has; undefined: the master does not know the task any more. */
async function endOf(task: Task, { client, console }: Session, interrupt: AbortSignal): Promise<Task | undefined> {
  if (isTerminal(task.state) || task.place === 'COMPLETED') return task;
  const ends = new TaskEnds([task]);
  for await (const event of client.watch({ kinds: ['TASKS'] }, interrupt)) {
    if (event.type === 'DISCONNECTED') {
      console.say(lostText(event.error.message, event.retryInMs));
      continue;
    }
    const [end] = ends.take(event);
    if (end !== undefined) return end.task;
  }
  return undefined;
}

function endText(task: Task): string {
  const cause = causeOf(task);
  return isTerminal(task.state) && task.state !== 'TASK_FINISHED' && task.state !== 'TASK_KILLED' && cause !== ''
    ? `${taskStateWord(task.state)} (${cause})`
    : taskStateWord(task.state);
}

/** Finds the agent and proves that it has the sandbox. `canWait`: it may come yet. */
async function openSandbox(match: Response_Match, session: Session, canWait: boolean): Promise<Sandbox> {
  const { task } = match;
  const path = task === undefined ? undefined : sandboxOf(task);
  if (task === undefined || path === undefined)
    throw new MesoError(
      'NOT_FOUND',
      `${match.task?.task_id.value ?? 'the task'} was never on an agent: it has no logs`,
      {
        suggestions: [`mesoctl task show ${match.task?.task_id.value ?? ''}`],
      },
    );
  const agent = match.agent ?? (await agentOf(task, session));
  if (agent?.ip === undefined || agent.port === undefined) throw unreachableError(match, agent, session);
  const client = new AgentClient({ agent: { host: agent.ip, port: agent.port }, timeoutMs: AGENT_TIMEOUT_MS });
  try {
    await client.listFiles(path);
  } catch (error) {
    const isMissing = error instanceof MesoError && error.code === 'NOT_FOUND';
    if (isMissing && canWait && !isTerminal(task.state)) return { task, agent: client, path };
    client.close();
    throw unreadableError(error, { ...match, agent }, session);
  }
  return { task, agent: client, path };
}

async function agentOf({ agent_id }: Task, { client, timeoutMs }: Session): Promise<Agent | undefined> {
  const { matches = [] } = await withinTimeout(timeoutMs, 'the agent', (signal) =>
    client.find({ kind: 'AGENTS', reference: agent_id?.value ?? '', limit: 1 }, { signal }),
  );
  return matches[0]?.agent;
}

function sourceOf({ agent, path }: Sandbox, signal: AbortSignal): FileSource {
  return {
    list: () => agent.listFiles(path, signal),
    read: (name, offset) => agent.readFile(`${path}/${name}`, offset, undefined, signal),
  };
}

/** Why the files cannot be had: no sandbox, or no agent. */
function unreadableError(error: unknown, match: Response_Match, session: Session): unknown {
  if (!(error instanceof MesoError)) return error;
  if (error.code === 'NOT_FOUND') {
    const id = match.task?.task_id.value ?? '';
    const host = match.agent?.hostname ?? 'its agent';
    return new MesoError('NOT_FOUND', `${id} has no sandbox on ${host}: it never started there, or it was cleaned up`, {
      details: error.details,
      suggestions: [`mesoctl task show ${id}`],
    });
  }
  return error.code === 'CONNECTION_LOST' ? unreachableError(match, match.agent, session, error) : error;
}

/** Error 18 of design/ux: where the logs are, and what is known without them. */
function unreachableError(
  { task }: Response_Match,
  agent: Agent | undefined,
  { nowMs }: Pick<Session, 'nowMs'>,
  cause?: MesoError,
): MesoError {
  const id = task?.task_id.value ?? '';
  const host = agent?.hostname ?? agent?.agent_id.value ?? task?.agent_id?.value ?? 'an unknown agent';
  const age = formatAgeOf(agent?.since, nowMs() / 1000);
  const isAway = agent !== undefined && agent.state !== 'ACTIVE';
  const state = isAway ? `${agent.state}${age === '-' ? '' : ` for ${age}`}` : 'which does not answer';
  const last = task === undefined ? '' : ` The master keeps only the last state: ${lastState(task)}.`;
  return new MesoError('AGENT_UNREACHABLE', sanitize(`logs of ${id} are on ${host}, ${state}.${last}`), {
    ...(cause === undefined ? {} : { cause }),
    details: { task: id, agent: agent?.agent_id.value ?? task?.agent_id?.value, reason: cause?.message },
    suggestions: [`mesoctl agent show ${host}`],
  });
}

/** `FAILED, exit 137` */
function lastState(task: Task): string {
  const cause = isTerminal(task.state) ? causeOf(task) : '';
  return [taskStateWord(task.state), cause].filter((word) => word !== '').join(', ');
}
