/** What the reasons of the core mean to whoever asked. */
import { MesoError, type MesoErrorCode } from '../../base/error.js';
import type { Rejection, RejectionCode } from '../../base/rejection.js';
import type { RefusalReason } from '../core/protocol.js';

const MEANINGS: Readonly<Record<RefusalReason, readonly [MesoErrorCode, string]>> = {
  'not-leader': ['NOT_LEADER', 'this master does not lead'],
  transferring: ['OVERLOADED', 'leadership is being handed over: try again in a moment'],
  'too-large': ['BAD_INPUT', 'the entry is larger than the log takes'],
  overloaded: ['OVERLOADED', 'too much waits for a majority of the masters: try again in a moment'],
  busy: ['REFUSED', 'another change of the members is under way, or this leader is too new: try again in a moment'],
  lagging: ['REFUSED', 'that member has not caught up yet'],
  invalid: ['BAD_INPUT', 'that change makes no sense: there is no such member, or nothing would change'],
  timeout: ['TIMEOUT', 'it was not done in time'],
};

export function errorOfRefusal(reason: RefusalReason): MesoError {
  const [code, message] = MEANINGS[reason];
  return new MesoError(code, message);
}

const CODES: Partial<Record<RejectionCode, MesoErrorCode>> = {
  'not-found': 'NOT_FOUND',
  invalid: 'BAD_INPUT',
  timeout: 'TIMEOUT',
  unavailable: 'NOT_LEADER',
};

export function errorOfRejection({ code, message }: Rejection): MesoError {
  return new MesoError(CODES[code] ?? 'REFUSED', message);
}
