import { BaseCommand } from '../../cli/base-command.js';
import { queryFlags, showFlags } from '../../cli/client-flags.js';

/** When machines are out of service, and how far that is. */
export default class MaintenanceShow extends BaseCommand {
  static override summary = 'Show maintenance: windows, the state of each machine, and what frameworks answer.';
  static override description = [
    'DRAINING: in the schedule, frameworks that hold something there are asked to leave until it begins. DOWN: out of service,',
    'its agent cannot register. Answers are kept by the leader alone and are gone with it.',
  ].join('\n');
  static override examples = [
    'mesoctl maintenance show',
    'mesoctl maintenance show --json | jq \'.windows[].machines[] | select(.mode == "DOWN") | .hostname\'',
  ];
  static override helpExtras = {
    next: 'mesoctl maintenance schedule AGENT · mesoctl maintenance start AGENT · mesoctl agent list',
    exits: '0 also when nothing is scheduled · 5 no master · 7 no answer within --timeout',
  };
  static override baseFlags = queryFlags;
  static override flags = showFlags;

  async run(): Promise<void> {
    const { flags } = await this.parse(MaintenanceShow);
    const { showMaintenance } = await import('../../cli/maintenance/show-maintenance.js');
    await showMaintenance(flags);
  }
}
