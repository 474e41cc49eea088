/**
 * Draws lines with Ink: one text per line and nothing else, whole frames out of `FramePort`. This is the only module that
 * knows Ink; it is loaded late, because that costs half a second, and only by what draws a full screen.
 *
 * Each line goes in as the transformation of an empty text: Ink keeps the measure of every text that it has ever seen, so
 * a clock in a text would fill the memory of a program that runs for weeks. The layout is one line each, nothing to measure.
 */
import { Box, render, Text, Transform } from 'ink';
import { memo } from 'react';
import { FramePort } from './frame-port.js';

const NOTHING_DRAWN: ReadonlyMap<string, string> = new Map([['', '']]);

export interface InkCanvas {
  /** Draws at once; the frame goes to `onFrame`. */
  draw(lines: readonly string[]): void;
  resize(columns: number, rows: number): void;
  close(): void;
}

const Line = memo(function Line({ text }: { readonly text: string }) {
  return (
    <Transform transform={() => text}>
      <Text> </Text>
    </Transform>
  );
});

function App({ lines }: { readonly lines: readonly string[] }) {
  return (
    <Box flexDirection="column">
      {lines.map((text, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its row
        <Line key={row} text={text} />
      ))}
    </Box>
  );
}

/**
 * Ink takes a line apart into styled characters and puts it together again, whether it changed or not: a third of the work of
 * a screen that is redrawn every second. So it gets only lines that the last frame did not have.
 */
export function createInkCanvas(columns: number, rows: number, onFrame: (lines: readonly string[]) => void): InkCanvas {
  /** What Ink made of the lines of the last frame. An empty line is one; a frame of nothing else Ink does not draw. */
  let drawn: ReadonlyMap<string, string> = NOTHING_DRAWN;
  let made: readonly string[] = [];
  const port = new FramePort(columns, rows, (lines) => {
    made = lines;
  });
  const ink = render(<App lines={[]} />, {
    stdout: port as unknown as NodeJS.WriteStream,
    debug: true,
    patchConsole: false,
    exitOnCtrlC: false,
    isScreenReaderEnabled: false,
  });
  return {
    draw: (lines) => {
      const missing = [...new Set(lines.filter((line) => !drawn.has(line)))];
      if (missing.length > 0) ink.rerender(<App lines={missing} />);
      const fresh = new Map(missing.map((line, at) => [line, made[at] ?? '']));
      const frame = lines.map((line) => drawn.get(line) ?? fresh.get(line) ?? '');
      drawn = new Map([...NOTHING_DRAWN, ...lines.map((line, at) => [line, frame[at] ?? ''] as const)]);
      onFrame(frame);
    },
    resize: (newColumns, newRows) => {
      drawn = NOTHING_DRAWN;
      port.resize(newColumns, newRows);
    },
    close: () => ink.unmount(),
  };
}
