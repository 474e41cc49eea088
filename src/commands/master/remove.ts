import { BaseCommand } from '../../cli/base-command.js';
import { finalFlags, patientFlags } from '../../cli/client-flags.js';
import { Args } from '../../cli/oclif.js';

/** Takes a master out of the cluster for good. */
export default class MasterRemove extends BaseCommand {
  static override summary = 'Remove a master from the cluster, the leader too: its directory cannot come back.';
  static override examples = [
    'mesoctl master remove m3 --dry-run                   how many failures the cluster survives then',
    'mesoctl master remove m3',
    'mesoctl master remove m3 --confirm m3                for scripts',
  ];
  static override helpExtras = {
    next: 'mesoctl master list · mesoctl master add NAME=HOST:PORT',
    exits:
      '1 another name was typed · 2 a question and nobody to ask · 3 no such master · 5 no leader · 6 no majority would be left · 8 outcome unknown',
  };
  static override baseFlags = patientFlags;
  static override args = {
    master: Args.string({ description: 'its name', required: true }),
  };
  static override flags = finalFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MasterRemove);
    const { withSession } = await import('../../cli/cluster/session.js');
    const { removeMember } = await import('../../cli/master/remove-member.js');
    const { confirm, yes, json } = flags;
    const options = { confirm, yes, json, noInput: flags['no-input'], dryRun: flags['dry-run'] };
    process.exitCode = await withSession(flags, (session) => removeMember(args.master, options, session));
  }
}
