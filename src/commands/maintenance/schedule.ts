import { BaseCommand } from '../../cli/base-command.js';
import { machineArgs, membershipFlags, queryFlags } from '../../cli/client-flags.js';
import { Flags } from '../../cli/oclif.js';

/** Plans when machines are out of service. */
export default class MaintenanceSchedule extends BaseCommand {
  static override summary = 'Schedule maintenance of machines, change when it is, or take them out of the schedule.';
  static override description = [
    'Frameworks are told of it in their offers and asked to leave; nothing is killed before "maintenance start". Windows of other',
    'machines stay as they are. Masters keep one schedule as a whole: of two commands at the same moment one can undo the other.',
  ].join('\n');
  static override examples = [
    'mesoctl maintenance schedule node-17 --start "sat 02:00" --duration 4h',
    'mesoctl maintenance schedule 10.0.0.17 S18 --start "in 2h"     without an end',
    'mesoctl maintenance schedule node-17 --clear',
    'mesoctl maintenance schedule --clear --all --dry-run',
  ];
  static override usage = 'AGENT... --start TIME [--duration DURATION] | AGENT... --clear';
  static override helpExtras = {
    next: 'mesoctl maintenance show · mesoctl maintenance start AGENT',
    exits: '2 no such time · 3 no such machine, or several · 5 no leader · 6 it is down · 8 outcome unknown',
  };
  static override baseFlags = queryFlags;
  static override strict = false;
  static override args = machineArgs;
  static override flags = {
    start: Flags.string({
      summary: 'when it begins: now, in 2h, 14:00, sat 02:00, 2026-12-01 14:00; of this zone, or with one (Z, +01:00)',
      helpValue: 'TIME',
    }),
    duration: Flags.string({ summary: 'how long it takes (default: until it is stopped)', helpValue: 'DURATION' }),
    clear: Flags.boolean({ summary: 'take the machines out of the schedule', default: false }),
    all: Flags.boolean({ summary: 'with --clear: all machines', default: false }),
    ...membershipFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MaintenanceSchedule);
    const { runSchedule } = await import('../../cli/maintenance/run-maintenance.js');
    process.exitCode = await runSchedule(argv.map(String), flags);
  }
}
