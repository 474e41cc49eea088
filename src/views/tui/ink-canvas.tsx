/**
 * Draws lines with Ink: one text per line and nothing else, whole frames out of `FramePort`. This is the only module that
 * knows Ink; it is loaded late, because that costs half a second, and only by what draws a full screen.
 *
 * Each line goes in as the transformation of an empty text, and comes out as a mark that `FramePort` knows (there: why). Ink
 * keeps the measure of every text that it has ever seen, so a clock in a text would fill the memory of a program that runs for
 * weeks. The layout is one line each, nothing to measure, and the same for every size of the terminal.
 */
import { Box, render, Text, Transform } from 'ink';
import { memo } from 'react';
import { FramePort } from './frame-port.js';

export interface InkCanvas {
  /** Draws at once; the frame goes to `onFrame`. */
  draw(lines: readonly string[]): void;
  close(): void;
}

interface LineProps {
  readonly text: string;
  readonly port: FramePort;
}

const Line = memo(function Line({ text, port }: LineProps) {
  return (
    <Transform transform={() => port.place(text)}>
      <Text> </Text>
    </Transform>
  );
});

function App({ lines, port }: { readonly lines: readonly string[]; readonly port: FramePort }) {
  return (
    <Box flexDirection="column">
      {lines.map((text, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its row
        <Line key={row} text={text} port={port} />
      ))}
    </Box>
  );
}

export function createInkCanvas(onFrame: (lines: readonly string[]) => void): InkCanvas {
  const port = new FramePort(onFrame);
  const ink = render(<App lines={[]} port={port} />, {
    stdout: port as unknown as NodeJS.WriteStream,
    debug: true,
    patchConsole: false,
    exitOnCtrlC: false,
    isScreenReaderEnabled: false,
  });
  return {
    draw: (lines) => ink.rerender(<App lines={lines} port={port} />),
    close: () => ink.unmount(),
  };
}
