/**
 * A message as the bytes of a body or record, in either format: the one place that pairs MessageFormat with a codec.
 * JSON text must be valid UTF-8: silently replaced characters could make two ids equal.
 */
import { type Rejection, reject } from '../base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from './codec.js';
import { decodeJson, encodeJson } from './json.js';
import type { MessageFormat } from './media-type.js';
import type { MessageType } from './schema.js';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `message` in `format`, without framing; see `encodeRecord` for streams. */
export function encodeMessage<T extends object>(
  format: MessageFormat,
  type: MessageType<T>,
  message: T,
): string | Uint8Array {
  return format === 'json' ? encodeJson(type, message) : encodeProtobuf(type, message);
}

/** The message in `bytes`, or a Rejection 'malformed'. */
export function decodeMessage<T extends object>(
  format: MessageFormat,
  type: MessageType<T>,
  bytes: Uint8Array,
): T | Rejection {
  if (format === 'protobuf') return decodeProtobuf(type, bytes);
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    return reject('malformed', `Failed to parse ${type.fullName} from JSON: text is not valid UTF-8`);
  }
  return decodeJson(type, text);
}
