/** Calls and answers of one API in one of its two representations; which one is the caller's choice, not a difference. */
import type { Rejection } from '../base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../wire/codec.js';
import { decodeJson, encodeJson } from '../wire/json.js';
import { CONTENT_TYPE_OF, type MessageFormat } from '../wire/media-type.js';
import type { MessageType } from '../wire/schema.js';

export type { MessageFormat } from '../wire/media-type.js';

export function encodeMessage<T extends object>(
  type: MessageType<T>,
  message: T,
  format: MessageFormat,
): Uint8Array | string {
  return format === 'json' ? encodeJson(type, message) : encodeProtobuf(type, message);
}

export function decodeMessage<T extends object>(
  type: MessageType<T>,
  bytes: Buffer,
  format: MessageFormat,
): T | Rejection {
  return format === 'json' ? decodeJson(type, bytes.toString('utf8')) : decodeProtobuf(type, bytes);
}

/** Content-Type and Accept of a call. */
export function mediaHeaders(format: MessageFormat): Readonly<Record<string, string>> {
  return { 'Content-Type': CONTENT_TYPE_OF[format], Accept: CONTENT_TYPE_OF[format] };
}
