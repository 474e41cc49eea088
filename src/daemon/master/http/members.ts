/**
 * The masters of the cluster for people and tools: who they are, who leads, and changes of them. Any master answers what it
 * sees; changes are the leader's. Source: docs/extension-api.md; architecture, sections 1 and 4.
 */
import { unreachable } from '../../../base/assert.js';
import { MesoError, type MesoErrorCode, messageOf } from '../../../base/error.js';
import { type RejectionCode, reject } from '../../../base/rejection.js';
import type { MemberPicture, MembersPicture } from '../../../raft/node/protocol.js';
import * as api from '../../../wire/gen/mesoctl-api.js';
import type { MessageFormat } from '../../../wire/media-type.js';
import { sendMessage } from '../../http/api-call.js';
import type { Exchange } from '../../http/exchange.js';
import { formatHost } from '../identity.js';
import type { MasterSite } from './site.js';

type MembershipCall = api.Call & { readonly type: 'ADD_MEMBER' | 'REMOVE_MEMBER' | 'TRANSFER_LEADERSHIP' };

export function isMembershipCall(call: api.Call): call is MembershipCall {
  return call.type === 'ADD_MEMBER' || call.type === 'REMOVE_MEMBER' || call.type === 'TRANSFER_LEADERSHIP';
}

export async function answerMembers(site: MasterSite, exchange: Exchange, format: MessageFormat): Promise<void> {
  try {
    const members = describeMembers(site, await site.registry.members());
    sendMessage(exchange, format, api.Response, { type: 'MEMBERS', members });
  } catch (error) {
    exchange.reject(reject('unavailable', messageOf(error)));
  }
}

/** Waits for what the call asks for, as long as that takes; the answer is the members after it. */
export async function changeMembers(
  site: MasterSite,
  exchange: Exchange,
  format: MessageFormat,
  call: MembershipCall,
): Promise<void> {
  try {
    await change(site, call);
    const members = describeMembers(site, await site.registry.members());
    sendMessage(exchange, format, api.Response, { type: call.type, members });
  } catch (error) {
    exchange.reject(reject(kindOf(error), messageOf(error)));
  }
}

function change(site: MasterSite, call: MembershipCall): Promise<void> {
  const { add_member: add, remove_member: remove, transfer_leadership: transfer } = call;
  switch (call.type) {
    case 'ADD_MEMBER':
      return site.registry.addMember(add?.name ?? '', add?.raft_address ?? '');
    case 'REMOVE_MEMBER':
      return site.registry.removeMember(remove?.name ?? '');
    case 'TRANSFER_LEADERSHIP':
      return site.registry.transferLeadership(transfer?.name ?? '');
    default:
      return unreachable(call.type);
  }
}

const KIND_OF_ERROR: Partial<Record<MesoErrorCode, RejectionCode>> = {
  NOT_FOUND: 'not-found',
  BAD_INPUT: 'invalid',
  REFUSED: 'conflict',
};

function kindOf(error: unknown): RejectionCode {
  return (error instanceof MesoError ? KIND_OF_ERROR[error.code] : undefined) ?? 'unavailable';
}

function describeMembers(site: MasterSite, picture: MembersPicture): api.Response_Members {
  return {
    cluster_id: picture.clusterId,
    term: picture.term,
    commit_index: picture.commit,
    last_index: picture.lastIndex,
    members: picture.members.map(describeMember),
    leader: site.leaderInfo(),
  };
}

const ROLE_OF: Readonly<Record<MemberPicture['role'], api.Response_Member_MemberRole>> = {
  voter: 'VOTER',
  learner: 'LEARNER',
  leaving: 'LEAVING',
};

function describeMember(member: MemberPicture): api.Response_Member {
  return {
    id: member.id,
    name: member.name,
    raft_address: member.address,
    role: ROLE_OF[member.role],
    leader: member.isLeader,
    self: member.isSelf,
    connected: member.isConnected,
    durable_index: member.match,
    silent_seconds: member.silentMs === undefined ? undefined : member.silentMs / 1000,
    features: member.features,
  };
}

/** `GET /leader`: where the leader is, as one JSON object; 503 while nobody leads. Never a redirect: scripts read it. */
export function handleLeader(site: MasterSite, exchange: Exchange): void {
  const info = site.leaderInfo();
  if (info === undefined) {
    exchange.reject(reject('unavailable', 'No leader elected'));
    return;
  }
  const hostname = info.address?.hostname ?? info.hostname ?? '';
  const port = info.address?.port ?? info.port;
  const state = site.leader();
  exchange.sendJson(
    JSON.stringify({
      leader: { id: info.id, hostname, port, url: `http://${formatHost(hostname)}:${port}`, version: info.version },
      self: state.kind === 'leading',
    }),
  );
}
