/** Termination signals of a daemon process: the first asks, the second ends at once (architecture, section 8). */

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Calls `onFirst` once; a further signal exits with 128 plus its number. Install it before anything is opened. Returns a
 * function that takes the handlers away again.
 */
export function onTerminationSignal(onFirst: (signal: string) => void): () => void {
  let received = 0;
  const handlers = Object.entries(SIGNALS).map(([name, number]) => {
    const handler = () => {
      received += 1;
      if (received > 1) process.exit(128 + number);
      onFirst(name);
    };
    process.on(name, handler);
    return { name, handler };
  });
  return () => {
    for (const { name, handler } of handlers) process.removeListener(name, handler);
  };
}
