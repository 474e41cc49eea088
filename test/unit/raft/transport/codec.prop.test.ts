// What members say survives the wire, whichever of the two decoders reads it, and nothing that a peer sends is worse than refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRejection } from '../../../../src/base/rejection.js';
import { decodeAppend } from '../../../../src/raft/transport/append-codec.js';
import { encodeMessage, encodePeerRecord, messageFromWire } from '../../../../src/raft/transport/message-codec.js';
import {
  decodePeerRecord,
  encodeBootstrap,
  encodeHello,
  encodeIntroduction,
} from '../../../../src/raft/transport/peer-codec.js';
import { decodeProtobuf, encodeProtobuf } from '../../../../src/wire/codec.js';
import { PeerRecord } from '../../../../src/wire/gen/mesoctl-peer.js';
import { RecordDecoder } from '../../../../src/wire/recordio.js';
import { bootstrapMessages, ENDS, introductions, messages } from './arbitraries.js';

/** The payload of one encoded record. */
function payload(record: Buffer): Buffer {
  const records = new RecordDecoder({ maxRecordBytes: record.length }).push(record);
  if (isRejection(records) || records.length !== 1) throw new Error('not exactly one record');
  return records[0] as Buffer;
}

describe('round trips', () => {
  test('messages', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const frame = decodePeerRecord(payload(encodeMessage(message)), ENDS);
        expect(frame).toEqual({ kind: 'message', message });
      }),
      { numRuns: 500 },
    );
  });

  test('an append written by hand is what the tables read, and the other way round', () => {
    fc.assert(
      fc.property(
        messages.filter(({ kind }) => kind === 'append'),
        (message) => {
          const byHand = payload(encodeMessage(message));
          const wire = decodeProtobuf(PeerRecord, byHand);
          if (isRejection(wire)) throw new Error(wire.message);
          expect(messageFromWire(wire, ENDS)).toEqual(message);
          expect(Buffer.from(encodeProtobuf(PeerRecord, wire)).equals(byHand)).toBe(true);
          const decoded = decodeAppend(byHand);
          if (decoded !== undefined) expect({ kind: 'append', ...ENDS, ...decoded }).toEqual(message);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('appends of data only are read by hand', () => {
    const data = new Uint8Array([1, 2, 3]);
    const entries = [1, 2].map((index) => ({ index, term: 300, body: { kind: 'data', data } as const }));
    const message = { kind: 'append', ...ENDS, term: 2 ** 40, prevIndex: 0, prevTerm: 0, commit: 0, entries } as const;
    expect(decodeAppend(payload(encodeMessage(message)))?.entries).toEqual(entries);
  });

  test('bootstrap messages, introductions and Hellos', () => {
    fc.assert(
      fc.property(bootstrapMessages, introductions, fc.uint8Array(), (message, introduction, credential) => {
        expect(decodePeerRecord(payload(encodeBootstrap(message)), ENDS)).toEqual({ kind: 'bootstrap', message });
        const again = decodePeerRecord(payload(encodeIntroduction(introduction)), ENDS);
        expect(again).toEqual({ kind: 'introduction', introduction });
        const hello = {
          minVersion: 1,
          maxVersion: 3,
          credential,
          instance: '0123456789abcdef'.repeat(2),
          introduction,
        };
        expect(decodePeerRecord(payload(encodeHello(hello)), undefined)).toEqual({ kind: 'hello', hello });
      }),
    );
  });
});

describe('hostile bytes', () => {
  test('random bytes are refused or understood, never thrown about', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isOpen) => {
        decodePeerRecord(Buffer.from(bytes), isOpen ? ENDS : undefined);
      }),
      { numRuns: 3000 },
    );
  });

  test('mutated messages are refused, or still obey the rules of messages', () => {
    const places = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(messages, places, fc.nat(40), (message, changes, cut) => {
        const bytes = Buffer.from(payload(encodeMessage(message)));
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const frame = decodePeerRecord(bytes.subarray(0, bytes.length - (cut > 20 ? cut - 20 : 0)), ENDS);
        if (isRejection(frame) || frame.kind !== 'message') return;
        const { message: read } = frame;
        expect(read).toMatchObject(ENDS);
        for (const value of Object.values(read))
          if (typeof value === 'number') expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
        if (read.kind !== 'append') return;
        expect(read.entries.every(({ term, index }, i) => term <= read.term && index === read.prevIndex + 1 + i)).toBe(
          true,
        );
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['no body', {}, 'kind that this version'],
    ['append of term 0', { append: { term: 0, prev_index: 0, prev_term: 0, commit: 0 } }, 'term 0'],
    [
      'entry of a later term',
      { append: { term: 1, prev_index: 0, prev_term: 0, commit: 0, entries: [{ term: 2, data: new Uint8Array(1) }] } },
      'later term',
    ],
    [
      'entry terms that go back',
      { append: { term: 5, prev_index: 4, prev_term: 3, commit: 0, entries: [{ term: 2, data: new Uint8Array(1) }] } },
      'go back',
    ],
    ['too large a number', { heartbeat: { term: 1n << 60n, commit: 0, round: 0 } }, 'larger than any'],
    [
      'indexes that end nowhere',
      {
        append: {
          term: 1,
          prev_index: Number.MAX_SAFE_INTEGER,
          prev_term: 1,
          commit: 0,
          entries: [{ term: 1, data: new Uint8Array(1) }],
        },
      },
      'larger than any',
    ],
    ['a vote of an old term', { vote: { term: 1, last_index: 1, last_term: 2, transfer: false } }, 'before its log'],
    [
      'a chunk behind the end',
      {
        snapshot_chunk: {
          term: 1,
          snapshot: { id: 's', index: 1, term: 1, configuration: { version: 1 }, size_bytes: 4 },
          offset: 3,
          data: new Uint8Array(2),
        },
      },
      'behind the end',
    ],
  ] satisfies [string, PeerRecord, string][])('%s is refused', (_what, record, text) => {
    const frame = decodePeerRecord(Buffer.from(encodeProtobuf(PeerRecord, record)), ENDS);
    expect(isRejection(frame) ? frame.message : frame).toContain(text);
  });

  test('messages are refused where none are to come', () => {
    const frame = decodePeerRecord(
      payload(encodePeerRecord({ heartbeat: { term: 1, commit: 0, round: 0 } })),
      undefined,
    );
    expect(isRejection(frame) && frame.message).toContain('after both Hellos');
  });

  test('an append that claims a length it does not have allocates nothing and is refused', () => {
    const claim = Buffer.from([0x82, 0x01, 0xff, 0xff, 0xff, 0x7f, 0x08, 0x01]);
    expect(isRejection(decodePeerRecord(claim, ENDS))).toBe(true);
  });

  test('entries do not keep a whole chunk of the socket alive', () => {
    const entries = [{ index: 1, term: 1, body: { kind: 'data', data: new Uint8Array(50) } as const }];
    const small = payload(
      encodeMessage({ kind: 'append', ...ENDS, term: 1, prevIndex: 0, prevTerm: 0, commit: 0, entries }),
    );
    const chunk = Buffer.alloc(65536);
    small.copy(chunk, 100);
    const frame = decodePeerRecord(chunk.subarray(100, 100 + small.length), ENDS);
    if (isRejection(frame) || frame.kind !== 'message' || frame.message.kind !== 'append') throw new Error('no append');
    const [entry] = frame.message.entries;
    expect(entry?.body.kind === 'data' && entry.body.data.buffer.byteLength).toBe(small.length);
  });
});
