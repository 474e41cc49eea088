/**
 * Compiles a message table into a protobuf decoder: per type an array from wire tag to closure, made once.
 * Decides: repeated scalars are read packed and unpacked; singular scalars: the last wins; singular messages merge; a oneof keeps its
 * last member; unknown fields are dropped, and so are unknown enum numbers where the enum has no name for them. Only sets fields
 * that were on the wire.
 * Throws WireFault through ProtobufReader. Source: protobuf encoding, proto2.
 */

import { WireFault } from './fault.js';
import type { ProtobufReader } from './protobuf-reader.js';
import type { EnumType, Field, MessageType, ScalarName } from './schema.js';

type Message = Record<string, unknown>;
type FieldReader = (reader: ProtobufReader, message: Message) => void;
type ValueReader = (reader: ProtobufReader) => unknown;

/** Reads up to `reader.end` into `message`. */
export type MessageDecoder = (reader: ProtobufReader, message: Message) => void;

interface Layout {
  readonly byTag: readonly (FieldReader | undefined)[];
  readonly required: readonly string[];
}

const WIRE_LENGTH = 2;
const WIRE_TYPE_OF: Readonly<Record<ScalarName, number>> = {
  double: 1,
  float: 5,
  int32: 0,
  uint32: 0,
  sint32: 0,
  int64: 0,
  uint64: 0,
  sint64: 0,
  bool: 0,
  string: WIRE_LENGTH,
  bytes: WIRE_LENGTH,
};

const decoders = new WeakMap<object, MessageDecoder>();

/** The decoder of `type`; compiled at first use, then remembered. */
export function decoderOf(type: MessageType<object>): MessageDecoder {
  const known = decoders.get(type);
  if (known !== undefined) return known;
  const decoder = compile(type);
  decoders.set(type, decoder);
  return decoder;
}

function compile(type: MessageType<object>): MessageDecoder {
  // Resolved at the first message, not here: types refer to themselves.
  let layout: Layout | undefined;
  return (reader, message) => {
    layout ??= layoutOf(type);
    const { byTag, required } = layout;
    while (reader.position < reader.end) {
      const tag = reader.tag();
      const read = byTag[tag];
      if (read === undefined) reader.skip(tag);
      else read(reader, message);
    }
    for (let index = 0; index < required.length; index += 1) {
      if (message[required[index] as string] === undefined) reader.incomplete = true;
    }
  };
}

function layoutOf(type: MessageType<object>): Layout {
  const last = type.fields.at(-1)?.no ?? 0;
  const byTag = new Array<FieldReader | undefined>((last + 1) * 8).fill(undefined);
  for (const field of type.fields) addField(byTag, field, exclusive(type, field));
  return { byTag, required: type.fields.filter((field) => field.label === 'required').map((field) => field.name) };
}

/** Names of the other members of the field's oneof. */
function exclusive(type: MessageType<object>, field: Field): readonly string[] {
  if (field.oneof === undefined) return [];
  return type.fields.filter((other) => other.oneof === field.oneof && other !== field).map((other) => other.name);
}

function addField(byTag: (FieldReader | undefined)[], field: Field, others: readonly string[]): void {
  const wireType = field.kind === 'scalar' ? WIRE_TYPE_OF[field.scalar] : field.kind === 'enum' ? 0 : WIRE_LENGTH;
  const tag = field.no * 8;
  if (field.label === 'map') {
    byTag[tag + WIRE_LENGTH] = located(field.name, mapReader(field));
    return;
  }
  if (field.label === 'repeated') {
    byTag[tag + wireType] = repeatedReader(field, tag + wireType);
    if (wireType !== WIRE_LENGTH) byTag[tag + WIRE_LENGTH] = packedReader(field);
    return;
  }
  const read = singularReader(field);
  byTag[tag + wireType] = others.length === 0 ? read : oneofReader(read, field.name, others);
}

function singularReader(field: Field): FieldReader {
  const { name } = field;
  if (field.kind === 'message') return messageReader(name, field.message);
  const value = valueReader(field);
  if (field.kind === 'enum') {
    return (reader, message) => {
      const known = value(reader);
      if (known !== undefined) message[name] = known;
    };
  }
  if (field.scalar !== 'string') {
    return (reader, message) => {
      message[name] = value(reader);
    };
  }
  return located(name, (reader, message) => {
    message[name] = reader.string();
  });
}

/** Adds the field's name to the path of what goes wrong inside it. */
function located(name: string, read: FieldReader): FieldReader {
  return (reader, message) => {
    try {
      read(reader, message);
    } catch (error) {
      throw error instanceof WireFault ? error.inside(name) : error;
    }
  };
}

