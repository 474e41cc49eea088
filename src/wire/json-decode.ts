/**
 * Compiles a message table into a reader of parsed JSON: per type a map from key to closure, made once. Decides every leniency of
 * spec/proto-mesos.md: null means unset, numbers and booleans may be strings, one value stands for a list of one, unknown keys are
 * ignored, unknown enum names are dropped unless the field is required or the enum has a name for them. Integers are cut
 * towards zero, as Mesos does, then must be in range. Of several members of a oneof the last in alphabetical order
 * stays: Mesos walks a sorted object. Throws WireFault.
 */
import { excerpt, WireFault } from './fault.js';
import { canonicalInt64 } from './int64.js';
import { parseNumberText } from './json-parse.js';
import type { EnumType, Field, MessageType, ScalarName } from './schema.js';

type Message = Record<string, unknown>;
/** What a value becomes; undefined means that the field stays unset. */
type ValueReader = (value: unknown, context: JsonContext) => unknown;
type FieldReader = (message: Message, value: unknown, context: JsonContext) => void;

/** State of one decode. */
export interface JsonContext {
  depth: number;
  /** Set when a required field is missing; see required.ts. */
  incomplete: boolean;
}

interface Layout {
  readonly byName: ReadonlyMap<string, FieldReader>;
  readonly required: readonly string[];
}

const MAX_DEPTH = 100;
const decoders = new WeakMap<object, ValueReader>();

/** The JSON reader of `type`; compiled at first use, then remembered. */
export function jsonDecoderOf(type: MessageType<object>): ValueReader {
  const known = decoders.get(type);
  if (known !== undefined) return known;
  const decoder = compile(type);
  decoders.set(type, decoder);
  return decoder;
}

function compile(type: MessageType<object>): ValueReader {
  // Resolved at the first message, not here: types refer to themselves.
  let layout: Layout | undefined;
  return (value, context) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new WireFault(`expected an object, found ${kindOf(value)}`);
    }
    layout ??= layoutOf(type);
    context.depth += 1;
    if (context.depth > MAX_DEPTH) throw new WireFault(`nested more than ${MAX_DEPTH} levels deep`);
    const message = readFields(value as Message, layout, context);
    context.depth -= 1;
    return message;
  };
}

function readFields(object: Message, { byName, required }: Layout, context: JsonContext): Message {
  const message: Message = {};
  for (const key in object) {
    const value = object[key];
    if (value === null) continue;
    const read = byName.get(key);
    if (read !== undefined) readField(read, key, message, value, context);
  }
  for (let index = 0; index < required.length; index += 1) {
    if (message[required[index] as string] === undefined) context.incomplete = true;
  }
  return message;
}

function readField(read: FieldReader, key: string, message: Message, value: unknown, context: JsonContext): void {
  try {
    read(message, value, context);
  } catch (error) {
    throw error instanceof WireFault ? error.inside(key) : error;
  }
}

function layoutOf(type: MessageType<object>): Layout {
  return {
    byName: new Map(type.fields.map((field) => [field.name, fieldReader(type, field)])),
    required: type.fields.filter((field) => field.label === 'required').map((field) => field.name),
  };
}

function fieldReader(type: MessageType<object>, field: Field): FieldReader {
  if (field.label === 'repeated') return listReader(field);
  if (field.label === 'map') return mapReader(field);
  const read = valueReader(field);
  const { name } = field;
  const single: FieldReader = (message, value, context) => {
    if (Array.isArray(value)) throw new WireFault('expected a single value, found an array');
    const item = read(value, context);
    if (item !== undefined) message[name] = item;
  };
  return field.oneof === undefined ? single : oneofReader(type, field, single);
}

function oneofReader(type: MessageType<object>, field: Field, read: FieldReader): FieldReader {
  const others = type.fields
    .filter((other) => other.oneof === field.oneof && other !== field)
    .map((other) => other.name);
  return (message, value, context) => {
    if (others.some((other) => message[other] !== undefined && other > field.name)) {
      read({}, value, context);
      return;
    }
    read(message, value, context);
    if (message[field.name] === undefined) return;
    for (const other of others) if (message[other] !== undefined) delete message[other];
  };
}

function listReader(field: Field): FieldReader {
  const read = valueReader(field);
  const { name } = field;
  return (message, value, context) => {
    if (!Array.isArray(value)) {
      const item = read(value, context);
      if (item !== undefined) message[name] = [item];
      return;
    }
    const items: unknown[] = [];
    for (let index = 0; index < value.length; index += 1) {
      if (value[index] === null) continue;
      const item = readElement(read, value[index], index, context);
      if (item !== undefined) items.push(item);
    }
    if (items.length > 0) message[name] = items;
  };
}

function readElement(read: ValueReader, value: unknown, index: number, context: JsonContext): unknown {
  try {
    if (Array.isArray(value)) throw new WireFault('expected a single value, found an array');
    return read(value, context);
  } catch (error) {
    throw error instanceof WireFault ? error.inside(`[${index}]`) : error;
  }
}

