/**
 * The Mesos JSON dialect in both directions, driven by the tables of gen/ (rules: spec/proto-mesos.md, 13.3, 13.4). It is not the canonical
 * JSON of protobuf. Encoding trusts its input; decoding trusts nothing and answers bad text with a Rejection.
 * What is decoded is as codec.ts leaves it: required fields present, canonical 64-bit integers, maps without prototype.
 */
import { Rejection, reject } from '../base/rejection.js';
import { WireFault } from './fault.js';
import { type JsonContext, jsonDecoderOf } from './json-decode.js';
import { jsonEncoderOf } from './json-encode.js';
import { parseJson } from './json-parse.js';
import { missingRequired } from './required.js';
import type { MessageType } from './schema.js';

export { formatDouble, quoteJson } from './json-encode.js';

/** `message` as one line of ASCII JSON. Asserts that required fields are set and enum names exist. */
export function encodeJson<T extends object>(type: MessageType<T>, message: T): string {
  return jsonEncoderOf(type)(message);
}

/** The message in `text`, which must be one JSON object, or a Rejection 'malformed' saying where and what is wrong. */
export function decodeJson<T extends object>(type: MessageType<T>, text: string): T | Rejection {
  const value = parseJsonText(text);
  return value instanceof Rejection ? value : decodeJsonValue(type, value);
}

/**
 * The plain value of a JSON text (bigint for integers beyond 2^53), or a Rejection 'malformed'. For bodies of legacy endpoints that are no
 * single message, such as arrays; their elements go through `decodeJsonValue`.
 */
export function parseJsonText(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof WireFault) return reject('malformed', `Failed to parse JSON: ${error.text}`);
    throw error;
  }
}

/** As `decodeJson`, for a value that `parseJsonText` returned or a part of it. */
export function decodeJsonValue<T extends object>(type: MessageType<T>, value: unknown): T | Rejection {
  const context: JsonContext = { depth: 0, incomplete: false };
  let message: T;
  try {
    message = jsonDecoderOf(type)(value, context) as T;
  } catch (error) {
    if (error instanceof WireFault)
      return reject('malformed', `Failed to parse ${type.fullName} from JSON: ${error.text}`);
    throw error;
  }
  if (!context.incomplete) return message;
  const missing = missingRequired(type, message);
  return missing.length === 0
    ? message
    : reject('malformed', `${type.fullName}: missing required fields: ${missing.join(', ')}`);
}
