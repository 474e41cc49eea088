/**
 * The entry point of the command line: runs one command, prints what failed in one form, sets the exit status. stdout is
 * data and stderr is talk, errors included, with `--json` as well (design/ux, section 1).
 */

import { expandHiddenNames, joinSortValue, moveLeadingFlags, wantsDebug, wantsJson } from './arguments.js';
import { findFailure, formatFailure, formatFailureJson, isOclifError } from './failure.js';
import { run, settings } from './oclif.js';

/** What a shell reports for a program that wrote into a closed pipe: 128 + SIGPIPE. */
const SIGPIPE_STATUS = 141;

/** `entryUrl`: `import.meta.url` of the file in bin/. Ends the process. */
export async function main(entryUrl: string): Promise<never> {
  const argv = joinSortValue(expandHiddenNames(moveLeadingFlags(process.argv.slice(2))));
  endWithClosedPipe();
  // Compiled code stays compiled code, whatever NODE_ENV says; only bin/dev.js runs the sources.
  if (!import.meta.url.endsWith('.ts')) settings.enableAutoTranspile = false;
  try {
    await run([...argv], entryUrl);
  } catch (error) {
    process.exitCode = report(error, argv);
  }
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  process.exit();
}

/** Prints the failure; returns the exit status. */
function report(thrown: unknown, argv: readonly string[]): number {
  const failure = findFailure(thrown);
  if (failure === undefined) return isOclifError(thrown) ? (thrown.oclif.exit ?? 0) : 0;
  process.stderr.write(
    wantsJson(argv) ? formatFailureJson(failure) : formatFailure(failure, { debug: wantsDebug(argv) }),
  );
  return failure.exitStatus;
}

/** `mesoctl doctor | head -1` ends quietly, as any filter does. */
function endWithClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A command that has something to end first listens itself.
    if (process.stdout.listenerCount('error') > 1) return;
    if (error.code === 'EPIPE') process.exit(SIGPIPE_STATUS);
    throw error;
  });
}

/** Resolves when everything written so far has left the process. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
