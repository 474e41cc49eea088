// Our tables against a schema extracted from Mesos itself: every message, field and enum value, in both directions.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EnumType, Field } from '../../../src/wire/schema.js';
import { type AnyMessageType, ENUM_TYPES, MESSAGE_TYPES } from './all-types.js';

interface GivenField {
  readonly label: string;
  readonly type: string;
  readonly name: string;
  readonly number: number;
  readonly default?: string;
  readonly deprecated?: string;
}
type Given =
  | { readonly kind: 'enum'; readonly values: Readonly<Record<string, number>> }
  | { readonly kind: 'message'; readonly fields: readonly GivenField[] };
type GivenSchema = Readonly<Record<string, Readonly<Record<string, Given>>>>;

const path = new URL('../../fixtures/proto-v1-schema.json', import.meta.url);
const given = JSON.parse(readFileSync(path, 'utf8')) as GivenSchema;
const givenTypes = new Map(
  Object.entries(given).flatMap(([pack, types]) =>
    Object.entries(types).map(([name, type]): [string, Given] => [`${pack}.${name}`, type]),
  ),
);
const messages = new Map(MESSAGE_TYPES.map((type): [string, AnyMessageType] => [type.fullName, type]));
const enums = new Map(ENUM_TYPES.map((type): [string, EnumType<string>] => [type.fullName, type]));
const SCALARS = new Set(['double', 'float', 'int32', 'uint32', 'int64', 'uint64', 'bool', 'string', 'bytes']);

/** Resolves a type name as protobuf does: in the innermost scope first. */
function resolve(name: string, scope: string): string {
  if (SCALARS.has(name)) return name;
  for (let at = scope; ; at = at.slice(0, at.lastIndexOf('.'))) {
    const candidate = at === '' ? name : `${at}.${name}`;
    if (messages.has(candidate) || enums.has(candidate) || givenTypes.has(candidate)) return candidate;
    if (at === '') return `unresolved ${name}`;
    if (!at.includes('.')) return messages.has(name) ? name : `unresolved ${name}`;
  }
}

function normalGiven(field: GivenField, scope: string): object {
  const map = /^map<\s*(\w+)\s*,\s*([\w.]+)\s*>$/.exec(field.type);
  const oneof = /^oneof:(\w+)$/.exec(field.label)?.[1];
  return {
    number: field.number,
    name: field.name,
    label: map ? 'map' : oneof ? 'optional' : field.label,
    key: map?.[1],
    type: resolve(map?.[2] ?? field.type, scope),
    oneof,
    default: field.default === undefined ? undefined : givenDefault(field.default),
    deprecated: field.deprecated === 'true',
  };
}

function givenDefault(text: string): unknown {
  if (/^[A-Z]\w*$/i.test(text) && text !== 'true' && text !== 'false') return text;
  return JSON.parse(text) as unknown;
}

function typeOf(field: Field): string {
  if (field.kind === 'scalar') return field.scalar;
  return field.kind === 'enum' ? field.enum.fullName : field.message.fullName;
}

function normalOurs(field: Field): object {
  return {
    number: field.no,
    name: field.name,
    label: field.label,
    key: field.key,
    type: typeOf(field),
    oneof: field.oneof,
    default: field.default,
    deprecated: field.deprecated === true,
  };
}

const isMesos = (name: string): boolean => name.startsWith('mesos.v1.');

describe('the wire tables', () => {
  it('hold exactly the messages and enums of the v1 API', () => {
    const ours = [...messages.keys(), ...enums.keys()].filter(isMesos).sort();
    expect(ours).toEqual([...givenTypes.keys()].sort());
  });

  it('hold exactly the fields and enum values of the v1 API', () => {
    const count = { messages: 0, fields: 0, enums: 0, values: 0 };
    for (const [name, type] of givenTypes) {
      if (type.kind === 'enum') {
        const ours = enums.get(name);
        expect(Object.fromEntries(ours?.numberOf ?? []), name).toEqual(type.values);
        expect(new Map([...(ours?.nameOf ?? [])].map(([number, value]) => [value, number])), name).toEqual(
          ours?.numberOf,
        );
        count.enums += 1;
        count.values += Object.keys(type.values).length;
      } else {
        const fields = [...type.fields].sort((a, b) => a.number - b.number).map((field) => normalGiven(field, name));
        expect(messages.get(name)?.fields.map(normalOurs), name).toEqual(fields);
        count.messages += 1;
        count.fields += fields.length;
      }
    }
    console.log(
      `schema: compared ${count.messages} messages, ${count.fields} fields, ${count.enums} enums, ${count.values} enum values in both directions`,
    );
    expect(count.messages).toBeGreaterThan(300);
    expect(count.fields).toBeGreaterThan(1000);
  });

  it('have no field name that an object inherits', () => {
    const inherited = MESSAGE_TYPES.flatMap((type) => type.fields.map((field) => field.name)).filter(
      (name) => name in {},
    );
    expect(inherited).toEqual([]);
  });
});
