/**
 * A small program on `withTerminal`, for tests of the terminal's life: shows each key, and breaks when told to. Where it
 * cannot be seen, it tells by a file (FLOODED) that it has written more than a terminal takes.
 */
import { writeFileSync } from 'node:fs';
import { diffFrame } from '../../src/views/tui/diff-frame.js';
import { systemSchedule } from '../../src/views/tui/schedule.js';
import { type Terminal, withTerminal } from '../../src/views/tui/terminal.js';

const lines: string[] = ['ready'];

try {
  const ending = await withTerminal(process, systemSchedule, (terminal) => {
    const paint = () => {
      const size = `${terminal.columns}x${terminal.rows}`;
      terminal.output.write(diffFrame(undefined, [size, ...lines.slice(-10)]));
    };
    paint();
    return {
      onInput: (bytes) => {
        const text = Buffer.from(bytes).toString('utf8');
        lines.push(`key ${JSON.stringify(text)}`);
        if (text === 'q') terminal.end({ kind: 'quit' });
        if (text === '\u0003') terminal.end({ kind: 'signal', number: 2 });
        if (text === '\u001a') terminal.suspend();
        if (text === 't') setTimeout(breakDown, 0);
        if (text === 'r') void Promise.reject(new Error('a broken promise'));
        if (text === 'e') process.exit(7);
        if (text === 'm') terminal.setMouse(true);
        if (text === 'f') flood(terminal);
        paint();
      },
      onResize: paint,
      onSuspend: () => lines.push('suspended'),
      onResume: () => {
        lines.push('resumed');
        paint();
      },
      lastLine: (how) => `ended: ${JSON.stringify(how)}`,
    };
  });
  process.exit(ending.kind === 'signal' ? 128 + ending.number : 0);
} catch (error) {
  console.log(`failed: ${(error as Error).message}`);
  process.exit(1);
}

/** A megabyte; a terminal buffers a few kilobytes. */
function flood({ output }: Terminal): void {
  for (let i = 0; i < 2000; i++) output.write(`flood ${i} ${'x'.repeat(500)}`);
  if (process.env.FLOODED !== undefined && !output.isDrained) writeFileSync(process.env.FLOODED, '');
}

function breakDown(): never {
  throw new Error('a broken callback');
}
