/**
 * Attributes of an agent: `key:value;key:value`, split on `;` or line breaks and on the first `:` only (spec page 05, 5.1).
 * A number that is no scalar (negative, infinite) is text, which is legal here. A bad entry stops the agent's start.
 */
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { fromMilli, toMilli } from './resource-value.js';
import { formatScalar, parseValue } from './value-text.js';

/** Reads `--attributes`. */
export function parseAttributes(text: string): mesos.Attribute[] | Rejection {
  const attributes: mesos.Attribute[] = [];
  for (const token of text.split(/[;\n]/)) {
    if (token.trim() === '') continue;
    const colon = token.indexOf(':');
    const name = token.slice(0, Math.max(0, colon)).trim();
    if (name === '') return reject('malformed', `"${token.trim()}" is no attribute: write key:value`);
    const value = parseValue(token.slice(colon + 1));
    if (isRejection(value)) return reject('malformed', `attribute "${name}": ${value.message}`);
    attributes.push({ name, ...value });
  }
  return attributes;
}

/** Text of the value alone, as parsed by `--attributes`. */
export function formatAttributeValue(attribute: mesos.Attribute): string {
  switch (attribute.type) {
    case 'SCALAR':
      return formatScalar(attribute.scalar?.value ?? 0);
    case 'RANGES':
      return `[${(attribute.ranges?.range ?? []).map(({ begin, end }) => `${begin}-${end}`).join(', ')}]`;
    case 'SET':
      return `{${(attribute.set?.item ?? []).join(', ')}}`;
    case 'TEXT':
      return attribute.text?.value ?? '';
  }
}

/** `rack:r1;level:10` */
export function formatAttributes(attributes: readonly mesos.Attribute[]): string {
  return attributes.map((attribute) => `${attribute.name}:${formatAttributeValue(attribute)}`).join(';');
}

/** Whether two agents announce the same attributes; their order counts, because the first of a name is what matters. */
export function sameAttributes(left: readonly mesos.Attribute[], right: readonly mesos.Attribute[]): boolean {
  return (
    left.length === right.length && left.every((attribute, i) => attributeKey(attribute) === attributeKey(right[i]))
  );
}

function attributeKey(attribute: mesos.Attribute | undefined): string {
  if (attribute === undefined) return '';
  const value =
    attribute.type === 'SCALAR'
      ? String(fromMilli(toMilli(attribute.scalar?.value ?? 0)))
      : formatAttributeValue(attribute);
  return JSON.stringify([attribute.name, attribute.type, value]);
}
