// Our protobuf codec against protobufjs, which reads the same .proto files: each decodes what the other encodes.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../../src/wire/codec.js';
import { MESSAGE_TYPES } from './all-types.js';
import { Dice, randomMessage } from './random-message.js';

const protoDir = fileURLToPath(new URL('../../../src/wire/proto', import.meta.url));

function loadProtos(): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (target.startsWith('/') ? target : join(protoDir, target));
  const files = readdirSync(protoDir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.proto'));
  return root.loadSync(
    files.map((name) => join(protoDir, name)),
    { keepCase: true },
  );
}

const root = loadProtos();
// protobufjs drops the key __proto__ and lets inherited names through as it likes: no matter of the wire format.
const keys = ['cpus', 'eng/web', '', 'ключ'];
const TO_OBJECT = { longs: String, enums: String, bytes: Array };

/** Our plain object in the words of protobufjs' toObject. */
function theirWords(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(theirWords);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, theirWords(item)]));
}

/** 64-bit integers as text on both sides, which is how toObject gives them. */
function longsAsText(type: protobuf.Type, value: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = { ...value };
  for (const field of type.fieldsArray) {
    const item = out[field.name];
    if (item !== undefined) out[field.name] = fieldAsText(field, item);
  }
  return out;
}

function fieldAsText(field: protobuf.Field, item: unknown): unknown {
  const { resolvedType } = field;
  const one = (single: unknown): unknown => {
    if (resolvedType instanceof protobuf.Type) return longsAsText(resolvedType, single as Record<string, unknown>);
    return field.type.endsWith('int64') ? String(single) : single;
  };
  if (Array.isArray(item) && field.repeated) return item.map(one);
  if (field.map) return Object.fromEntries(Object.entries(item as object).map(([key, single]) => [key, one(single)]));
  return one(item);
}

/** google.protobuf.Duration is proto3: protobufjs drops its zeros in both directions, so "set to 0" cannot be told from "not set". */
const PROTO3 = new Set(['google.protobuf.Duration', 'mesos.v1.master.Call.DrainAgent', 'mesos.v1.master.Call']);

describe('the protobuf codec and protobufjs', () => {
  const seeds = fc.integer({ min: 0, max: 0xffff_ffff });
  const cases = fc.tuple(fc.constantFrom(...MESSAGE_TYPES.filter((type) => !PROTO3.has(type.fullName))), seeds);

  it('agree on what we encode', () => {
    fc.assert(
      fc.property(cases, ([type, seed]) => {
        const message = randomMessage(type, new Dice(seed), { keys });
        const theirs = root.lookupType(type.fullName);
        const seen = theirs.toObject(theirs.decode(encodeProtobuf(type, message)), TO_OBJECT);
        expect(seen).toEqual(longsAsText(theirs, theirWords(message) as Record<string, unknown>));
      }),
      { numRuns: 2000 },
    );
  });

  it('agree on what it encodes', () => {
    fc.assert(
      fc.property(cases, ([type, seed]) => {
        const message = randomMessage(type, new Dice(seed), { keys });
        const theirs = root.lookupType(type.fullName);
        const plain = longsAsText(theirs, theirWords(message) as Record<string, unknown>);
        const bytes = theirs.encode(theirs.fromObject(plain)).finish();
        const decoded = decodeProtobuf(type, bytes);
        expect(isRejection(decoded) ? decoded.message : decoded).toEqual(message);
      }),
      { numRuns: 2000 },
    );
  });
});
