/** From what a server answered, or did not, to the closed codes of MesoError. Spec page 01, section 1.1. */
import { MesoError, type MesoErrorCode } from '../base/error.js';
import { formatAddress } from './address.js';
import { ConnectionFailure, type HttpResponse, readBody } from './http-request.js';

const MAX_ERROR_TEXT_BYTES = 64 * 1024;
const ERROR_TEXT_TIMEOUT_MS = 5_000;
const SHOWN_CHARS = 1000;

const CODE_OF_STATUS: Readonly<Record<number, MesoErrorCode>> = {
  307: 'NOT_LEADER',
  400: 'BAD_INPUT',
  401: 'NOT_ALLOWED',
  403: 'NOT_ALLOWED',
  404: 'NOT_FOUND',
  409: 'REFUSED',
  413: 'BAD_INPUT',
  503: 'NO_LEADER',
};

/** Reads the error text and makes the error; `what` names the request ("SUBSCRIBE"). */
export async function errorOfResponse(response: HttpResponse, what: string): Promise<MesoError> {
  const text = await readBody(response, { maxBytes: MAX_ERROR_TEXT_BYTES, timeoutMs: ERROR_TEXT_TIMEOUT_MS })
    .then((body) => body.toString('utf8').trim().slice(0, SHOWN_CHARS))
    .catch(() => '');
  const { status, address } = response;
  const reason = text === '' ? `HTTP status ${status}` : text;
  return new MesoError(CODE_OF_STATUS[status] ?? 'PROTOCOL', `${formatAddress(address)} refused ${what}: ${reason}`, {
    details: { status, address: formatAddress(address), call: what, reason },
  });
}

/** Calls of the extension API that have no other reason to be answered with 404: the path itself is unknown there. */
const CALLS_WITHOUT_404: ReadonlySet<unknown> = new Set([
  'GET_INFO',
  'WHY',
  'FIND',
  'SUBSCRIBE',
  'MEMBERS',
  'ADD_MEMBER',
  'CHECK',
]);

/** What a refusal by the path of our extension API means: a master of Apache Mesos has no such path. */
export function errorOfExtension(error: MesoError): MesoError {
  const { status, address, call } = error.details;
  if (status !== 404 || !CALLS_WITHOUT_404.has(call)) return error;
  return new MesoError(
    'PROTOCOL',
    `${String(address)} has no mesoctl extension API: it is a master of Apache Mesos, or no master at all`,
    {
      details: { address, call },
      suggestions: ['the address of a mesoctl master: --master HOST:PORT (MESOCTL_MASTER)'],
    },
  );
}

/** `isRepeatable`: doing it twice does no harm, so nothing is unknown about its outcome. */
export function errorOfFailure(failure: unknown, what: string, isRepeatable: boolean): unknown {
  if (!(failure instanceof ConnectionFailure)) return failure;
  const address = formatAddress(failure.address);
  const options = { cause: failure, details: { address, call: what } };
  if (failure.maybeSeen && !isRepeatable)
    return new MesoError(
      'OUTCOME_UNKNOWN',
      `${address} was lost while ${what} was on its way (${failure.reason}): it may or may not have happened`,
      options,
    );
  return new MesoError('CONNECTION_LOST', `${what}: no answer from ${address} (${failure.reason})`, options);
}
