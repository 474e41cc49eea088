import { BaseCommand } from '../../cli/base-command.js';
import { listFlags, queryFlags } from '../../cli/client-flags.js';
import { MEMBER_COLUMNS } from '../../cli/master/member-columns.js';

/** Who keeps the state of the cluster, and how many of them may fail. */
export default class MasterList extends BaseCommand {
  static override summary = 'List masters: who leads, who votes, who is silent, how far each is behind.';
  static override examples = ['mesoctl master list', 'mesoctl --master m1:5050,m2:5050,m3:5050 master list -o wide'];
  static override helpExtras = {
    next: 'mesoctl master show · mesoctl master transfer NAME · mesoctl master add NAME=HOST:PORT',
    exits: '0 also without a leader · 5 no master · 7 no answer within --timeout',
    columns: MEMBER_COLUMNS.map(({ key }) => key),
  };
  static override baseFlags = queryFlags;
  static override flags = {
    output: listFlags.output,
    columns: listFlags.columns,
    'no-header': listFlags['no-header'],
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(MasterList);
    const { listMembers } = await import('../../cli/master/list-members.js');
    await listMembers(flags);
  }
}
