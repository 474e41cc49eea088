/** The masters of a cluster as commands show them: rows, and how many of them may fail. Pure. */
import type { SeenMembers } from '../../client/operator-client.js';
import type { Severity } from '../../views/model/rows.js';
import type * as api from '../../wire/gen/mesoctl-api.js';

export type MemberState =
  | 'connected'
  /** Not heard of by the leader for a while. */
  | 'silent'
  | 'disconnected'
  /** Not connected with a master that does not lead: nobody who could say was asked. */
  | 'unknown';

export interface MemberRow {
  readonly severity: Severity;
  readonly member: api.Response_Member;
  readonly state: MemberState;
  /** Entries of the log that it has not; undefined: only the leader knows, and of the others only. */
  readonly lag: number | undefined;
}

/** How many members a cluster can lose and still decide. */
export interface Tolerance {
  readonly voters: number;
  /** Of them those that cannot be reached now. */
  readonly away: number;
  /** Further ones that may fail. */
  readonly survives: number;
}

/** Several heartbeats. Seconds. */
const SILENT_FROM = 1;

/** By name. */
export function memberRows({ members, isLeader }: Pick<SeenMembers, 'members' | 'isLeader'>): readonly MemberRow[] {
  return (members.members ?? []).map((member) => {
    const state = stateOf(member, isLeader);
    return { member, state, severity: severityOf(member, state), lag: lagOf(member, members) };
  });
}

function stateOf({ self, connected, silent_seconds }: api.Response_Member, isLeader: boolean): MemberState {
  if (self) return 'connected';
  if (!isLeader) return connected ? 'connected' : 'unknown';
  if ((silent_seconds ?? 0) >= SILENT_FROM) return 'silent';
  return connected ? 'connected' : 'disconnected';
}

function severityOf({ role }: api.Response_Member, state: MemberState): Severity {
  if (state === 'unknown') return 'unknown';
  if (state !== 'connected') return 'bad';
  return role === 'VOTER' ? 'normal' : 'waiting';
}

function lagOf({ durable_index }: api.Response_Member, { last_index }: api.Response_Members): number | undefined {
  return durable_index === undefined ? undefined : Math.max(0, Number(last_index) - Number(durable_index));
}

/** Who votes: those that are leaving do until they have left. */
export function votersOf(rows: readonly MemberRow[]): readonly MemberRow[] {
  return rows.filter(({ member }) => member.role === 'VOTER' || member.role === 'LEAVING');
}

export function toleranceOf(voters: readonly Pick<MemberRow, 'state'>[]): Tolerance {
  const present = voters.filter(({ state }) => state === 'connected').length;
  return {
    voters: voters.length,
    away: voters.length - present,
    survives: Math.max(0, present - majorityOf(voters.length)),
  };
}

export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** `3 voters survive the loss of 1`, `3 voters (1 away) survive no loss` */
export function toleranceText({ voters, away, survives }: Tolerance): string {
  const part = away === 0 ? '' : ` (${away} away)`;
  const who = voters === 1 ? `1 voter${part} survives` : `${voters} voters${part} survive`;
  return survives === 0 ? `${who} no loss` : `${who} the loss of ${survives}`;
}

export function leaderOf(rows: readonly MemberRow[]): api.Response_Member | undefined {
  return rows.find(({ member }) => member.leader)?.member;
}
