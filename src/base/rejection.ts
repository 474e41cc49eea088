/**
 * A bad request as a value: returned, never thrown (architecture, section 8). The caller of the API learns `message`;
 * programs look at `code` only.
 */
export type RejectionCode =
  | 'malformed' // cannot be parsed
  | 'invalid' // parsed, but breaks a rule
  | 'too-large'
  | 'timeout' // the sender was too slow
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'not-acceptable'
  | 'unsupported-media-type'
  | 'conflict'
  | 'unimplemented'
  | 'unavailable';

export class Rejection {
  constructor(
    readonly code: RejectionCode,
    readonly message: string,
  ) {}
}

export function reject(code: RejectionCode, message: string): Rejection {
  return new Rejection(code, message);
}

export function isRejection(value: unknown): value is Rejection {
  return value instanceof Rejection;
}

/** The one table from rejection to HTTP status. */
export const HTTP_STATUS_OF_REJECTION: Readonly<Record<RejectionCode, number>> = {
  malformed: 400,
  invalid: 400,
  'too-large': 413,
  timeout: 408,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  'unsupported-media-type': 415,
  conflict: 409,
  unimplemented: 501,
  unavailable: 503,
};
