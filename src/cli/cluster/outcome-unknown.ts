import { MesoError } from '../../base/error.js';

/** The leader went while `what` was on its way; `look` is the command that shows what became of it. */
export function outcomeUnknown(what: string, cause: MesoError, look: string): MesoError {
  return new MesoError(
    'OUTCOME_UNKNOWN',
    `the leader was lost while ${what} was on its way. It may or may not have happened.`,
    { cause, details: cause.details, suggestions: [look] },
  );
}
