/** Lazy iteration over the books: nothing is copied. */

/** Lazily maps; one pass. */
export function* map<T, U>(items: Iterable<T>, change: (item: T) => U): IterableIterator<U> {
  for (const item of items) yield change(item);
}

/** Lazily concatenates; one pass. */
export function* flatten<T, U>(items: Iterable<T>, inner: (item: T) => Iterable<U>): IterableIterator<U> {
  for (const item of items) yield* inner(item);
}
