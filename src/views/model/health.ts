/**
 * How bad a thing is, and why, in one or two words: every rule of design/ux, section 3 ("Colour", "Sorting") once. Pure; a rule that
 * time alone makes true says when (`dueAt`), so that nobody has to look again before.
 */
import { findProcessEnd } from '../../client/task-end.js';
import type * as api from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type { Severity } from './rows.js';

export interface Judgement {
  readonly severity: Severity;
  readonly note: string;
}

export interface TimedJudgement extends Judgement {
  /** Unix seconds: when it must be judged again; undefined: it changes with its thing only. */
  readonly dueAt: number | undefined;
}

/** Waiting for longer is a problem: to start, to get what is guaranteed, to have an offer answered. */
export const WAITING_LIMIT_SECONDS = 60;
/** Half of an offer's life is too long before that, but nothing below this is. */
const HELD_AT_LEAST_SECONDS = 30;
/** A role that has this part of its limit is told so. */
const NEAR_LIMIT = 0.85;

export const SEVERITIES: readonly Severity[] = ['bad', 'unknown', 'waiting', 'normal'];
const RANK: Readonly<Record<Severity, number>> = { bad: 0, unknown: 1, waiting: 2, normal: 3 };

/** 0 is the worst. */
export function rankOf(severity: Severity): number {
  return RANK[severity];
}

const NORMAL: TimedJudgement = { severity: 'normal', note: '', dueAt: undefined };

const AGENT_JUDGEMENTS: Readonly<Record<api.Agent_State, Judgement>> = {
  UNKNOWN: { severity: 'unknown', note: 'unknown state' },
  ACTIVE: NORMAL,
  DISCONNECTED: { severity: 'unknown', note: 'link lost' },
  UNREACHABLE: { severity: 'unknown', note: 'silent' },
  RECOVERED: { severity: 'waiting', note: 'not back' },
  DRAINING: { severity: 'waiting', note: 'draining' },
  DRAINED: { severity: 'waiting', note: 'drained' },
  DEACTIVATED: { severity: 'waiting', note: 'deactivated' },
};

export function judgeAgent({ state }: api.Agent): Judgement {
  return AGENT_JUDGEMENTS[state];
}

const FRAMEWORK_JUDGEMENTS: Readonly<Record<api.Framework_State, Judgement>> = {
  UNKNOWN: { severity: 'unknown', note: 'unknown state' },
  ACTIVE: NORMAL,
  DISCONNECTED: { severity: 'bad', note: 'disconnected' },
  RECOVERED: { severity: 'waiting', note: 'not back' },
  REMOVING: { severity: 'waiting', note: 'removing' },
  COMPLETED: NORMAL,
};

export function judgeFramework({ state, back_pressured, detached }: api.Framework): Judgement {
  // `task launch --detach` leaves its framework behind on purpose.
  if (state === 'DISCONNECTED' && detached === true) return NORMAL;
  if (state === 'ACTIVE' && back_pressured === true) return { severity: 'waiting', note: 'reads slowly' };
  return FRAMEWORK_JUDGEMENTS[state];
}

/** States in which a task has ended badly. */
const BAD_ENDS: ReadonlySet<mesos.TaskState> = new Set<mesos.TaskState>([
  'TASK_FAILED',
  'TASK_ERROR',
  'TASK_LOST',
  'TASK_DROPPED',
]);
const GONE: ReadonlySet<mesos.TaskState> = new Set<mesos.TaskState>([
  'TASK_UNREACHABLE',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
  'TASK_UNKNOWN',
]);

export function isBadEnd(state: mesos.TaskState): boolean {
  return BAD_ENDS.has(state);
}

export function isStarting(state: mesos.TaskState): boolean {
  return state === 'TASK_STAGING' || state === 'TASK_STARTING';
}

export function judgeTask(task: api.Task, now: number): TimedJudgement {
  const { state } = task;
  if (BAD_ENDS.has(state)) return { severity: 'bad', note: causeOf(task), dueAt: undefined };
  if (GONE.has(state)) return { severity: 'unknown', note: causeOf(task), dueAt: undefined };
  if (state === 'TASK_KILLING') return { severity: 'waiting', note: 'killing', dueAt: undefined };
  if (isStarting(state)) return judgeStarting(task, now);
  if (state === 'TASK_RUNNING' && task.healthy === false)
    return { severity: 'bad', note: 'unhealthy', dueAt: undefined };
  return NORMAL;
}

/** Time counts from the launch where that is known: a task that goes from STAGING to STARTING still does not run. */
function judgeStarting(task: api.Task, now: number): TimedJudgement {
  const begun = task.launched_at ?? task.since;
  if (begun === undefined) return NORMAL;
  const dueAt = begun + WAITING_LIMIT_SECONDS;
  if (now < dueAt) return { ...NORMAL, dueAt };
  return { severity: 'waiting', note: mentionsImage(task.message) ? 'image' : 'not started', dueAt: undefined };
}

