import { BaseCommand } from '../../cli/base-command.js';
import { listFlags, queryFlags, watchFlags } from '../../cli/client-flags.js';
import { listColumnsOf } from '../../cli/list/list-columns.js';

/** The machines that run tasks. */
export default class AgentList extends BaseCommand {
  static override summary = 'List agents: state, tasks, and what is allocated of what they have.';
  static override examples = [
    'mesoctl agent list',
    "mesoctl agent list --filter '!state=ACTIVE'          what is not well",
    'mesoctl agent list -o wide --sort -cpu',
  ];
  static override helpExtras = {
    next: 'mesoctl agent show AGENT · mesoctl task list --filter host=HOST',
    exits: '0 also for an empty list · 5 no master · 7 no answer within --timeout',
    ...listColumnsOf('agents'),
  };
  static override baseFlags = queryFlags;
  static override flags = { ...listFlags, ...watchFlags };

  async run(): Promise<void> {
    const { flags } = await this.parse(AgentList);
    const { listObjects } = await import('../../cli/list/list-objects.js');
    const { AGENTS } = await import('../../cli/cluster/nouns.js');
    process.exitCode = await listObjects(AGENTS, flags);
  }
}
