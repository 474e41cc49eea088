/**
 * Protobuf in both directions, driven by the tables of gen/. Encoding trusts its input (typed, or decoded before); decoding trusts
 * nothing and answers bad bytes with a Rejection. A decoded message has every required field; 64-bit integers are canonical (int64.ts);
 * maps have no prototype; bytes are copies. Synchronous and pure, apart from scratch memory that never shows.
 */
import { type Rejection, reject } from '../base/rejection.js';
import { WireFault } from './fault.js';
import { decoderOf } from './protobuf-decode.js';
import { encoderOf } from './protobuf-encode.js';
import { ProtobufReader } from './protobuf-reader.js';
import { ReverseWriter } from './protobuf-writer.js';
import { missingRequired } from './required.js';
import type { MessageType } from './schema.js';

const scratch = new ReverseWriter();

/**
 * The wire form of `message`. Asserts that required fields are set and enum names exist: anything else is a bug of the caller.
 * The result is never shared with a later call.
 */
export function encodeProtobuf<T extends object>(type: MessageType<T>, message: T): Uint8Array {
  try {
    encoderOf(type)(scratch, message as Record<string, unknown>);
    return scratch.finish();
  } catch (error) {
    scratch.reset();
    throw error;
  }
}

/** The message in `bytes`, or a Rejection 'malformed' saying what is wrong, or which required fields are missing. */
export function decodeProtobuf<T extends object>(type: MessageType<T>, bytes: Uint8Array): T | Rejection {
  const reader = new ProtobufReader(bytes);
  const message: Record<string, unknown> = {};
  try {
    decoderOf(type)(reader, message);
  } catch (error) {
    if (error instanceof WireFault)
      return reject('malformed', `Failed to parse ${type.fullName} from protobuf: ${error.text}`);
    throw error;
  }
  if (reader.incomplete) {
    const missing = missingRequired(type, message);
    if (missing.length > 0)
      return reject('malformed', `${type.fullName}: missing required fields: ${missing.join(', ')}`);
  }
  return message as T;
}
