/** How bad a thing is, in the terminal's own colours (design/ux, section 3, "Colour"); what is normal has none. Pure. */
import type { Severity } from '../views/model/rows.js';

/** SGR codes. */
const CODE_OF: Readonly<Record<Severity, string>> = {
  bad: '\u001b[1;31m',
  waiting: '\u001b[1;33m',
  unknown: '\u001b[35m',
  normal: '',
};
const RESET = '\u001b[0m';

export function colorText(text: string, severity: Severity, isColored: boolean): string {
  const code = isColored ? CODE_OF[severity] : '';
  return code === '' ? text : `${code}${text}${RESET}`;
}
