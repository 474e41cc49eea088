import { BaseCommand } from '../cli/base-command.js';
import { Flags } from '../cli/oclif.js';

/** Says what this machine offers an agent. */
export default class Doctor extends BaseCommand {
  static override summary = 'Say what this machine offers for each isolator, and what to do about what is missing.';
  static override examples = ['mesoctl doctor', 'mesoctl doctor --json | jq \'.rows[] | select(.state != "ok")\''];
  static override helpExtras = {
    next: 'mesoctl agent join 127.0.0.1:5050',
    exits: '0 also where something is missing · 1 no task can be run here',
  };
  static override flags = {
    json: Flags.boolean({ summary: 'JSON for programs, errors included', helpGroup: 'GLOBAL' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    const { diagnose } = await import('../runtime/doctor/diagnose.js');
    const report = await diagnose();
    if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    else {
      const { formatDoctorReport } = await import('../cli/doctor-text.js');
      process.stdout.write(formatDoctorReport(report, process.stdout));
    }
    if (report.isolation.length === 0) process.exitCode = 1;
  }
}