/** Reasons that are the cause themselves, whatever the process did in the end. */
const CAUSES: Readonly<Partial<Record<mesos.TaskStatus_Reason, string>>> = {
  REASON_CONTAINER_LIMITATION_MEMORY: 'OOM',
  REASON_CONTAINER_LIMITATION_DISK: 'disk limit',
  REASON_CONTAINER_LIMITATION: 'over limit',
  REASON_CONTAINER_PREEMPTED: 'preempted',
  REASON_CONTAINER_UPDATE_FAILED: 'update',
  REASON_MAX_COMPLETION_TIME_REACHED: 'time limit',
  REASON_EXECUTOR_REGISTRATION_TIMEOUT: 'executor',
  REASON_EXECUTOR_REREGISTRATION_TIMEOUT: 'executor',
  REASON_FRAMEWORK_REMOVED: 'framework',
  REASON_GC_ERROR: 'agent',
  REASON_INVALID_FRAMEWORKID: 'framework',
  REASON_INVALID_OFFERS: 'offer',
  REASON_IO_SWITCHBOARD_EXITED: 'agent',
  REASON_MASTER_DISCONNECTED: 'master',
  REASON_RESOURCES_UNKNOWN: 'resources',
  REASON_AGENT_DISCONNECTED: 'agent',
  REASON_AGENT_DRAINING: 'draining',
  REASON_AGENT_REMOVED: 'agent',
  REASON_AGENT_REMOVED_BY_OPERATOR: 'agent',
  REASON_AGENT_RESTARTED: 'agent',
  REASON_AGENT_UNKNOWN: 'agent',
  REASON_TASK_KILLED_DURING_LAUNCH: 'killed',
  REASON_TASK_GROUP_INVALID: 'invalid',
  REASON_TASK_GROUP_UNAUTHORIZED: 'not allowed',
  REASON_TASK_INVALID: 'invalid',
  REASON_TASK_UNAUTHORIZED: 'not allowed',
  REASON_TASK_UNKNOWN: 'unknown',
};

const CAUSE_OF_STATE: Readonly<Partial<Record<mesos.TaskState, string>>> = {
  TASK_FAILED: 'failed',
  TASK_ERROR: 'error',
  TASK_LOST: 'lost',
  TASK_DROPPED: 'dropped',
  TASK_UNREACHABLE: 'agent',
  TASK_GONE: 'agent',
  TASK_GONE_BY_OPERATOR: 'agent',
  TASK_UNKNOWN: 'unknown',
};

/** Why a task ended, or is not to be seen: `OOM`, `exit 137`, `killed`, `image`, `agent`. */
export function causeOf(task: api.Task): string {
  const { reason } = task;
  if (reason === 'REASON_CONTAINER_LAUNCH_FAILED') return mentionsImage(task.message) ? 'image' : 'launch';
  const cause = reason === undefined ? undefined : CAUSES[reason];
  return cause ?? processCause(task) ?? executorCause(reason) ?? CAUSE_OF_STATE[task.state] ?? '';
}

function processCause(task: api.Task): string | undefined {
  const end = findProcessEnd(task);
  if (end === undefined) return undefined;
  if (end.kind === 'exited') return `exit ${end.exitStatus}`;
  return end.signal === 9 ? 'killed' : `signal ${end.signal}`;
}

function executorCause(reason: mesos.TaskStatus_Reason | undefined): string | undefined {
  return reason === 'REASON_EXECUTOR_TERMINATED' || reason === 'REASON_EXECUTOR_UNREGISTERED' ? 'executor' : undefined;
}

/** The API has one reason for all launches that fail; which word is shown, never what is done, hangs on the message. */
function mentionsImage(message: string | undefined): boolean {
  return message !== undefined && /\b(image|registry|manifest|fetch|pull)/i.test(message);
}

/** When an offer has been held for too long. */
export function offerHeldLongAt({ made_at, expires_at }: api.Offer): number {
  const half = expires_at === undefined ? Number.POSITIVE_INFINITY : (expires_at - made_at) / 2;
  return made_at + Math.max(HELD_AT_LEAST_SECONDS, Math.min(WAITING_LIMIT_SECONDS, half));
}

export function judgeOffer(offer: api.Offer, now: number): TimedJudgement {
  const dueAt = offerHeldLongAt(offer);
  return now < dueAt ? { ...NORMAL, dueAt } : { severity: 'bad', note: 'held', dueAt: undefined };
}

/** It wants resources, and has less than its quota guarantees, even with what it is offered. */
export function isBelowGuarantee(role: api.Role): boolean {
  const { guarantee, fair_share, frameworks } = role;
  if (guarantee === undefined || fair_share === 0 || (frameworks ?? 0) === 0) return false;
  const has = (name: keyof api.Amounts) => (role.allocated?.[name] ?? 0) + (role.offered?.[name] ?? 0);
  return AMOUNT_NAMES.some((name) => has(name) < (guarantee[name] ?? 0));
}

/** `belowSince`: since when `isBelowGuarantee` holds; undefined: it does not. */
export function judgeRole(role: api.Role, belowSince: number | undefined, now: number): TimedJudgement {
  if (isOverLimit(role)) return { severity: 'bad', note: 'over limit', dueAt: undefined };
  if (belowSince !== undefined) {
    const dueAt = belowSince + WAITING_LIMIT_SECONDS;
    return now < dueAt
      ? { severity: 'waiting', note: 'below guarantee', dueAt }
      : { severity: 'bad', note: 'starved', dueAt: undefined };
  }
  if (isNearLimit(role)) return { severity: 'waiting', note: 'near limit', dueAt: undefined };
  return NORMAL;
}

const AMOUNT_NAMES: readonly (keyof api.Amounts)[] = ['cpus', 'gpus', 'mem_mb', 'disk_mb'];

export function isOverLimit({ allocated, limit }: api.Role): boolean {
  return AMOUNT_NAMES.some((name) => (allocated?.[name] ?? 0) > (limit?.[name] ?? Number.POSITIVE_INFINITY));
}

function isNearLimit({ allocated, limit }: api.Role): boolean {
  return AMOUNT_NAMES.some((name) => {
    const most = limit?.[name] ?? 0;
    return most > 0 && (allocated?.[name] ?? 0) >= NEAR_LIMIT * most;
  });
}
