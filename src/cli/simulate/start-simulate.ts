/** What `mesoctl simulate` needs of the machine: the console, a clock for its progress, and a master if one is named. */
import { systemClock } from '../../base/system/clock.js';
import { withSession } from '../cluster/session.js';
import { openConsole } from '../console.js';
import { runSimulate, type SimulateOptions } from './run-simulate.js';

export interface StartOptions extends SimulateOptions {
  readonly master?: string | undefined;
  readonly timeout: string;
  readonly quiet: boolean;
}

export async function startSimulate(options: StartOptions): Promise<void> {
  const nowMs = () => systemClock.now().unixMs;
  const { master, timeout, quiet } = options;
  const { env } = process;
  if (master === undefined) {
    await runSimulate(options, { console: openConsole({ quiet }), nowMs, env, session: undefined });
    return;
  }
  await withSession({ master, timeout, quiet }, (session) =>
    runSimulate(options, { console: session.console, nowMs, env, session }),
  );
}
