/** Fixed figures of the agent core (spec pages 02, 07, 08, 14, 18). Ms unless the name says otherwise. */

/** First and longest wait before an unacknowledged update is sent again. */
export const UPDATE_RETRY_MIN_MS = 10_000;
export const UPDATE_RETRY_MAX_MS = 600_000;

/** Operations that wait for directories of volumes; further ones are dropped. */
export const MAX_WAITING_OPERATIONS = 10_000;

/** Between SIGTERM and SIGKILL when neither the kill nor the task says. */
export const DEFAULT_KILL_GRACE_MS = 3_000;
/** What an executor keeps of its shutdown grace period for reaping and for its last update (spec page 14, 14.2). */
export const SHUTDOWN_GRACE_MARGIN_MS = 2_000;
/** A container that was to be destroyed and still has not ended is destroyed again. */
export const DESTROY_RETRY_MS = 10_000;

export const REGISTRATION_BACKOFF_MAX_MS = 60_000;
/** How long an agent that unregisters waits for the last updates to be acknowledged. */
export const UNREGISTER_PATIENCE_MS = 5_000;

export const MAX_COMPLETED_FRAMEWORKS = 50;
/** For command tasks, where each task is its own executor. */
export const MAX_COMPLETED_TASKS_PER_FRAMEWORK = 150;
