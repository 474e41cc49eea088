/** A connection to a cluster as the commands about its masters use it, and the leader's picture that changes begin with. */
import { MesoError } from '../../base/error.js';
import { formatAddress } from '../../client/address.js';
import { pause } from '../../client/back-off.js';
import type { OperatorClient, SeenMembers } from '../../client/operator-client.js';
import { type Session, withinTimeout } from '../cluster/session.js';
import { leaderOf, type MemberRow, majorityOf, memberRows, votersOf } from './member-rows.js';

export type MastersClient = Pick<OperatorClient, 'changeMembers' | 'getInfo' | 'members' | 'openSnapshot'>;
export type MastersSession = Session<MastersClient>;

/** An election is over long before. Ms. */
const LEADER_WAIT_MS = 10_000;
const POLL_MS = 250;

/** Asks until a leader answers, or for as long as an election may take; then it is what somebody else sees. */
export async function findLeader(
  { client, timeoutMs, nowMs }: Omit<MastersSession, 'console'>,
  isWanted: (seen: SeenMembers) => boolean = () => true,
): Promise<SeenMembers> {
  const untilMs = nowMs() + Math.min(LEADER_WAIT_MS, timeoutMs / 2);
  return withinTimeout(timeoutMs, 'the list of masters', async (signal) => {
    for (;;) {
      const seen = await client.members({ signal });
      if ((seen.isLeader && isWanted(seen)) || nowMs() + POLL_MS > untilMs) return seen;
      await pause(POLL_MS, signal);
    }
  });
}

/** The masters as their leader sees them. Rejects with NO_LEADER where none can be asked. */
export async function askLeader(session: MastersSession): Promise<readonly MemberRow[]> {
  const seen = await findLeader(session);
  const rows = memberRows(seen);
  if (seen.isLeader) return rows;
  throw new MesoError('NO_LEADER', noLeaderText(seen, rows), {
    details: { asked: formatAddress(seen.master) },
    suggestions: ['mesoctl master list'],
  });
}

function noLeaderText({ master, members }: SeenMembers, rows: readonly MemberRow[]): string {
  const self = rows.find(({ member }) => member.self)?.member.name ?? formatAddress(master);
  if (members.cluster_id === undefined) return `${self} is in no cluster yet: nothing can be changed.`;
  const leader = leaderOf(rows);
  if (leader !== undefined)
    return `${leader.name} leads and does not answer.\nRunning tasks go on; nothing can be changed until it answers or another leads.`;
  const voters = votersOf(rows);
  const present = voters.filter(({ state }) => state === 'connected');
  const names = present.map(({ member }) => member.name).join(', ');
  return [
    `the masters have no leader. ${self} sees ${present.length} of ${voters.length} (${names}); ${majorityOf(voters.length)} are needed.`,
    'Running tasks go on; nothing can be changed until there are enough.',
  ].join('\n');
}
