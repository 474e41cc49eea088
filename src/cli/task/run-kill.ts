/** `task kill` from its command line: which tasks are meant, checked before anything is sent. */
import { MesoError } from '../../base/error.js';
import { type SessionFlags, withSession } from '../cluster/session.js';
import { expandReferences } from '../references.js';
import { killTasks } from './kill-tasks.js';

export interface KillFlags extends SessionFlags {
  readonly filter?: string | undefined;
  readonly framework?: string | undefined;
  readonly yes: boolean;
  readonly 'no-input': boolean;
  readonly 'dry-run': boolean;
  readonly 'no-wait': boolean;
  readonly json: boolean;
}

/** Returns the exit status. */
export async function runKill(words: readonly string[], flags: KillFlags): Promise<number> {
  const { filter, framework } = flags;
  if (filter !== undefined && (words.length > 0 || framework !== undefined))
    throw new MesoError('BAD_INPUT', '--filter goes with no ids and no --framework', {
      suggestions: ['--filter "framework=NAME ..."'],
    });
  if (filter?.trim() === '')
    throw new MesoError('BAD_INPUT', '--filter is empty: that would be every task', {
      suggestions: ['--filter state=STAGING'],
    });
  const references = await expandReferences(words, process.stdin);
  if (filter === undefined && references.length === 0)
    throw new MesoError('BAD_INPUT', 'no task named', { suggestions: ['mesoctl task kill TASK', 'mesoctl task list'] });
  const options = {
    references,
    filter,
    framework,
    yes: flags.yes,
    noInput: flags['no-input'],
    dryRun: flags['dry-run'],
    wait: !flags['no-wait'],
    json: flags.json,
  };
  return withSession(flags, (session) => killTasks(options, session));
}
