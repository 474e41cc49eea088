import { describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import {
  formatMode,
  parseFilePosition,
  toLegacyFile,
  toLegacyRead,
} from '../../../src/runtime/sandbox/legacy-files.js';

describe('legacy /files shapes', () => {
  it.each([
    [0o100644, '-rw-r--r--'],
    [0o040755, 'drwxr-xr-x'],
    [0o120777, 'lrwxrwxrwx'],
    [0o041777, 'drwxrwxrwt'],
    [0o104755, '-rwsr-xr-x'],
    [0o102644, '-rw-r-Sr--'],
    [0o010600, 'prw-------'],
    [0o020666, 'crw-rw-rw-'],
  ])('writes mode %o as %s', (mode, expected) => {
    expect(formatMode(mode)).toBe(expected);
  });

  it('writes a file row with whole seconds', () => {
    const info = {
      path: '/p/f',
      nlink: 1,
      size: 3,
      mtime: { nanoseconds: 1_700_000_000_999_999_999n },
      mode: 0o100600,
      uid: 'root',
      gid: 'root',
    };
    expect(toLegacyFile(info)).toEqual({
      path: '/p/f',
      nlink: 1,
      size: 3,
      mtime: 1_700_000_000,
      mode: '-rw-------',
      uid: 'root',
      gid: 'root',
    });
  });

  it('answers an absent offset with the size', () => {
    const read = { sizeBytes: 7, data: Buffer.from('ab') };
    expect(toLegacyRead(undefined, { ...read, data: Buffer.alloc(0) })).toEqual({ offset: 7, data: '' });
    expect(toLegacyRead(3, read)).toEqual({ offset: 3, data: 'ab' });
  });

  it('reads positions', () => {
    expect(parseFilePosition('offset', undefined)).toBeUndefined();
    expect(parseFilePosition('offset', '-1')).toBeUndefined();
    expect(parseFilePosition('offset', '12')).toBe(12);
    for (const bad of ['', 'x', '-2', '1.5', '1e3', ' 1'])
      expect(isRejection(parseFilePosition('offset', bad)), bad).toBe(true);
  });
});
