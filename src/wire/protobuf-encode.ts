/**
 * Compiles a message table into a protobuf encoder: one closure per field, made once per type.
 * Decides the order on the wire (ascending field numbers) and that repeated scalars go unpacked, as proto2 does.
 * Never checks ranges or oneofs: messages are typed, and what came from outside went through a decoder. A missing required field
 * or an unknown enum name is a bug of ours and asserts. Source: protobuf encoding, proto2.
 */

import type { ReverseWriter } from './protobuf-writer.js';
import { unknownName, unsetRequired } from './required.js';
import type { EnumType, Field, MessageType, ScalarName } from './schema.js';

type PlainMessage = Readonly<Record<string, unknown>>;
type ValueWriter = (writer: ReverseWriter, value: unknown) => void;

/** Writes the fields of one message, without tag and length. */
export type MessageEncoder = (writer: ReverseWriter, message: PlainMessage) => void;

interface Slot {
  readonly name: string;
  readonly required: boolean;
  readonly write: ValueWriter;
}

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_LENGTH = 2;
const WIRE_FIXED32 = 5;

const encoders = new WeakMap<object, MessageEncoder>();

/** The encoder of `type`; compiled at first use, then remembered. */
export function encoderOf(type: MessageType<object>): MessageEncoder {
  const known = encoders.get(type);
  if (known !== undefined) return known;
  const encoder = compile(type);
  encoders.set(type, encoder);
  return encoder;
}

function compile(type: MessageType<object>): MessageEncoder {
  // Resolved at the first message, not here: types refer to themselves.
  let slots: readonly Slot[] | undefined;
  return (writer, message) => {
    slots ??= type.fields.map(slotOf);
    for (let index = slots.length - 1; index >= 0; index -= 1) {
      const slot = slots[index] as Slot;
      const value = message[slot.name];
      if (value !== undefined) slot.write(writer, value);
      else if (slot.required) unsetRequired(type, slot.name);
    }
  };
}

function slotOf(field: Field): Slot {
  return { name: field.name, required: field.label === 'required', write: fieldWriter(field) };
}

function fieldWriter(field: Field): ValueWriter {
  if (field.label === 'map') return mapWriter(field);
  const single = tagged(field.no, field);
  if (field.label !== 'repeated') return single;
  return (writer, value) => {
    const items = value as readonly unknown[];
    for (let index = items.length - 1; index >= 0; index -= 1) single(writer, items[index]);
  };
}

function mapWriter(field: Field): ValueWriter {
  const key = field.key ?? 'string';
  const writeKey = tagged(1, { ...field, kind: 'scalar', scalar: key, label: 'required' });
  const writeValue = tagged(2, field);
  const parseKey = keyParser(key);
  const tag = (field.no << 3) | WIRE_LENGTH;
  return (writer, value) => {
    const map = value as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(map).reverse()) {
      const item = map[name];
      if (item === undefined) continue;
      const before = writer.size;
      writeValue(writer, item);
      writeKey(writer, parseKey(name));
      writer.uint32(writer.size - before);
      writer.uint32(tag);
    }
  };
}

function keyParser(key: NonNullable<Field['key']>): (text: string) => unknown {
  if (key === 'string') return (text) => text;
  if (key === 'bool') return (text) => text === 'true';
  return key === 'int32' || key === 'uint32' ? Number : BigInt;
}

function tagged(no: number, field: Field): ValueWriter {
  if (field.kind === 'message') return messageWriter(no, field.message);
  if (field.kind === 'enum') return enumWriter(no, field.enum);
  const tag = ((no << 3) | wireTypeOf(field.scalar)) >>> 0;
  const write = scalarWriter(field.scalar);
  return (writer, value) => {
    write(writer, value);
    writer.uint32(tag);
  };
}

function messageWriter(no: number, type: MessageType<object>): ValueWriter {
  const tag = ((no << 3) | WIRE_LENGTH) >>> 0;
  const encode = encoderOf(type);
  return (writer, value) => {
    const before = writer.size;
    encode(writer, value as PlainMessage);
    writer.uint32(writer.size - before);
    writer.uint32(tag);
  };
}

function enumWriter(no: number, type: EnumType<string>): ValueWriter {
  const tag = ((no << 3) | WIRE_VARINT) >>> 0;
  const numberOf = type.numberOf;
  return (writer, value) => {
    const number = numberOf.get(value as string);
    if (number === undefined) unknownName(type, value);
    else writer.int32(number);
    writer.uint32(tag);
  };
}

function wireTypeOf(scalar: ScalarName): number {
  if (scalar === 'double') return WIRE_FIXED64;
  if (scalar === 'float') return WIRE_FIXED32;
  return scalar === 'string' || scalar === 'bytes' ? WIRE_LENGTH : WIRE_VARINT;
}

const SCALAR_WRITERS: Readonly<Record<ScalarName, ValueWriter>> = {
  double: (writer, value) => writer.double(value as number),
  float: (writer, value) => writer.float(value as number),
  int32: (writer, value) => writer.int32(value as number),
  uint32: (writer, value) => writer.uint32(value as number),
  sint32: (writer, value) => writer.sint32(value as number),
  int64: (writer, value) => writer.int64(value as number | bigint),
  uint64: (writer, value) => writer.int64(value as number | bigint),
  sint64: (writer, value) => writer.sint64(value as number | bigint),
  bool: (writer, value) => writer.uint32(value === true ? 1 : 0),
  string: (writer, value) => writer.string(value as string),
  bytes: (writer, value) => writer.bytes(value as Uint8Array),
};

function scalarWriter(scalar: ScalarName): ValueWriter {
  return SCALAR_WRITERS[scalar];
}
