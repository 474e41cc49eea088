/** A command's connection to the cluster, with the one deadline that all its answers have. */
import { MesoError } from '../../base/error.js';
import { systemClock } from '../../base/system/clock.js';
import { OperatorClient } from '../../client/operator-client.js';
import { mastersFrom, timeoutFrom } from '../client-flags.js';
import { type Console, openConsole } from '../console.js';

export interface SessionFlags {
  readonly master?: string | undefined;
  readonly timeout: string;
  readonly quiet?: boolean | undefined;
}

/** What commands ask of a master. */
export type ClusterClient = Pick<
  OperatorClient,
  'call' | 'check' | 'find' | 'getInfo' | 'killTask' | 'master' | 'teardown' | 'watch'
>;

export interface Session<Client = ClusterClient> {
  readonly client: Client;
  readonly console: Console;
  readonly timeoutMs: number;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
}

/** With what it takes to start, an address where nobody answers is noticed within two seconds. */
const UNREACHABLE_TIMEOUT_MS = 1_200;

/** Throws BAD_INPUT before anything is sent. */
export async function withSession<T>(
  flags: SessionFlags,
  run: (session: Session<OperatorClient>) => Promise<T>,
): Promise<T> {
  const timeoutMs = timeoutFrom(flags.timeout);
  const client = new OperatorClient({
    masters: mastersFrom(flags.master, process.env),
    unreachableTimeoutMs: UNREACHABLE_TIMEOUT_MS,
  });
  try {
    const console = openConsole({ quiet: flags.quiet });
    return await run({ client, console, timeoutMs, nowMs: () => systemClock.now().unixMs });
  } finally {
    client.close();
  }
}

/** Runs `ask`; its signal aborts with TIMEOUT when the deadline passes. `what`: "the list of tasks". */
export async function withinTimeout<T>(
  timeoutMs: number,
  what: string,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooLate(what, timeoutMs)), timeoutMs);
  try {
    return await ask(late.signal);
  } finally {
    clearTimeout(timer);
  }
}

export function tooLate(what: string, timeoutMs: number): MesoError {
  const text = `${what} did not come within ${Number((timeoutMs / 1000).toFixed(1))}s`;
  return new MesoError('TIMEOUT', text, { suggestions: ['--timeout 2mins to wait longer'] });
}
