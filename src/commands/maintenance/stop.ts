import { BaseCommand } from '../../cli/base-command.js';
import { machineArgs, membershipFlags, queryFlags } from '../../cli/client-flags.js';

/** Puts machines back into service. */
export default class MaintenanceStop extends BaseCommand {
  static override summary = 'Bring machines up again: they leave the schedule, and their agents may register.';
  static override examples = ['mesoctl maintenance stop node-17', 'mesoctl maintenance stop 10.0.0.17 10.0.0.18'];
  static override usage = 'AGENT... [flags]';
  static override helpExtras = {
    next: 'mesoctl agent list · mesoctl maintenance show',
    exits: '3 no such machine, or several · 5 no leader · 6 it is not down · 8 outcome unknown',
  };
  static override baseFlags = queryFlags;
  static override strict = false;
  static override args = machineArgs;
  static override flags = membershipFlags;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MaintenanceStop);
    const { runMaintenance } = await import('../../cli/maintenance/run-maintenance.js');
    process.exitCode = await runMaintenance(argv.map(String), 'stop', flags);
  }
}
