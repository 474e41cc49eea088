/**
 * Runs a daemon as the whole process: signals first, then the start, then until it ends. The one place of a daemon's
 * command that is more than parsing.
 */
import { onTerminationSignal } from './signals.js';

interface RunningDaemon {
  /** Resolves when it was stopped, rejects when it failed. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * `start` gets a signal that aborts with the first SIGINT or SIGTERM, during the start as well. Resolves after a graceful
 * stop; rejects with what the start or the daemon failed with. A second signal ends the process at once.
 */
export async function runDaemon(start: (signal: AbortSignal) => Promise<RunningDaemon>): Promise<void> {
  const abort = new AbortController();
  const removeHandlers = onTerminationSignal((name) => abort.abort(new Error(`received ${name}`)));
  try {
    const daemon = await start(abort.signal);
    try {
      await daemon.ended;
    } finally {
      await daemon.stop();
    }
  } finally {
    removeHandlers();
  }
}
