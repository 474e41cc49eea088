import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffFrame } from '../../../../src/views/tui/diff-frame.js';
import { Emulator } from '../../../harness/emulator.js';

const piece = fc.oneof(
  fc.stringMatching(/^[ -~]{0,12}$/),
  fc.constantFrom(
    '日本',
    'é',
    '█▒░',
    '…',
    '\u001b[7mselected\u001b[27m',
    '\u001b[1;31mbad\u001b[0m',
    '\u001b[38;2;210;22;75mred',
  ),
);
const line = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
const frame = fc.array(line, { minLength: 1, maxLength: 12 });
const step = fc.oneof(
  { weight: 5, arbitrary: frame },
  {
    weight: 1,
    arbitrary: fc.record({ columns: fc.integer({ min: 2, max: 40 }), rows: fc.integer({ min: 1, max: 14 }) }),
  },
);

/** What a terminal of that size shows of a frame: each line written by itself, what does not fit is cut. */
async function freshPaint(lines: readonly string[], columns: number, rows: number): Promise<string[]> {
  const emulator = new Emulator(columns, rows);
  for (let row = 0; row < Math.min(rows, lines.length); row++)
    await emulator.write(`\u001b[?7l\u001b[${row + 1};1H\u001b[0m${lines[row]}`);
  return emulator.cells();
}

describe('diffFrame', () => {
  it('makes any frame of any other, through resizes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        let [columns, rows] = [20, 10];
        const emulator = new Emulator(columns, rows);
        let previous: readonly string[] | undefined;
        for (const next of steps) {
          if (!Array.isArray(next)) {
            ({ columns, rows } = next);
            emulator.resize(columns, rows);
            previous = undefined;
            continue;
          }
          const lines = next.slice(0, rows);
          await emulator.write(diffFrame(previous, lines));
          previous = lines;
          expect(emulator.cells()).toEqual(await freshPaint(lines, columns, rows));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('sends nothing for an equal frame and little for one changed line', () => {
    const before = Array.from({ length: 24 }, (_, row) => `row ${row}`.padEnd(80, '.'));
    const after = before.map((text, row) => (row === 3 ? 'changed' : text));
    expect(diffFrame(before, before)).toBe('');
    expect(diffFrame(before, after)).toContain('\u001b[4;1H\u001b[0m\u001b[2Kchanged');
    expect(diffFrame(before, after).length).toBeLessThan(60);
  });

  it('never erases the scrollback and never moves lines up', async () => {
    const emulator = new Emulator(20, 4);
    await emulator.write('one\r\ntwo\r\nthree\r\nfour\r\nfive');
    const before = emulator.terminal.buffer.active.length;
    const lines = ['a'.repeat(20), 'b'.repeat(20), 'c'.repeat(20), 'd'.repeat(20)];
    const text = diffFrame(undefined, lines) + diffFrame(lines, ['x', '', '', 'y'.repeat(20)]);
    expect(text).not.toContain('\u001b[3J');
    await emulator.write(text);
    expect(emulator.terminal.buffer.active.length).toBe(before);
    expect(emulator.lines()).toEqual(['x', '', '', 'y'.repeat(20)]);
  });
});
