import { BaseCommand } from '../../cli/base-command.js';
import { queryFlags, showFlags } from '../../cli/client-flags.js';

/** Who leads, and what the cluster has. */
export default class MasterShow extends BaseCommand {
  static override summary = 'Show the leading master and the cluster: version, term, counts, resources four ways.';
  static override examples = [
    'mesoctl master show',
    "mesoctl master show --json | jq '.free.cpus'",
    'mesoctl --master m1:5050,m2:5050,m3:5050 master show',
  ];
  static override helpExtras = {
    next: 'mesoctl agent list · mesoctl task list · mesoctl top',
    exits: '5 no master · 7 no answer within --timeout',
  };
  static override baseFlags = queryFlags;
  static override flags = showFlags;

  async run(): Promise<void> {
    const { flags } = await this.parse(MasterShow);
    const { showMaster } = await import('../../cli/show/show-master.js');
    await showMaster(flags);
  }
}
