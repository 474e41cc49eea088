/**
 * Finds required fields that are not set. Runs only when a decoder has noticed that something is missing, so it may be slow.
 * Never changes the message. The list is bounded: a message of a million broken items must not make a huge answer.
 */
import { AssertionError } from '../base/assert.js';
import type { EnumType, Field, MessageType } from './schema.js';

const MAX_LISTED = 20;

/** Paths of the missing required fields, at most 20, such as `subscribe.framework_info.user`. Empty when all are there. */
export function missingRequired(type: MessageType<object>, message: object): readonly string[] {
  const found: string[] = [];
  collect(type, message, '', found);
  return found;
}

function collect(type: MessageType<object>, message: object, prefix: string, found: string[]): void {
  for (const field of type.fields) {
    if (found.length >= MAX_LISTED) return;
    const value = (message as Record<string, unknown>)[field.name];
    const path = `${prefix}${field.name}`;
    if (value === undefined) {
      if (field.label === 'required') found.push(path);
    } else if (field.kind === 'message') {
      collectField(field, field.message, value, path, found);
    }
  }
}

function collectField(field: Field, type: MessageType<object>, value: unknown, path: string, found: string[]): void {
  if (field.label === 'repeated') {
    (value as readonly object[]).forEach((item, index) => {
      collect(type, item, `${path}[${index}].`, found);
    });
  } else if (field.label === 'map') {
    for (const [key, item] of Object.entries(value as Record<string, object>))
      collect(type, item, `${path}[${JSON.stringify(key)}].`, found);
  } else {
    collect(type, value as object, `${path}.`, found);
  }
}

/** An encoder met a message that its type forbids. A function of its own: the encoders must not build this text for every field. */
export function unsetRequired(type: MessageType<object>, name: string): never {
  throw new AssertionError(`${type.fullName}: required field ${name} is not set`);
}

/** An encoder met an enum value that is not one. */
export function unknownName(type: EnumType<string>, value: unknown): never {
  throw new AssertionError(`${type.fullName} has no value ${String(value)}`);
}
