import { BaseCommand } from '../../cli/base-command.js';
import { changeFlags, machineArgs, queryFlags } from '../../cli/client-flags.js';

/** Takes machines out of service. */
export default class MaintenanceStart extends BaseCommand {
  static override summary =
    'Take scheduled machines down: agents are shut down, tasks are lost, nothing comes back yet.';
  static override examples = [
    'mesoctl maintenance start node-17 --dry-run',
    'mesoctl maintenance start node-17 node-18',
    'mesoctl maintenance show -o name | mesoctl maintenance start - --yes',
  ];
  static override usage = 'AGENT... [flags]';
  static override helpExtras = {
    next: 'mesoctl maintenance show · mesoctl maintenance stop AGENT',
    exits:
      '1 the answer was no · 2 a question and nobody to ask · 3 no such machine, or several · 6 not scheduled, or down · 8 outcome unknown',
  };
  static override baseFlags = queryFlags;
  static override strict = false;
  static override args = machineArgs;
  static override flags = changeFlags;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MaintenanceStart);
    const { runMaintenance } = await import('../../cli/maintenance/run-maintenance.js');
    process.exitCode = await runMaintenance(argv.map(String), 'start', flags);
  }
}
