import { describe, expect, it } from 'vitest';
import { diffFrame } from '../../../../src/views/tui/diff-frame.js';
import { createInkCanvas } from '../../../../src/views/tui/ink-canvas.js';
import { Emulator } from '../../../harness/emulator.js';

function open() {
  const frames: (readonly string[])[] = [];
  const canvas = createInkCanvas((lines) => frames.push(lines));
  frames.length = 0;
  return { canvas, frames };
}

const STYLED = [
  'plain',
  '',
  '\u001b[1m\u001b[31m! bad\u001b[39m\u001b[22m and more',
  '\u001b[7m > selected        \u001b[27m',
  '日本 █▒░ …',
  '\u001b[38;2;210;22;75mtruecolour\u001b[39m',
  'x'.repeat(20),
  ' q quit',
];

describe('createInkCanvas', () => {
  it('hands on exactly the lines it was given: the same cells in the same style', async () => {
    const { canvas, frames } = open();
    canvas.draw(STYLED);
    canvas.close();
    expect(frames[0]).toEqual(STYLED);
    const [through, direct] = [new Emulator(20, STYLED.length), new Emulator(20, STYLED.length)];
    await through.write(diffFrame(undefined, frames[0] ?? []));
    await direct.write(diffFrame(undefined, STYLED));
    expect(through.cells()).toEqual(direct.cells());
  });

  it('gives one frame for each draw, as tall as the lines', () => {
    const { canvas, frames } = open();
    const lines = (rows: number, text: string) => Array.from({ length: rows }, (_, row) => `${text} ${row}`);
    canvas.draw(lines(24, 'a'));
    canvas.draw(lines(24, 'b'));
    canvas.draw(lines(10, 'c'));
    canvas.draw(lines(40, 'd'));
    canvas.draw(lines(1_000, 'e'));
    expect(frames.map((frame) => frame.length)).toEqual([24, 24, 10, 40, 1_000]);
    expect(frames[3]).toEqual(lines(40, 'd'));
    expect(frames.at(-1)?.at(-1)).toBe('e 999');
    canvas.close();
  });

  it('draws the same whatever it drew before: kept lines move, change their neighbours and come back', async () => {
    const { canvas, frames } = open();
    const sequence = [
      STYLED.slice(0, 4),
      ['', '', '', ''],
      [...STYLED.slice(1, 4), 'new'],
      STYLED.slice(2, 6),
      ['same', 'same', STYLED[2] ?? '', ''],
      STYLED.slice(0, 4),
    ];
    for (const lines of sequence) canvas.draw(lines);
    expect(frames).toHaveLength(sequence.length);
    canvas.close();
    for (const [at, lines] of sequence.entries()) {
      const [through, direct] = [new Emulator(20, 4), new Emulator(20, 4)];
      await through.write(diffFrame(undefined, frames[at] ?? []));
      await direct.write(diffFrame(undefined, lines));
      expect(through.cells()).toEqual(direct.cells());
    }
  });

  it('writes nothing but frames: no cursor, no erasing', () => {
    const { canvas, frames } = open();
    canvas.draw(['one', 'two', 'three']);
    canvas.close();
    for (const line of frames.flat()) expect(line).not.toContain('\u001b');
  });
});
