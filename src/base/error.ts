/**
 * Operating errors: the machine, the network or the user's surroundings failed, not our code and not a request.
 * `code` is closed and is what programs match on; never match on `message`.
 */
export type MesoErrorCode =
  | 'NO_MASTER' // no configured master answers
  | 'NO_LEADER'
  | 'NOT_LEADER'
  | 'NOT_FOUND'
  | 'AMBIGUOUS'
  | 'BAD_INPUT'
  | 'NO_FIT'
  | 'OVERLOADED' // a bound is reached: try again soon
  | 'TIMEOUT'
  | 'OUTCOME_UNKNOWN'
  | 'REFUSED' // refused by state
  | 'NOT_ALLOWED'
  | 'PORT_IN_USE'
  | 'ADDRESS_NOT_ALLOWED'
  | 'WORK_DIR_LOCKED'
  | 'WORK_DIR_CORRUPT'
  | 'WORK_DIR_NEWER'
  | 'ISOLATION_MISSING'
  | 'SUPERVISOR_MISSING'
  | 'LAUNCH_FAILED'
  | 'PROTOCOL'
  | 'CONNECTION_LOST'
  | 'TASK_FAILED'
  | 'AGENT_REFUSED'
  | 'AGENT_UNREACHABLE' // what only an agent has cannot be had now
  | 'DISK'
  | 'INTERNAL';

/** The one table from error code to CLI exit status (design/ux.md, "Exit codes"). */
export const EXIT_STATUS_OF_ERROR: Readonly<Record<MesoErrorCode, number>> = {
  NO_MASTER: 5,
  NO_LEADER: 5,
  NOT_LEADER: 5,
  NOT_FOUND: 3,
  AMBIGUOUS: 3,
  BAD_INPUT: 2,
  NO_FIT: 7,
  OVERLOADED: 7,
  TIMEOUT: 7,
  OUTCOME_UNKNOWN: 8,
  REFUSED: 6,
  NOT_ALLOWED: 4,
  PORT_IN_USE: 1,
  ADDRESS_NOT_ALLOWED: 2,
  WORK_DIR_LOCKED: 1,
  WORK_DIR_CORRUPT: 1,
  WORK_DIR_NEWER: 1,
  ISOLATION_MISSING: 1,
  SUPERVISOR_MISSING: 1,
  LAUNCH_FAILED: 125,
  PROTOCOL: 1,
  CONNECTION_LOST: 5,
  TASK_FAILED: 1,
  AGENT_REFUSED: 1,
  AGENT_UNREACHABLE: 5,
  DISK: 1,
  INTERNAL: 1,
};

export interface MesoErrorOptions {
  readonly cause?: unknown;
  /** Facts for the log and for `--json`; plain data. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** One or two commands or flags the user can paste. */
  readonly suggestions?: readonly string[];
}

export class MesoError extends Error {
  override readonly name = 'MesoError';
  readonly details: Readonly<Record<string, unknown>>;
  readonly suggestions: readonly string[];

  constructor(
    readonly code: MesoErrorCode,
    message: string,
    options: MesoErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.details = options.details ?? {};
    this.suggestions = options.suggestions ?? [];
  }
}

/** Text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
