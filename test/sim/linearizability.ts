/**
 * Whether a history of reads and writes of registers is linearizable: Wing and Gong's search with memory of what was tried
 * (Lowe), one register at a time, since registers are independent (Herlihy and Wing, locality). Exact: it never guesses.
 */

export interface Operation {
  readonly key: string;
  readonly kind: 'write' | 'read';
  /** What was written, or what was read; undefined: the register was read empty. */
  readonly value: string | undefined;
  readonly calledAt: number;
  /** undefined: nobody knows whether it happened; only writes may be so. */
  readonly returnedAt: number | undefined;
}

/** The key whose history cannot be explained, with that history; undefined: all can. */
export function findViolation(history: readonly Operation[]): { key: string; operations: Operation[] } | undefined {
  const byKey = new Map<string, Operation[]>();
  for (const operation of history) {
    const known = byKey.get(operation.key);
    if (known === undefined) byKey.set(operation.key, [operation]);
    else known.push(operation);
  }
  for (const [key, operations] of byKey) if (!isLinearizable(operations)) return { key, operations };
  return undefined;
}

/** Of one register that begins empty. */
export function isLinearizable(history: readonly Operation[]): boolean {
  const operations = usefulOf(history).sort((a, b) => a.calledAt - b.calledAt);
  const needed = operations.filter(({ returnedAt }) => returnedAt !== undefined).length;
  const tried = new Set<string>();
  const done = new Uint8Array(operations.length);
  const search = (value: string | undefined, left: number): boolean => {
    if (left === 0) return true;
    const state = `${done.join('')}/${value ?? ''}`;
    if (tried.has(state)) return false;
    tried.add(state);
    // Whatever is next must have been called before every other open operation returned.
    let latestCall = Number.POSITIVE_INFINITY;
    for (let i = 0; i < operations.length; i++)
      if (done[i] === 0) latestCall = Math.min(latestCall, operations[i]?.returnedAt ?? Number.POSITIVE_INFINITY);
    for (let i = 0; i < operations.length; i++) {
      const operation = operations[i] as Operation;
      if (done[i] === 1) continue;
      if (operation.calledAt > latestCall) break;
      if (operation.kind === 'read' && operation.value !== value) continue;
      done[i] = 1;
      const next = operation.kind === 'write' ? operation.value : value;
      if (search(next, left - (operation.returnedAt === undefined ? 0 : 1))) return true;
      done[i] = 0;
    }
    return false;
  };
  return search(undefined, needed);
}

/** A write that may or may not have happened and that nobody ever read explains nothing: it is left out. */
function usefulOf(history: readonly Operation[]): Operation[] {
  const read = new Set(history.flatMap(({ kind, value }) => (kind === 'read' ? [value] : [])));
  return history.filter(({ returnedAt, value }) => returnedAt !== undefined || read.has(value));
}
