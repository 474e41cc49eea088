/** `master transfer NAME`: another master leads from now on. It can be turned round at any time, so it does not ask. */
import { MesoError } from '../../base/error.js';
import { type ChangeOptions, carryOut, memberCalled } from './change-members.js';
import { askLeader, type MastersSession } from './masters-session.js';
import { stateText } from './member-columns.js';
import { leaderOf, type MemberRow } from './member-rows.js';

/** docs/schemas/master-transfer.json */
interface TransferResult {
  readonly leader: string;
  /** Who led before; the same: nothing had to be done. */
  readonly from: string;
  readonly dry_run: boolean;
}

/** Returns the exit status. */
export async function transferLeadership(
  name: string,
  options: ChangeOptions,
  session: MastersSession,
): Promise<number> {
  const { console } = session;
  const rows = await askLeader(session);
  const target = memberCalled(name, rows);
  const from = leaderOf(rows)?.name ?? '';
  const isNeeded = !target.member.leader;
  if (isNeeded) judge(target);
  if (isNeeded && !options.dryRun) {
    const outcome = await carryOut(transferTo(target), session);
    if (outcome.kind === 'left') return outcome.exitStatus;
  }
  const result: TransferResult = { leader: name, from, dry_run: options.dryRun };
  await console.print(options.json ? `${JSON.stringify(result, null, 2)}\n` : textOf(result, target, isNeeded));
  return 0;
}

/** As the leader judges it. Throws REFUSED. */
function judge(target: MemberRow): void {
  const { member, state } = target;
  const suggestions = ['mesoctl master list'];
  if (member.role !== 'VOTER') {
    const what = member.role === 'LEARNER' ? 'a learner' : 'leaving';
    throw new MesoError('REFUSED', `${member.name} is ${what}: only a voter can lead`, { suggestions });
  }
  if (state !== 'connected')
    throw new MesoError('REFUSED', `${member.name} is ${stateText(target)}: it cannot lead now`, { suggestions });
}

function transferTo({ member: { name } }: MemberRow): Parameters<typeof carryOut>[0] {
  return {
    call: { type: 'TRANSFER_LEADERSHIP', transfer_leadership: { name } },
    what: `the transfer to ${name}`,
    progress: `Waiting for ${name} to take over`,
    goesOn: `${name} may still take over`,
    isDone: ({ members = [] }) => members.some((member) => member.leader && member.name === name),
  };
}

function textOf({ leader, from, dry_run }: TransferResult, { lag }: MemberRow, isNeeded: boolean): string {
  if (!isNeeded) return `${leader} leads already\n`;
  if (!dry_run) return `${leader} leads now; ${from} did before\n`;
  const behind = lag === undefined || lag === 0 ? '' : `, which is ${lag} entries behind and catches up first`;
  return `would hand leadership from ${from} to ${leader}${behind}\n`;
}
