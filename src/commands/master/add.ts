import { BaseCommand } from '../../cli/base-command.js';
import { membershipFlags, patientFlags } from '../../cli/client-flags.js';
import { Args } from '../../cli/oclif.js';

/** Lets one more master vote. */
export default class MasterAdd extends BaseCommand {
  static override summary = 'Add a master that is started with --join meanwhile: it gets the log, then it votes.';
  static override examples = [
    'mesoctl master add m4=10.0.0.4:5060                  waits up to a minute for it',
    'mesoctl master start --name m4 --join m1:5060        on the new machine, meanwhile',
    'mesoctl master add m4=10.0.0.4:5060 --dry-run        how many failures the cluster survives then',
  ];
  static override helpExtras = {
    next: 'mesoctl master list · mesoctl master remove NAME',
    exits: '5 no leader · 6 it is a member already · 7 it did not come in time · 8 outcome unknown',
  };
  static override baseFlags = patientFlags;
  static override args = {
    newcomer: Args.string({
      description: 'NAME=HOST:PORT: its --name and the address of its --raft-port',
      required: true,
    }),
  };
  static override flags = membershipFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MasterAdd);
    const { withSession } = await import('../../cli/cluster/session.js');
    const { addMember, parseNewcomer } = await import('../../cli/master/add-member.js');
    const newcomer = parseNewcomer(args.newcomer);
    const options = { dryRun: flags['dry-run'], json: flags.json };
    process.exitCode = await withSession(flags, (session) => addMember(newcomer, options, session));
  }
}
