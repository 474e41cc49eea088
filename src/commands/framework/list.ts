import { BaseCommand } from '../../cli/base-command.js';
import { listFlags, queryFlags, watchFlags } from '../../cli/client-flags.js';
import { listColumnsOf } from '../../cli/list/list-columns.js';

/** Who runs tasks here. */
export default class FrameworkList extends BaseCommand {
  static override summary = 'List frameworks: state, tasks, share of the cluster, offers they hold.';
  static override examples = [
    'mesoctl framework list',
    'mesoctl framework list --sort -share -l 10           the ten largest',
    'mesoctl framework list -o wide                       with declined offers, failures, time to come back',
  ];
  static override helpExtras = {
    next: 'mesoctl framework show FRAMEWORK · mesoctl task list --filter framework==NAME',
    exits: '0 also for an empty list · 5 no master · 7 no answer within --timeout',
    ...listColumnsOf('frameworks'),
  };
  static override baseFlags = queryFlags;
  static override flags = { ...listFlags, ...watchFlags };

  async run(): Promise<void> {
    const { flags } = await this.parse(FrameworkList);
    const { listObjects } = await import('../../cli/list/list-objects.js');
    const { FRAMEWORKS } = await import('../../cli/cluster/nouns.js');
    process.exitCode = await listObjects(FRAMEWORKS, flags);
  }
}
