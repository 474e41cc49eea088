import { BaseCommand } from '../../cli/base-command.js';
import { membershipFlags, queryFlags } from '../../cli/client-flags.js';
import { Args } from '../../cli/oclif.js';

/** Lets another master lead, for instance before work on a machine. */
export default class MasterTransfer extends BaseCommand {
  static override summary = 'Hand leadership to another master: no election, and no task notices.';
  static override examples = [
    'mesoctl master transfer m2',
    'mesoctl master transfer m2 --dry-run                 whether it could lead, and how far it is behind',
  ];
  static override helpExtras = {
    next: 'mesoctl master list · mesoctl master show',
    exits:
      '0 also if it leads already · 3 no such master · 5 no leader · 6 it cannot lead now · 7 it did not take over',
  };
  static override baseFlags = queryFlags;
  static override args = {
    master: Args.string({ description: 'its name', required: true }),
  };
  static override flags = membershipFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MasterTransfer);
    const { withSession } = await import('../../cli/cluster/session.js');
    const { transferLeadership } = await import('../../cli/master/transfer-leadership.js');
    const options = { dryRun: flags['dry-run'], json: flags.json };
    process.exitCode = await withSession(flags, (session) => transferLeadership(args.master, options, session));
  }
}