function mapReader(field: Field): FieldReader {
  const read = valueReader(field);
  const { name } = field;
  const readKey = keyReader(field.key ?? 'string');
  return (message, value, context) => {
    if (typeof value !== 'object' || Array.isArray(value))
      throw new WireFault(`expected an object, found ${kindOf(value)}`);
    // No prototype: a key such as __proto__ or constructor is a key like any other.
    const map = Object.create(null) as Message;
    let isEmpty = true;
    for (const key of Object.keys(value as object)) {
      const raw = (value as Message)[key];
      if (raw === null) continue;
      const item = readEntry(read, key, raw, context);
      if (item === undefined) continue;
      map[readKey(key)] = item;
      isEmpty = false;
    }
    if (!isEmpty) message[name] = map;
  };
}

function readEntry(read: ValueReader, key: string, value: unknown, context: JsonContext): unknown {
  try {
    if (Array.isArray(value)) throw new WireFault('expected a single value, found an array');
    return read(value, context);
  } catch (error) {
    throw error instanceof WireFault ? error.inside(`[${excerpt(key)}]`) : error;
  }
}

function keyReader(key: NonNullable<Field['key']>): (text: string) => string {
  if (key === 'string') return (text) => text;
  const read = SCALAR_READERS[key];
  return (text) => String(read(text, { depth: 0, incomplete: false }));
}

function valueReader(field: Field): ValueReader {
  if (field.kind === 'message') return jsonDecoderOf(field.message);
  if (field.kind === 'scalar') return SCALAR_READERS[field.scalar];
  return enumReader(field.enum, field.label === 'required');
}

function enumReader(type: EnumType<string>, isRequired: boolean): ValueReader {
  return (value) => {
    if (typeof value !== 'string')
      throw new WireFault(`expected the name of a ${type.fullName}, found ${kindOf(value)}`);
    if (type.numberOf.has(value)) return value;
    if (type.unknown !== undefined) return type.unknown;
    if (isRequired) throw new WireFault(`${excerpt(value)} is not a ${type.fullName}`);
    return undefined;
  };
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (value === null) return 'null';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'bigint' ? 'a number' : `a ${typeof value}`;
}

/** A number, or a string that holds one. */
function numeric(value: unknown): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value !== 'string') throw new WireFault(`expected a number, found ${kindOf(value)}`);
  const number = parseNumberText(value);
  if (number === undefined) throw new WireFault(`expected a number, found ${excerpt(value)}`);
  return number;
}

function integerReader(bits: 32 | 64, isSigned: boolean): ValueReader {
  const low = isSigned ? -(2n ** BigInt(bits - 1)) : 0n;
  const high = (isSigned ? 2n ** BigInt(bits - 1) : 2n ** BigInt(bits)) - 1n;
  const safeLow = Math.max(Number(low), Number.MIN_SAFE_INTEGER);
  const safeHigh = Math.min(Number(high), Number.MAX_SAFE_INTEGER);
  const kind = `${isSigned ? 'a signed' : 'an unsigned'} ${bits}-bit integer`;
  return (value) => {
    const number = numeric(value);
    // Adding zero turns -0 into 0.
    const whole = typeof number === 'number' ? Math.trunc(number) + 0 : number;
    if (typeof whole === 'number' && whole >= safeLow && whole <= safeHigh) return whole;
    if (typeof whole === 'number' && !Number.isFinite(whole)) throw new WireFault(`expected ${kind}, found ${whole}`);
    const wide = BigInt(whole);
    if (wide < low || wide > high) throw new WireFault(`${excerpt(String(value))} does not fit ${kind}`);
    return canonicalInt64(wide);
  };
}

const floating: ValueReader = (value) => Number(numeric(value));

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function bytesOf(value: unknown): Uint8Array {
  if (typeof value !== 'string') throw new WireFault(`expected base64 text, found ${kindOf(value)}`);
  const digits = value.endsWith('=') ? value.indexOf('=') : value.length;
  if (!BASE64.test(value) || digits % 4 === 1) throw new WireFault('not valid base64');
  return new Uint8Array(Buffer.from(value, 'base64'));
}

function boolOf(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw new WireFault(`expected true or false, found ${typeof value === 'string' ? excerpt(value) : kindOf(value)}`);
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new WireFault(`expected a string, found ${kindOf(value)}`);
  return value;
}

const SCALAR_READERS: Readonly<Record<ScalarName, ValueReader>> = {
  double: floating,
  float: (value) => Math.fround(Number(numeric(value))),
  int32: integerReader(32, true),
  uint32: integerReader(32, false),
  sint32: integerReader(32, true),
  int64: integerReader(64, true),
  uint64: integerReader(64, false),
  sint64: integerReader(64, true),
  bool: boolOf,
  string: textOf,
  bytes: bytesOf,
};
