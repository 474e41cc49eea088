/**
 * Carries out one change of the masters: sends it once, shows that it waits, and finds out what became of it when the answer
 * is lost, by asking who the masters are.
 *
 * Invariant: nothing is sent twice, and nothing is called done that no leader has said.
 */
import { MesoError, type MesoErrorCode } from '../../base/error.js';
import type * as api from '../../wire/gen/mesoctl-api.js';
import { outcomeUnknown } from '../cluster/outcome-unknown.js';
import { withinTimeout } from '../cluster/session.js';
import { Interrupts } from '../interrupts.js';
import { findNearest } from '../nearest.js';
import { Progress } from '../progress.js';
import { findLeader, type MastersSession } from './masters-session.js';
import { stateText } from './member-columns.js';
import type { MemberRow } from './member-rows.js';

/** What all commands that change masters are told. */
export interface ChangeOptions {
  readonly dryRun: boolean;
  readonly json: boolean;
}

export interface MembershipChange {
  readonly call: api.Call;
  /** For errors: "the addition of m4". */
  readonly what: string;
  /** While it waits: "Waiting for m4 to join". */
  readonly progress: string;
  /** What goes on when nobody waits for it any more. */
  readonly goesOn: string;
  isDone(members: api.Response_Members): boolean;
}

export type ChangeOutcome =
  | { readonly kind: 'done'; readonly members: api.Response_Members }
  /** Ctrl-C: nobody waits any more. */
  | { readonly kind: 'left'; readonly exitStatus: number };

/** With any of these it may have been done, or is still being done. */
const UNSURE: ReadonlySet<MesoErrorCode> = new Set<MesoErrorCode>([
  'OUTCOME_UNKNOWN',
  'NO_LEADER',
  'NO_MASTER',
  'CONNECTION_LOST',
]);

export async function carryOut(change: MembershipChange, session: MastersSession): Promise<ChangeOutcome> {
  const { client, console, timeoutMs, nowMs } = session;
  const interrupts = new Interrupts(1);
  const progress = new Progress(console, change.progress, nowMs);
  const stopped = interrupts.stage(0);
  try {
    const members = await withinTimeout(timeoutMs, change.what, (late) =>
      client.changeMembers(change.call, { signal: AbortSignal.any([late, stopped]), timeoutMs }),
    );
    return { kind: 'done', members };
  } catch (error) {
    if (stopped.aborted) {
      console.say(`mesoctl: stopped waiting; ${change.goesOn}`);
      return { kind: 'left', exitStatus: 128 + (interrupts.first?.signal ?? 0) };
    }
    return { kind: 'done', members: await whatBecame(change, error, session) };
  } finally {
    progress.end();
    interrupts.close();
  }
}

/** Resolves if it was done all the same; rejects with what is known. */
async function whatBecame(
  change: MembershipChange,
  error: unknown,
  session: MastersSession,
): Promise<api.Response_Members> {
  if (!(error instanceof MesoError)) throw error;
  if (error.code === 'TIMEOUT')
    throw new MesoError('TIMEOUT', `${error.message}; ${change.goesOn}`, { suggestions: ['mesoctl master list'] });
  if (!UNSURE.has(error.code)) throw error;
  const seen = await findLeader(session).catch(() => undefined);
  if (seen?.isLeader === true && change.isDone(seen.members)) return seen.members;
  if (error.code === 'OUTCOME_UNKNOWN') throw outcomeUnknown(change.what, error, 'mesoctl master list');
  // A leader that is there and refuses for now: what it waited for did not come.
  if (error.code === 'NO_LEADER' && seen?.isLeader === true)
    throw new MesoError('TIMEOUT', error.message, { details: error.details, suggestions: ['mesoctl master list'] });
  throw error;
}

/** The member of that name. Throws NOT_FOUND. */
export function memberCalled(name: string, rows: readonly MemberRow[]): MemberRow {
  const found = rows.find(({ member }) => member.name === name);
  if (found !== undefined) return found;
  const names = rows.map(({ member }) => member.name);
  const near = findNearest(name, names);
  const hint = near === undefined ? `The masters are ${names.join(', ')}.` : `Did you mean ${near}?`;
  throw new MesoError('NOT_FOUND', `no master "${name}". ${hint}`, {
    details: { name, members: names },
    suggestions: ['mesoctl master list'],
  });
}

/** `m3 voter 10.0.0.3:5060 silent 3s` */
export function memberText(row: MemberRow): string {
  const { name, role, leader, raft_address } = row.member;
  return `${name} ${leader ? 'leader' : role.toLowerCase()} ${raft_address} ${stateText(row)}`;
}