function messageReader(name: string, type: MessageType<object>): FieldReader {
  const decode = decoderOf(type);
  return located(name, (reader, message) => {
    const outer = reader.enter();
    const before = message[name] as Message | undefined;
    const target = before ?? {};
    decode(reader, target);
    if (before === undefined) message[name] = target;
    reader.leave(outer);
  });
}

function oneofReader(read: FieldReader, name: string, others: readonly string[]): FieldReader {
  return (reader, message) => {
    read(reader, message);
    if (message[name] === undefined) return;
    for (const other of others) if (message[other] !== undefined) delete message[other];
  };
}

/**
 * Elements of a list mostly come one after the other: they are gathered on the reader's stack and copied out once, so that arrays have the
 * size they need. Pushing would reserve 17 places for the second element, which a re-registration has by the million.
 */
function repeatedReader(field: Field, tag: number): FieldReader {
  const { name } = field;
  const read = field.kind === 'message' ? elementReader(field.message) : valueReader(field);
  return (reader, message) => {
    const before = message[name] as unknown[] | undefined;
    const mark = reader.mark();
    try {
      do {
        const item = read(reader);
        if (item !== undefined) reader.gather(item);
      } while (reader.nextIs(tag));
    } catch (error) {
      const index = (before?.length ?? 0) + reader.mark() - mark;
      throw error instanceof WireFault ? error.inside(`${name}[${index}]`) : error;
    }
    const items = reader.release(mark);
    // Appending, not concatenating: a list interleaved with other fields must not cost quadratic time.
    if (before === undefined) message[name] = items;
    else for (const item of items) before.push(item);
  };
}

function packedReader(field: Field): FieldReader {
  const { name } = field;
  const read = valueReader(field);
  return located(name, (reader, message) => {
    const items = (message[name] as unknown[] | undefined) ?? [];
    const outer = reader.enter();
    while (reader.position < reader.end) {
      const item = read(reader);
      if (item !== undefined) items.push(item);
    }
    reader.leave(outer);
    message[name] = items;
  });
}

function elementReader(type: MessageType<object>): ValueReader {
  const decode = decoderOf(type);
  return (reader) => {
    const outer = reader.enter();
    const element: Message = {};
    decode(reader, element);
    reader.leave(outer);
    return element;
  };
}

/** A map travels as repeated entries {key = 1, value = 2}; what an entry leaves out has the default of its type. */
function mapReader(field: Field): FieldReader {
  const { name } = field;
  const key = field.key ?? 'string';
  const readKey = SCALAR_READERS[key];
  const readValue = field.kind === 'message' ? elementReader(field.message) : valueReader(field);
  const keyTag = 8 + WIRE_TYPE_OF[key];
  const valueTag =
    16 + (field.kind === 'scalar' ? WIRE_TYPE_OF[field.scalar] : field.kind === 'enum' ? 0 : WIRE_LENGTH);
  return (reader, message) => {
    const outer = reader.enter();
    let itemKey: unknown = key === 'string' ? '' : key === 'bool' ? false : 0;
    let item: unknown;
    while (reader.position < reader.end) {
      const tag = reader.tag();
      if (tag === keyTag) itemKey = readKey(reader);
      else if (tag === valueTag) item = readValue(reader);
      else reader.skip(tag);
    }
    reader.leave(outer);
    item ??= emptyValue(field, reader);
    // No prototype: a key such as __proto__ or constructor is a key like any other.
    const map = (message[name] as Message | undefined) ?? (Object.create(null) as Message);
    message[name] = map;
    if (item !== undefined) map[String(itemKey)] = item;
  };
}

function emptyValue(field: Field, reader: ProtobufReader): unknown {
  if (field.kind === 'enum') return undefined;
  if (field.kind === 'message') {
    if (field.message.fields.some((inner) => inner.label === 'required')) reader.incomplete = true;
    return {};
  }
  if (field.scalar === 'string') return '';
  if (field.scalar === 'bytes') return new Uint8Array(0);
  return field.scalar === 'bool' ? false : 0;
}

function valueReader(field: Field): ValueReader {
  if (field.kind === 'enum') return enumReader(field.enum);
  if (field.kind === 'scalar') return SCALAR_READERS[field.scalar];
  return elementReader(field.message);
}

function enumReader(type: EnumType<string>): ValueReader {
  const { nameOf, unknown } = type;
  return (reader) => nameOf.get(reader.int32()) ?? unknown;
}

const SCALAR_READERS: Readonly<Record<ScalarName, ValueReader>> = {
  double: (reader) => reader.double(),
  float: (reader) => reader.float(),
  int32: (reader) => reader.int32(),
  uint32: (reader) => reader.uint32(),
  sint32: (reader) => reader.sint32(),
  int64: (reader) => reader.int64(),
  uint64: (reader) => reader.uint64(),
  sint64: (reader) => reader.sint64(),
  bool: (reader) => reader.bool(),
  string: (reader) => reader.string(),
  bytes: (reader) => reader.bytes(),
};
