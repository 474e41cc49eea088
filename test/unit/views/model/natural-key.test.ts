import { describe, expect, it } from 'vitest';
import { naturalKey } from '../../../../src/views/model/natural-key.js';

const byKey = (texts: readonly string[]) =>
  texts.toSorted((a, b) => (naturalKey(a) < naturalKey(b) ? -1 : naturalKey(a) > naturalKey(b) ? 1 : 0));

describe('naturalKey', () => {
  it('orders numbers by value, wherever they stand', () => {
    const ordered = ['node-2', 'node-9', 'node-10', 'node-10-a1', 'node-10-a02', 'node-10-a10', 'node-100', 'node-a'];
    expect(byKey(ordered.toReversed())).toEqual(ordered);
  });

  it('pays no regard to case and leading zeros', () => {
    expect(naturalKey('Web.007')).toBe(naturalKey('web.7'));
    expect(naturalKey('web')).toBe('web');
    expect(naturalKey('0')).not.toBe(naturalKey(''));
  });
});
