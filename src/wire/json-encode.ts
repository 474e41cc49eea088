/**
 * Compiles a message table into a writer of the Mesos JSON dialect: one closure per field, made once per type; text is built by
 * concatenation, no value tree in between. Decides every output rule of spec/proto-mesos.md: proto field names, explicit defaults of
 * fields that are not deprecated, whole doubles as 15.0, bare Infinity and NaN, 64-bit integers as bare numbers, base64, enum names,
 * nothing for empty lists and maps. Output is one line of ASCII: line-wise clients and those that count characters need that (13.1).
 */
import { unknownName, unsetRequired } from './required.js';
import type { Field, MessageType, ScalarName } from './schema.js';

type PlainMessage = Readonly<Record<string, unknown>>;
type ValueWriter = (value: unknown) => string;

interface Slot {
  readonly name: string;
  /** `{"name":`, when the field is the first that is written. */
  readonly first: string;
  /** `,"name":`, when it is not. */
  readonly next: string;
  readonly write: ValueWriter;
  readonly required: boolean;
  readonly isEmpty: ((value: unknown) => boolean) | undefined;
  /** The text of the default, for an unset field that is written with it. */
  readonly unset: string | undefined;
}

const encoders = new WeakMap<object, ValueWriter>();

/** The JSON writer of `type`; compiled at first use, then remembered. */
export function jsonEncoderOf(type: MessageType<object>): ValueWriter {
  const known = encoders.get(type);
  if (known !== undefined) return known;
  const encoder = compile(type);
  encoders.set(type, encoder);
  return encoder;
}

function compile(type: MessageType<object>): ValueWriter {
  // Resolved at the first message, not here: types refer to themselves.
  let slots: readonly Slot[] | undefined;
  return (value) => {
    slots ??= type.fields.map(slotOf);
    const message = value as PlainMessage;
    let text = '';
    for (let index = 0; index < slots.length; index += 1) {
      const slot = slots[index] as Slot;
      const item = message[slot.name];
      if (item === undefined) {
        if (slot.required) return unsetRequired(type, slot.name);
        if (slot.unset !== undefined) text += (text === '' ? slot.first : slot.next) + slot.unset;
      } else if (slot.isEmpty === undefined || !slot.isEmpty(item)) {
        text += (text === '' ? slot.first : slot.next) + slot.write(item);
      }
    }
    return text === '' ? '{}' : `${text}}`;
  };
}

function slotOf(field: Field): Slot {
  const single = valueWriter(field);
  const isList = field.label === 'repeated';
  const hasDefault = field.label === 'optional' && field.default !== undefined && field.deprecated !== true;
  return {
    name: field.name,
    first: `{"${field.name}":`,
    next: `,"${field.name}":`,
    write: isList ? listWriter(single) : field.label === 'map' ? mapWriter(single) : single,
    required: field.label === 'required',
    isEmpty: isList ? isEmptyList : field.label === 'map' ? isEmptyMap : undefined,
    unset: hasDefault ? single(field.default) : undefined,
  };
}

const isEmptyList = (value: unknown): boolean => (value as readonly unknown[]).length === 0;

function isEmptyMap(value: unknown): boolean {
  for (const key in value as object) if ((value as PlainMessage)[key] !== undefined) return false;
  return true;
}

function listWriter(single: ValueWriter): ValueWriter {
  return (value) => {
    const items = value as readonly unknown[];
    let text = `[${single(items[0])}`;
    for (let index = 1; index < items.length; index += 1) text += `,${single(items[index])}`;
    return `${text}]`;
  };
}

function mapWriter(single: ValueWriter): ValueWriter {
  return (value) => {
    const entries = Object.entries(value as PlainMessage).filter((entry) => entry[1] !== undefined);
    return `{${entries.map(([key, item]) => `${quoteJson(key)}:${single(item)}`).join(',')}}`;
  };
}

function valueWriter(field: Field): ValueWriter {
  if (field.kind === 'message') return jsonEncoderOf(field.message);
  if (field.kind === 'scalar') return SCALAR_WRITERS[field.scalar];
  const texts = new Map([...field.enum.numberOf.keys()].map((name) => [name, `"${name}"`]));
  return (value) => {
    const text = texts.get(value as string);
    return text === undefined ? unknownName(field.enum, value) : text;
  };
}

// Plain `${}` is right for integers: numbers are safe integers here, and bigints print all their digits.
const integer: ValueWriter = (value) => `${value as number | bigint}`;

const SCALAR_WRITERS: Readonly<Record<ScalarName, ValueWriter>> = {
  double: (value) => formatDouble(value as number),
  float: (value) => formatDouble(value as number),
  int32: integer,
  uint32: integer,
  sint32: integer,
  int64: integer,
  uint64: integer,
  sint64: integer,
  bool: (value) => (value === true ? 'true' : 'false'),
  string: (value) => quoteJson(value as string),
  bytes: (value) => {
    const bytes = value as Uint8Array;
    return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}"`;
  },
};

/**
 * A double as Mesos prints it: whole numbers keep a fraction (`15.0`), exponents have no plus sign (`1e21`), and what JSON cannot say is
 * a bare word (`Infinity`, `-Infinity`, `NaN`). Also for the hand-written legacy endpoints.
 */
export function formatDouble(value: number): string {
  if (Number.isInteger(value)) {
    const text = Object.is(value, -0) ? '-0' : `${value}`;
    return text.includes('e') ? text.replace('+', '') : `${text}.0`;
  }
  return `${value}`;
}

const NEEDS_ESCAPE = /[^\x20-\x7e]|["\\]/;
const NOT_ASCII = /[\u007f-\uffff]/g;

/** A JSON string literal in ASCII: everything else is written as \uXXXX. */
export function quoteJson(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(NOT_ASCII, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
