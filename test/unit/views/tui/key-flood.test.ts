/** A flood of keys must not hold up what comes after it. */
import { describe, expect, it } from 'vitest';
import { condensed } from '../../../../src/views/tui/key-input.js';
import type { Key } from '../../../../src/views/tui/ui.js';

const typed = (text: string): Key[] => Array.from(text, (letter) => ({ kind: 'text', text: letter, pasted: false }));
const named = (name: 'down' | 'up', count: number): Key[] =>
  Array.from({ length: count }, () => ({ kind: 'named', name }));

describe('condensed', () => {
  it('leaves alone what a person types', () => {
    const keys = [...typed('jjjk'), ...named('down', 5)];
    expect(condensed(keys)).toBe(keys);
  });

  it('takes much text at once for a paste that was not announced', () => {
    const text = 'mesoctl task kill web.1 --yes; '.repeat(100);
    expect(condensed(typed(text))).toEqual([{ kind: 'text', text, pasted: true }]);
  });

  it('bounds a key that is held down, and keeps the order', () => {
    const kept = condensed([...named('down', 5_000), ...named('up', 3), ...typed('q')]);
    expect(kept.slice(-4)).toEqual([...named('up', 3), ...typed('q')]);
    expect(kept).toHaveLength(36);
  });
});
