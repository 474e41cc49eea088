// How a failed case is shown: message and stack, and those of its causes.
export function messageAndCause(error) {
  const own = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return error instanceof Error && error.cause !== undefined
    ? `${own}\ncaused by ${messageAndCause(error.cause)}`
    : own;
}
