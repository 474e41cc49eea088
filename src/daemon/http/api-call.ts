/** Reading and answering the POSTed messages of the v1 APIs, the same for both daemons. Source: spec page 01, 1.1. */
import { isRejection, type Rejection } from '../../base/rejection.js';
import { CONTENT_TYPE_OF, type MessageFormat, parseContentType } from '../../wire/media-type.js';
import { decodeMessage, encodeMessage } from '../../wire/message-body.js';
import { encodeRecord } from '../../wire/recordio.js';
import type { MessageType } from '../../wire/schema.js';
import type { Exchange } from './exchange.js';

/** The call in the body: 400 without Content-Type or for what cannot be parsed, 415, 408 or 413. Call it once. */
export async function readCall<T extends object>(exchange: Exchange, type: MessageType<T>): Promise<T | Rejection> {
  const format = parseContentType(exchange.header('content-type'));
  if (isRejection(format)) return format;
  const body = await exchange.readBody();
  return isRejection(body) ? body : decodeMessage(format, type, body);
}

/** 200 with one message. */
export function sendMessage<T extends object>(
  exchange: Exchange,
  format: MessageFormat,
  type: MessageType<T>,
  message: T,
): void {
  const encoded = encodeMessage(format, type, message);
  const body = typeof encoded === 'string' ? encoded : Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length);
  exchange.send({ status: 200, contentType: CONTENT_TYPE_OF[format], body });
}

/** One event, ready for `StreamWriter.write`. */
export function encodeEvent<T extends object>(format: MessageFormat, type: MessageType<T>, event: T): Buffer {
  return encodeRecord(encodeMessage(format, type, event));
}
