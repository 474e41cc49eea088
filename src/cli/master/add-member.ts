/**
 * `master add NAME=HOST:PORT`: a master that is started with `--join` becomes a member that votes. One that comes before it is
 * announced is refused, so this comes first and waits.
 */
import { MesoError } from '../../base/error.js';
import { isRejection } from '../../base/rejection.js';
import { type NamedAddress, parseNamedAddress } from '../../daemon/config/flag-kinds.js';
import { type ChangeOptions, carryOut } from './change-members.js';
import { askLeader, type MastersSession } from './masters-session.js';
import {
  leaderOf,
  type MemberRow,
  memberRows,
  type Tolerance,
  toleranceOf,
  toleranceText,
  votersOf,
} from './member-rows.js';

/** docs/schemas/master-add.json */
interface AddResult {
  readonly name: string;
  /** null: it is not a member (dry run). */
  readonly id: string | null;
  readonly raft_address: string;
  readonly before: Tolerance;
  readonly after: Tolerance;
  readonly dry_run: boolean;
}

/** Throws BAD_INPUT. */
export function parseNewcomer(text: string): NamedAddress {
  const newcomer = parseNamedAddress(text);
  if (!isRejection(newcomer)) return newcomer;
  throw new MesoError('BAD_INPUT', newcomer.message, { suggestions: ['mesoctl master add m4=10.0.0.4:5060'] });
}

/** Returns the exit status. */
export async function addMember(
  newcomer: NamedAddress,
  options: ChangeOptions,
  session: MastersSession,
): Promise<number> {
  const { console } = session;
  const rows = await askLeader(session);
  const namesake = rows.find(({ member }) => member.name === newcomer.name);
  if (namesake !== undefined) throw isMemberAlready(namesake, newcomer);
  const voters = votersOf(rows);
  const before = toleranceOf(voters);
  const expected = toleranceOf([...voters, { state: 'connected' }]);
  if (options.dryRun) {
    await console.print(
      options.json
        ? jsonOf(newcomer, { id: null, before, after: expected, dryRun: true })
        : `would add ${newcomer.name} at ${newcomer.address}: ${toleranceText(before)}, then ${toleranceText(expected)}\n`,
    );
    return 0;
  }
  const leader = leaderOf(rows)?.raft_address ?? 'HOST:PORT';
  console.hint(
    `Start ${newcomer.name} now, if it does not run: mesoctl master start --name ${newcomer.name} --join ${leader}`,
  );
  const outcome = await carryOut(additionOf(newcomer), session);
  if (outcome.kind === 'left') return outcome.exitStatus;
  const now = memberRows({ ...outcome, isLeader: true });
  const id = now.find(({ member }) => member.name === newcomer.name)?.member.id ?? null;
  const after = toleranceOf(votersOf(now));
  await console.print(
    options.json
      ? jsonOf(newcomer, { id, before, after, dryRun: false })
      : `Added ${newcomer.name} (${newcomer.address}); it votes. ${toleranceText(after)}\n`,
  );
  if (after.voters % 2 === 0)
    console.hint(`${after.voters} voters survive no more than ${after.voters - 1} do: an odd number is better.`);
  return 0;
}

function additionOf({ name, address }: NamedAddress): Parameters<typeof carryOut>[0] {
  return {
    call: { type: 'ADD_MEMBER', add_member: { name, raft_address: address } },
    what: `the addition of ${name}`,
    progress: `Waiting for ${name} at ${address} to join`,
    goesOn: `the leader goes on waiting for ${name}, up to a minute in all`,
    isDone: ({ members = [] }) => members.some((member) => member.name === name && member.role === 'VOTER'),
  };
}

function isMemberAlready({ member }: MemberRow, { name, address }: NamedAddress): MesoError {
  const isSame = member.raft_address === address;
  const text =
    member.role === 'LEARNER'
      ? `${name} is a member already and catches up; it will vote by itself`
      : `${name} is a member already${isSame ? '' : `, at ${member.raft_address}`}`;
  return new MesoError('REFUSED', text, {
    details: { name, raft_address: member.raft_address, role: member.role },
    suggestions: ['mesoctl master list', 'another name'],
  });
}

interface Facts {
  readonly id: string | null;
  readonly before: Tolerance;
  readonly after: Tolerance;
  readonly dryRun: boolean;
}

function jsonOf({ name, address }: NamedAddress, { id, before, after, dryRun }: Facts): string {
  const result: AddResult = { name, id, raft_address: address, before, after, dry_run: dryRun };
  return `${JSON.stringify(result, null, 2)}\n`;
}
