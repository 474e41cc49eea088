/**
 * `master remove NAME`: a master leaves the cluster for good. Cannot be undone: the directory of one that left is refused
 * ever after, so the name must be typed (level 2).
 */
import { MesoError } from '../../base/error.js';
import { clusterNameOf } from '../cluster/cluster-name.js';
import { confirmByName, type NameOptions } from '../confirm.js';
import { type ChangeOptions, carryOut, memberCalled, memberText } from './change-members.js';
import { askLeader, findLeader, type MastersSession } from './masters-session.js';
import {
  leaderOf,
  type MemberRow,
  majorityOf,
  memberRows,
  type Tolerance,
  toleranceOf,
  toleranceText,
  votersOf,
} from './member-rows.js';

export interface RemoveOptions extends ChangeOptions, NameOptions {
  /** `-y`: does not do here. */
  readonly yes: boolean;
}

/** docs/schemas/master-remove.json */
interface RemoveResult {
  readonly name: string;
  readonly id: string;
  readonly raft_address: string;
  readonly before: Tolerance;
  readonly after: Tolerance;
  /** Who leads then; null: not known (dry run of the leader's removal, or no master that was named knows it). */
  readonly leader: string | null;
  readonly dry_run: boolean;
}

interface Removal {
  readonly target: MemberRow;
  readonly stay: readonly MemberRow[];
  readonly before: Tolerance;
}

/** Returns the exit status. */
export async function removeMember(name: string, options: RemoveOptions, session: MastersSession): Promise<number> {
  const { console } = session;
  const removal = judge(name, await askLeader(session));
  const { target, stay, before } = removal;
  const expected = toleranceOf(votersOf(stay));
  if (options.dryRun) {
    const leader = leaderOf(stay)?.name;
    await console.print(
      options.json
        ? jsonOf(removal, expected, leader, true)
        : `would remove ${memberText(target)}: ${toleranceText(before)}, then ${toleranceText(expected)}\n`,
    );
    return 0;
  }
  if (!(await mayRemove(removal, options, session))) return 1;
  const outcome = await carryOut(removalOf(target), session);
  if (outcome.kind === 'left') return outcome.exitStatus;
  const now = memberRows({ ...outcome, isLeader: true });
  const leader = target.member.leader ? await successorOf(name, session) : leaderOf(now)?.name;
  const after = toleranceOf(votersOf(now.length === 0 ? stay : now));
  await console.print(
    options.json
      ? jsonOf(removal, after, leader, false)
      : `Removed ${name} (${target.member.raft_address}). ${leadText(leader)}; ${toleranceText(after)}\n`,
  );
  console.hint(`Stop ${name} if it still runs, and delete its work directory: it cannot come back with it.`);
  return 0;
}

/** As the leader judges it. Throws NOT_FOUND or REFUSED. */
function judge(name: string, rows: readonly MemberRow[]): Removal {
  const target = memberCalled(name, rows);
  const stay = rows.filter((row) => row !== target);
  const voters = votersOf(rows);
  const remaining = votersOf(stay);
  const removal = { target, stay, before: toleranceOf(voters) };
  if (remaining.length === voters.length) return removal;
  if (remaining.length === 0)
    throw new MesoError('REFUSED', `${name} is the only voter; add another master before it leaves`, {
      suggestions: ['mesoctl master add NAME=HOST:PORT'],
    });
  const away = remaining.filter(({ state }) => state !== 'connected');
  if (remaining.length - away.length >= majorityOf(remaining.length)) return removal;
  const names = away.map(({ member }) => member.name).join(', ');
  throw new MesoError('REFUSED', `without ${name} there would be no majority: ${names} cannot be reached`, {
    details: { name, away: away.map(({ member }) => member.name) },
    suggestions: away.slice(0, 2).map(({ member }) => `start ${member.name}, or: mesoctl master remove ${member.name}`),
  });
}

async function mayRemove(
  { target, stay, before }: Removal,
  options: RemoveOptions,
  session: MastersSession,
): Promise<boolean> {
  const cluster = await clusterNameOf(session);
  const { name, leader } = target.member;
  const items = [
    memberText(target),
    `now ${toleranceText(before)}, then ${toleranceText(toleranceOf(votersOf(stay)))}`,
    ...(leader ? ['it leads: another master is elected'] : []),
  ];
  if (options.yes && options.confirm === undefined)
    throw new MesoError('BAD_INPUT', `Remove ${name} from ${cluster}? --yes does not answer this: nothing was done.`, {
      details: { items },
      suggestions: [`--confirm ${name}`, '--dry-run to see what would come of it'],
    });
  return confirmByName({ text: `Remove ${name} from ${cluster}?`, items, name }, options, session.console);
}

function removalOf({ member: { name, id } }: MemberRow): Parameters<typeof carryOut>[0] {
  return {
    call: { type: 'REMOVE_MEMBER', remove_member: { name } },
    what: `the removal of ${name}`,
    progress: `Waiting for a majority to let ${name} go`,
    goesOn: 'the leader goes on with it, up to a minute in all',
    isDone: ({ members = [] }) => !members.some((member) => member.id === id),
  };
}

/** undefined: nobody who can be asked knows. */
async function successorOf(name: string, session: MastersSession): Promise<string | undefined> {
  const isOther = (rows: readonly MemberRow[]) => leaderOf(rows)?.name !== name;
  const seen = await findLeader(session, (one) => isOther(memberRows(one))).catch(() => undefined);
  const rows = seen === undefined ? [] : memberRows(seen);
  return isOther(rows) ? leaderOf(rows)?.name : undefined;
}

function leadText(leader: string | undefined): string {
  return leader === undefined ? 'Who leads now, another master knows' : `${leader} leads`;
}

function jsonOf({ target, before }: Removal, after: Tolerance, leader: string | undefined, dryRun: boolean): string {
  const { name, id, raft_address } = target.member;
  const result: RemoveResult = { name, id, raft_address, before, after, leader: leader ?? null, dry_run: dryRun };
  return `${JSON.stringify(result, null, 2)}\n`;
}
