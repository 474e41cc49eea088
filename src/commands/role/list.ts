import { BaseCommand } from '../../cli/base-command.js';
import { listFlags, queryFlags, watchFlags } from '../../cli/client-flags.js';
import { listColumnsOf } from '../../cli/list/list-columns.js';

/** Who shares the cluster, and how. */
export default class RoleList extends BaseCommand {
  static override summary = 'List roles: weight, dominant share, allocated, reserved, quota.';
  static override examples = ['mesoctl role list', 'mesoctl role list --sort -share -o wide'];
  static override helpExtras = {
    next: 'mesoctl framework list · mesoctl agent list',
    exits: '0 also for an empty list · 5 no master · 7 no answer within --timeout',
    ...listColumnsOf('roles'),
  };
  static override baseFlags = queryFlags;
  static override flags = { ...listFlags, ...watchFlags };

  async run(): Promise<void> {
    const { flags } = await this.parse(RoleList);
    const { listObjects } = await import('../../cli/list/list-objects.js');
    const { ROLES } = await import('../../cli/cluster/nouns.js');
    process.exitCode = await listObjects(ROLES, flags);
  }
}
