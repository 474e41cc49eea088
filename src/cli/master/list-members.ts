/** `master list`: the masters of the cluster as their leader sees them, or as another one does, which it says then. */
import { formatAddress } from '../../client/address.js';
import type { SeenMembers } from '../../client/operator-client.js';
import { plainContext } from '../../views/columns/column.js';
import { type SessionFlags, withinTimeout, withSession } from '../cluster/session.js';
import { chooseColumns, type ListFlags } from '../list/list-options.js';
import { ListTable } from '../list/list-table.js';
import { formatDocument, outputFormOf } from '../output-form.js';
import type { MastersSession } from './masters-session.js';
import { MEMBER_COLUMNS, shortMemberId } from './member-columns.js';
import { leaderOf, type MemberRow, memberRows, toleranceOf, toleranceText, votersOf } from './member-rows.js';

export type MemberListFlags = SessionFlags & Pick<ListFlags, 'output' | 'json' | 'columns' | 'no-header'>;

export function listMembers(flags: MemberListFlags): Promise<void> {
  checkFlags(flags);
  return withSession(flags, (session) => printMembers(flags, session));
}

/** Throws BAD_INPUT before anybody is asked. */
function checkFlags(flags: MemberListFlags): void {
  chooseColumns(flags.columns, outputFormOf(flags), MEMBER_COLUMNS);
}

export async function printMembers(flags: MemberListFlags, session: MastersSession): Promise<void> {
  const { client, console, timeoutMs } = session;
  const form = outputFormOf(flags);
  const seen = await withinTimeout(timeoutMs, 'the list of masters', (signal) => client.members({ signal }));
  const rows = memberRows(seen);
  const caveat = caveatOf(seen, rows);
  if (caveat !== undefined) console.say(caveat);
  if (form === 'json' || form === 'yaml') {
    await console.print(
      await formatDocument(
        form,
        rows.map((row) => memberRecord(row, seen)),
      ),
    );
    return;
  }
  if (rows.length === 0) return;
  const lines = form === 'name' ? rows.map(({ member }) => member.name) : tableLines(flags, rows, console);
  await console.print(`${lines.join('\n')}\n`);
  console.hint(`${toleranceText(toleranceOf(votersOf(rows)))}${seen.isLeader ? '' : ', as far as is known from here'}`);
}

function tableLines(
  flags: MemberListFlags,
  rows: readonly MemberRow[],
  console: MastersSession['console'],
): readonly string[] {
  const form = outputFormOf(flags);
  const isUncut = flags.columns !== undefined || form === 'wide';
  const context = plainContext(0, form === 'wide' ? (id) => id : shortMemberId);
  const table = new ListTable(rows, context, {
    columns: chooseColumns(flags.columns, form, MEMBER_COLUMNS),
    available: isUncut ? undefined : console.columns,
    color: console.color,
  });
  return [...(flags['no-header'] ? [] : [table.header()]), ...rows.map((row) => table.line(row, context))];
}

/** What must be known to read the list right; undefined: the leader told it. */
function caveatOf(seen: SeenMembers, rows: readonly MemberRow[]): string | undefined {
  const self = rows.find(({ member }) => member.self)?.member.name ?? formatAddress(seen.master);
  if (seen.members.cluster_id === undefined)
    return `${self} is in no cluster yet: it waits for the others of its --peers, or to be added.`;
  if (seen.isLeader) return undefined;
  const leader = leaderOf(rows);
  const who = leader === undefined ? 'Nobody leads now' : `${leader.name} leads and does not answer`;
  return `${who}: this is what ${self} sees. How far the others are, only a leader knows.`;
}

/** docs/schemas/master-list.json */
function memberRecord({ member, state, lag, severity }: MemberRow, { isLeader, members }: SeenMembers): object {
  return {
    name: member.name,
    id: member.id,
    raft_address: member.raft_address,
    role: member.role,
    leader: member.leader,
    state: state.toUpperCase(),
    silent_seconds: member.silent_seconds ?? null,
    lag: lag ?? null,
    durable_index: member.durable_index === undefined ? null : Number(member.durable_index),
    features: member.features ?? null,
    asked: member.self,
    by_leader: isLeader,
    term: Number(members.term),
    severity,
  };
}
