// Properties of the codecs over messages of every type.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRejection, type Rejection } from '../../../src/base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../../src/wire/codec.js';
import { decodeJson, encodeJson } from '../../../src/wire/json.js';
import { encodeRecord, RecordDecoder } from '../../../src/wire/recordio.js';
import { MESSAGE_TYPES } from './all-types.js';
import { Dice, randomMessage } from './random-message.js';

const seeds = fc.integer({ min: 0, max: 0xffff_ffff });

function must<T>(value: T | Rejection): T {
  if (isRejection(value)) throw new Error(value.message);
  return value;
}

describe('any message', () => {
  it('survives JSON -> protobuf -> JSON', () => {
    fc.assert(
      fc.property(fc.constantFrom(...MESSAGE_TYPES), seeds, (type, seed) => {
        const text = encodeJson(type, randomMessage(type, new Dice(seed)));
        const fromText = must(decodeJson(type, text));
        const bytes = encodeProtobuf(type, fromText);
        expect(encodeJson(type, must(decodeProtobuf(type, bytes)))).toBe(text);
      }),
      { numRuns: 3000 },
    );
  });

  it('survives protobuf, value by value', () => {
    fc.assert(
      fc.property(fc.constantFrom(...MESSAGE_TYPES), seeds, (type, seed) => {
        const message = randomMessage(type, new Dice(seed));
        const bytes = encodeProtobuf(type, message);
        expect(must(decodeProtobuf(type, bytes))).toEqual(message);
        expect(Buffer.compare(encodeProtobuf(type, must(decodeProtobuf(type, bytes))), bytes)).toBe(0);
      }),
      { numRuns: 3000 },
    );
  });

  it('is one line of ASCII as JSON', () => {
    fc.assert(
      fc.property(fc.constantFrom(...MESSAGE_TYPES), seeds, (type, seed) => {
        expect(encodeJson(type, randomMessage(type, new Dice(seed)))).toMatch(/^[\x20-\x7f]*$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('that is split and joined on the wire merges to the same message', () => {
    // Concatenating the encodings of two messages is their merge: singular fields of the second win, lists append.
    fc.assert(
      fc.property(fc.constantFrom(...MESSAGE_TYPES), seeds, (type, seed) => {
        const message = randomMessage(type, new Dice(seed));
        const parts = type.fields.map((field) => {
          const value = message[field.name];
          return value === undefined ? new Uint8Array(0) : fieldBytes(type, message, field.name);
        });
        expect(must(decodeProtobuf(type, Buffer.concat(parts.reverse())))).toEqual(message);
      }),
      { numRuns: 500 },
    );
  });
});

/** The bytes of one field: what is left of the encoding when required fields cannot be dropped, found by position. */
function fieldBytes(type: (typeof MESSAGE_TYPES)[number], message: Record<string, unknown>, name: string): Uint8Array {
  const relaxed = {
    fullName: type.fullName,
    fields: type.fields.filter((field) => field.name === name),
    byNumber: type.byNumber,
    byName: type.byName,
  };
  return encodeProtobuf(relaxed, { [name]: message[name] });
}

describe('a RecordIO stream', () => {
  const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 8 });

  it('decodes the same however it is cut', () => {
    fc.assert(
      fc.property(payloads, fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1 }), (records, sizes) => {
        const stream = Buffer.concat(records.map((record) => encodeRecord(record)));
        const decoder = new RecordDecoder({ maxRecordBytes: 1000 });
        const seen: Buffer[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          seen.push(...must(decoder.push(stream.subarray(at, at + size))));
          at += size;
        }
        expect(seen.map((record) => [...record])).toEqual(records.map((record) => [...record]));
        expect(decoder.pendingBytes).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('decodes the same when cut at any one place', () => {
    const stream = Buffer.concat([encodeRecord('{"a":1}'), encodeRecord('é'), encodeRecord('x'.repeat(120))]);
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const decoder = new RecordDecoder({ maxRecordBytes: 1000 });
      const seen = [...must(decoder.push(stream.subarray(0, cut))), ...must(decoder.push(stream.subarray(cut)))];
      expect(seen.map((record) => record.toString())).toEqual(['{"a":1}', 'é', 'x'.repeat(120)]);
    }
  });
});
