/** Where a task's output and our own talk go. A reader that went away ends the task, as SIGPIPE would. */
import { type Interrupts, SIGPIPE_NUMBER } from '../interrupts.js';

export interface Output {
  write(stream: 'stdout' | 'stderr', data: Uint8Array): Promise<void>;
  say(line: string): void;
}

export function openOutput(interrupts: Interrupts): Output {
  let isClosed = false;
  process.stdout.on('error', () => {
    isClosed = true;
    interrupts.raise(SIGPIPE_NUMBER);
  });
  return {
    write: (name, data) => {
      if (name === 'stdout' && isClosed) return Promise.resolve();
      return new Promise((resolve) => {
        process[name].write(data, () => resolve());
      });
    },
    say: (line) => {
      process.stderr.write(`mesoctl: ${line}\n`);
    },
  };
}
