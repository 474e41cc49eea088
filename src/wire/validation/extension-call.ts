/**
 * The shape of a call of the extension API: a type, its payload, and what the schema's comments promise of it. What the ids
 * mean is judged by the master. Source: mesoctl/api.proto.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import { excerpt } from '../fault.js';
import type * as api from '../gen/mesoctl-api.js';
import { expecting, failedCall, type PayloadTable, validateCallShape } from './call-shape.js';
import { validateMasterCall } from './master-call.js';
import { validateOfferConstraints } from './offer-constraints.js';
import { DEFAULT_ROLE, validateRole } from './roles.js';
import { validateKillPolicy } from './task.js';

export const MAX_REFERENCE_CHARS = 512;
export const MAX_FIND_LIMIT = 100;
export const MAX_FINDINGS = 1000;
/** What masters may be called. */
export const MEMBER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** WHY and SUBSCRIBE without a payload ask about everything. */
const PAYLOADS: PayloadTable<api.Call_Type, api.Call> = {
  UNKNOWN: null,
  GET_INFO: null,
  WHY: null,
  SUBSCRIBE: null,
  KILL_TASK: 'kill_task',
  FIND: 'find',
  MEMBERS: null,
  ADD_MEMBER: 'add_member',
  REMOVE_MEMBER: 'remove_member',
  TRANSFER_LEADERSHIP: 'transfer_leadership',
  CHECK: 'check',
};

/** Why `call` cannot be a call, as `Failed to validate mesoctl::Call: ...`; undefined when it can. UNKNOWN passes (501). */
export function validateExtensionCall(call: api.Call): Rejection | undefined {
  return failedCall('mesoctl', validateCallShape(call, PAYLOADS) ?? validatePayload(call));
}

function validatePayload(call: api.Call): Rejection | undefined {
  if (call.type === 'SUBSCRIBE')
    return call.subscribe?.kinds?.includes('UNKNOWN_KIND') ? unknownKind('subscribe.kinds') : undefined;
  if (call.type === 'KILL_TASK' && call.kill_task !== undefined) return validateKill(call.kill_task);
  if (call.type === 'WHY' && call.why !== undefined) return validateWhy(call.why);
  if (call.type === 'FIND' && call.find !== undefined) return validateFind(call.find);
  if (call.type === 'CHECK' && call.check !== undefined) return validateMasterCall(call.check);
  if (call.type === 'ADD_MEMBER' && call.add_member !== undefined) return validateNewMember(call.add_member);
  return undefined;
}

/** The resources are looked at where they are read (offers/resources/validation). */
function validateWhy(why: api.Call_Why): Rejection | undefined {
  const { role, framework_id, agent_id, constraints, limits = {}, max_findings } = why;
  if (framework_id?.value === '') return expecting('why.framework_id.value');
  if (agent_id?.value === '') return expecting('why.agent_id.value');
  if (max_findings !== undefined && max_findings > MAX_FINDINGS)
    return reject('invalid', `Expecting 'why.max_findings' to be at most ${MAX_FINDINGS}`);
  for (const [name, { value }] of Object.entries(limits))
    if (Number.isNaN(value) || value < 0)
      return reject('invalid', `Expecting 'why.limits' of ${excerpt(name)} to be a number of at least 0`);
  const ofRole = role === undefined ? undefined : validateRole(role);
  if (ofRole !== undefined || constraints === undefined) return ofRole;
  return validateOfferConstraints({ role_constraints: { [role ?? DEFAULT_ROLE]: constraints } });
}

function validateNewMember({ name, raft_address }: api.Call_AddMember): Rejection | undefined {
  if (!MEMBER_NAME.test(name))
    return reject('invalid', "Expecting 'add_member.name' to be 1 to 63 letters, digits, dots, dashes and underscores");
  return /^(?:\[[0-9a-fA-F:.%]+\]|[^\s:/]+):\d{1,5}$/.test(raft_address)
    ? undefined
    : reject('invalid', "Expecting 'add_member.raft_address' to be HOST:PORT");
}

function unknownKind(path: string): Rejection {
  return reject('invalid', `Expecting '${path}' to be AGENTS, FRAMEWORKS, TASKS, OFFERS or ROLES`);
}

function validateKill({ task_id, kill_policy }: api.Call_KillTask): Rejection | undefined {
  if (task_id.value === '') return expecting('kill_task.task_id.value');
  return kill_policy === undefined ? undefined : validateKillPolicy(kill_policy);
}

function validateFind({ kind, reference, limit, framework_id }: api.Call_Find): Rejection | undefined {
  if (kind === 'UNKNOWN_KIND') return unknownKind('find.kind');
  if (reference.length > MAX_REFERENCE_CHARS)
    return reject('invalid', `Expecting 'find.reference' to have at most ${MAX_REFERENCE_CHARS} characters`);
  if (limit !== undefined && limit > MAX_FIND_LIMIT)
    return reject('invalid', `Expecting 'find.limit' to be at most ${MAX_FIND_LIMIT}`);
  if (framework_id !== undefined && kind !== 'TASKS' && kind !== 'OFFERS')
    return reject('invalid', "Expecting 'find.framework_id' only for TASKS and OFFERS");
  return undefined;
}
