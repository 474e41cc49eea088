/** What all commands share: flags of the same meaning everywhere, and errors that `main` prints. */

import { setColor } from './color.js';
import { Command, Errors, Flags } from './oclif.js';

export const globalFlags = {
  color: Flags.option({
    options: ['auto', 'always', 'never'] as const,
    default: 'auto' as const,
    summary: 'colour of the output (also: NO_COLOR)',
    helpGroup: 'GLOBAL',
  })(),
  debug: Flags.boolean({ summary: 'say more about what happens, and where errors come from', helpGroup: 'GLOBAL' }),
};

/** What help and manual say beyond what oclif has a place for. */
export interface HelpExtras {
  /** Commands that make sense after this one. */
  readonly next?: string | undefined;
  /** Exit codes that differ from 0, 1 and 2. */
  readonly exits?: string | undefined;
  /** Of lists: what --columns takes, and what --sort and --filter take. */
  readonly columns?: readonly string[] | undefined;
  readonly fields?: readonly string[] | undefined;
  /** Path of what it reads or writes, and what that is; for the manual. */
  readonly files?: Readonly<Record<string, string>> | undefined;
}

export abstract class BaseCommand extends Command {
  static override baseFlags = globalFlags;
  static helpExtras: HelpExtras = {};

  override async init(): Promise<void> {
    await super.init();
    setColor(this.argv);
  }

  /** Everything thrown reaches `main`, which knows the one form of errors. */
  override async catch(error: Error): Promise<never> {
    if (!(error instanceof Errors.CLIError) || error instanceof Errors.ExitError) throw error;
    const { explainUsage } = await import('./usage-error.js');
    const { flags, baseFlags } = this.ctor;
    throw explainUsage(error, { id: this.id, flagNames: Object.keys({ ...baseFlags, ...flags }) });
  }
}
