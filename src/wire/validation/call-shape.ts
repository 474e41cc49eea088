/**
 * What all calls have in common: a type, and the payload that goes with it. Says nothing about what is in the payload.
 * A type of UNKNOWN passes: the endpoint answers it with 501 (spec 01, order of checks, step 10).
 */
import { type Rejection, reject } from '../../base/rejection.js';

/** The call type's payload field; null: the call needs none. */
export type PayloadTable<Type extends string, Call> = Readonly<Record<Type, (keyof Call & string) | null>>;

/** Type and payload of `call`, in this order. */
export function validateCallShape<Type extends string, Call extends { type?: Type | undefined }>(
  call: Call,
  payloads: PayloadTable<Type, Call>,
): Rejection | undefined {
  if (call.type === undefined) return expecting('type');
  return validatePayload(call, call.type, payloads);
}

/** Only the payload of a call whose type is known to be set. */
export function validatePayload<Type extends string, Call extends object>(
  call: Call,
  type: Type,
  payloads: PayloadTable<Type, Call>,
): Rejection | undefined {
  const field = payloads[type];
  return field !== null && call[field] === undefined ? expecting(field) : undefined;
}

/** The complaint about a field that is not there. */
export function expecting(path: string): Rejection {
  return reject('invalid', `Expecting '${path}' to be present`);
}

/** `Failed to validate scheduler::Call: ...`: the first words that clients and operators know. */
export function failedCall(package_: string, rejection: Rejection | undefined): Rejection | undefined {
  if (rejection === undefined) return undefined;
  return reject(rejection.code, `Failed to validate ${package_}::Call: ${rejection.message}`);
}

/** Ids of updates and operations travel as the 16 bytes of a UUID. */
export function validateUuid(uuid: Uint8Array, path: string): Rejection | undefined {
  return uuid.length === 16
    ? undefined
    : reject('invalid', `Expecting '${path}' to be a UUID of 16 bytes, found ${uuid.length}`);
}
