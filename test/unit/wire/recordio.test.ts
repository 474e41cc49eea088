import { describe, expect, it } from 'vitest';
import { isRejection, type Rejection } from '../../../src/base/rejection.js';
import { encodeRecord, RecordDecoder } from '../../../src/wire/recordio.js';

const open = (maxRecordBytes = 1000): RecordDecoder => new RecordDecoder({ maxRecordBytes });
const texts = (result: readonly Buffer[] | Rejection): unknown => (isRejection(result) ? result : result.map(String));

function complaint(value: unknown): Rejection {
  if (!isRejection(value)) throw new Error('not a rejection');
  return value;
}

describe('encodeRecord', () => {
  it('puts length line and payload into one buffer', () => {
    expect(encodeRecord('{"type":"HEARTBEAT"}').toString()).toBe('20\n{"type":"HEARTBEAT"}');
    expect([...encodeRecord(Uint8Array.from([0, 255]))]).toEqual([0x32, 0x0a, 0, 255]);
  });

  it('counts bytes, not characters', () => {
    expect(encodeRecord('é漢').toString()).toBe('5\né漢');
  });
});

describe('RecordDecoder', () => {
  it('decodes several records of one chunk', () => {
    expect(texts(open().push(Buffer.from('1\na3\nbcd2\nef')))).toEqual(['a', 'bcd', 'ef']);
  });

  it('knows how much it holds', () => {
    const decoder = open();
    expect(decoder.push(Buffer.from('12\nabc'))).toEqual([]);
    expect(decoder.pendingBytes).toBe(6);
    expect(texts(decoder.push(Buffer.from('defghijkl')))).toEqual(['abcdefghijkl']);
    expect(decoder.pendingBytes).toBe(0);
  });

  it('takes plain arrays of bytes and empty chunks', () => {
    const decoder = open();
    expect(decoder.push(new Uint8Array(0))).toEqual([]);
    expect(texts(decoder.push(new TextEncoder().encode('1\nx')))).toEqual(['x']);
  });

  it.each([
    ['letters', 'abc\n', 'not a decimal number'],
    ['a sign', '-1\nx', 'not a decimal number'],
    ['a blank', ' 1\nx', 'not a decimal number'],
    ['hexadecimal', '0x10\n', 'not a decimal number'],
    ['a carriage return', '1\r\nx', 'not a decimal number'],
    ['no digits', '\nx', 'is missing'],
    ['zero', '0\n', 'is zero'],
    ['zeros', '0000\n', 'is zero'],
    ['endless digits', '1'.repeat(21), 'too many digits'],
    ['endless zeros', '0'.repeat(21), 'too many digits'],
  ])('refuses a length of %s', (_what, text, expected) => {
    const rejection = complaint(open().push(Buffer.from(text)));
    expect(rejection.code).toBe('malformed');
    expect(rejection.message).toContain(expected);
  });

  it('refuses records above its limit before they arrive, and takes those at the limit', () => {
    const rejection = complaint(open(10).push(Buffer.from('11\n')));
    expect(rejection.code).toBe('too-large');
    expect(rejection.message).toContain('11 bytes exceeds the limit of 10');
    expect(complaint(open(10).push(Buffer.from('18446744073709551615\n'))).code).toBe('too-large');
    expect(texts(open(10).push(Buffer.from('10\n0123456789')))).toEqual(['0123456789']);
  });

  it('stays refused', () => {
    const decoder = open();
    const rejection = decoder.push(Buffer.from('x'));
    expect(decoder.push(Buffer.from('1\na'))).toBe(rejection);
  });

  it('does not allocate what a length line only promises', () => {
    const decoders = Array.from({ length: 200 }, () => open(1e9));
    const before = process.memoryUsage().arrayBuffers;
    for (const decoder of decoders) decoder.push(Buffer.from('900000000\nab'));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
  });

  it('takes a large record byte by byte in linear time', () => {
    const decoder = open(3_000_000);
    const record = encodeRecord(Buffer.alloc(2_000_000, 7));
    let count = 0;
    for (let at = 0; at < record.length; at += 1) {
      const result = decoder.push(record.subarray(at, at + 1));
      if (!isRejection(result)) count += result.length;
    }
    expect(count).toBe(1);
  });
});
