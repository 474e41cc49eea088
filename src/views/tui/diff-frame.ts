/**
 * What to send to a terminal so that it shows one frame instead of another: the lines that differ, each erased and written
 * anew, in one synchronized update. Pure. Source: design/ux, section 3, "Recipe".
 *
 * Invariants: never scrolls, never touches the scrollback (`CSI 3J`), never relies on where the cursor was or on what
 * attributes were set; automatic wrapping is off while it writes, so that a line of full width stays one line.
 */
const BEGIN = '\u001b[?2026h\u001b[?7l';
const END = '\u001b[0m\u001b[?7h\u001b[?2026l';
const ERASE_SCREEN = '\u001b[0m\u001b[2J';

/**
 * `previous`: what the terminal shows, undefined if that is not known (at the start, after a resize, after somebody else
 * had the terminal). Lines hold SGR sequences and no other control characters. '' if there is nothing to do.
 */
export function diffFrame(previous: readonly string[] | undefined, next: readonly string[]): string {
  const changes: string[] = [];
  for (let row = 0; row < next.length; row++) {
    const line = next[row] ?? '';
    if (line !== (previous?.[row] ?? '')) changes.push(writeLine(row, line));
  }
  for (let row = next.length; row < (previous?.length ?? 0); row++)
    if (previous?.[row] !== '') changes.push(writeLine(row, ''));
  if (previous === undefined) return `${BEGIN}${ERASE_SCREEN}${changes.join('')}${END}`;
  return changes.length === 0 ? '' : `${BEGIN}${changes.join('')}${END}`;
}

function writeLine(row: number, line: string): string {
  return `\u001b[${row + 1};1H\u001b[0m\u001b[2K${line}`;
}
