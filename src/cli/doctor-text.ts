/** The doctor's report as a table: what is fine in one line, what is not with what to do about it. */
import { Chalk } from 'chalk';
import type { DoctorReport, DoctorRow, DoctorState } from '../runtime/doctor/doctor-report.js';
import { wantsColor } from './color.js';
import { formatTable } from './table.js';

/** Glyph and word, so that colour carries nothing alone. */
const WORD: Readonly<Record<DoctorState, string>> = {
  ok: 'ok',
  warning: '! warning',
  missing: 'x missing',
  unknown: '? unknown',
};

export function formatDoctorReport(report: DoctorReport, stream: NodeJS.WriteStream): string {
  const chalk = new Chalk({ level: wantsColor(stream) ? 1 : 0 });
  const colorOf: Readonly<Record<DoctorState, (text: string) => string>> = {
    ok: (text) => text,
    warning: chalk.yellow,
    missing: chalk.red,
    unknown: chalk.yellow,
  };
  const section = (title: string, rows: readonly DoctorRow[]): string[] => {
    const [head = '', ...lines] = formatTable(
      [title, 'STATE', 'FOUND'],
      rows.map((row) => [row.name, WORD[row.state], row.found]),
    );
    const colored = lines.map((line, i) => {
      const row = rows[i];
      return row === undefined ? line : colorOf[row.state](line);
    });
    return [head, ...colored.flatMap((line, i) => [line, ...remedyOf(rows, i)]), ''];
  };
  return [
    `${report.hostname}: ${report.operatingSystem}, Linux ${report.kernel}`,
    '',
    ...section(
      'MACHINE',
      report.rows.filter(({ group }) => group === 'machine'),
    ),
    ...section(
      'ISOLATOR',
      report.rows.filter(({ group }) => group === 'isolator'),
    ),
    ...conclusion(report),
    '',
  ].join('\n');
}

/** Rows in a row with the same remedy share its line. */
function remedyOf(rows: readonly DoctorRow[], i: number): string[] {
  const remedy = rows[i]?.remedy;
  return remedy === undefined || rows[i + 1]?.remedy === remedy ? [] : [`    do: ${remedy}`];
}

function conclusion({ isolation, reduced }: DoctorReport): string[] {
  if (isolation.length === 0) return ['No task can be run here.'];
  if (reduced.length === 0) return ['The default isolation works here.'];
  const missing = reduced.map(({ isolator }) => isolator).join(', ');
  return [`Without ${missing} the strongest isolation here is`, `  --isolation ${isolation.join(',')}`];
}
