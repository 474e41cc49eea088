/**
 * Frames between agent and launcher (supervisor/protocol.h; change both together). Pure.
 *   u32 length of what follows | u8 type | u32 token | payload, little-endian
 */
import { type Rejection, reject } from '../../base/rejection.js';

export const PROTOCOL_VERSION = 1;
export const MAX_FRAME_BYTES = 4 << 20;
/** The launcher's own events are small; more means that the stream is out of step. */
const MAX_EVENT_BYTES = 1024;

export const REQUEST = { launch: 1, go: 2, cancel: 3, watch: 4 } as const;
const EVENT = { ready: 0x81, starting: 0x82, started: 0x83, failed: 0x84, gone: 0x85 } as const;

/** Why nothing runs: what was being done, and the errno. */
export interface LaunchFailure {
  readonly stage: number;
  readonly errno: number;
  readonly detail: string;
}

export interface StartedProcesses {
  readonly supervisorPid: number;
  readonly supervisorStartTicks: number;
  readonly initPid: number;
}

export type LauncherEvent =
  | { readonly type: 'ready'; readonly version: number }
  | { readonly type: 'starting'; readonly token: number; readonly processes: StartedProcesses }
  | { readonly type: 'started'; readonly token: number }
  | { readonly type: 'failed'; readonly token: number; readonly failure: LaunchFailure }
  | { readonly type: 'gone'; readonly token: number };

export function encodeFrame(type: number, token: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const frame = Buffer.allocUnsafe(9 + payload.length);
  frame.writeUInt32LE(5 + payload.length, 0);
  frame.writeUInt8(type, 4);
  frame.writeUInt32LE(token, 5);
  payload.copy(frame, 9);
  return frame;
}

export function encodeWatch(token: number, pid: number, startTicks: number): Buffer {
  const payload = Buffer.allocUnsafe(12);
  payload.writeUInt32LE(pid, 0);
  payload.writeBigUInt64LE(BigInt(startTicks), 4);
  return encodeFrame(REQUEST.watch, token, payload);
}

function decodeEvent(type: number, token: number, payload: Buffer): LauncherEvent | Rejection {
  const bad = reject('malformed', `event ${type} of the launcher is malformed`);
  switch (type) {
    case EVENT.ready:
      return payload.length === 4 ? { type: 'ready', version: payload.readUInt32LE(0) } : bad;
    case EVENT.starting:
      if (payload.length !== 16) return bad;
      return {
        type: 'starting',
        token,
        processes: {
          supervisorPid: payload.readUInt32LE(0),
          supervisorStartTicks: Number(payload.readBigUInt64LE(4)),
          initPid: payload.readUInt32LE(12),
        },
      };
    case EVENT.started:
      return { type: 'started', token };
    case EVENT.failed:
      if (payload.length < 8) return bad;
      return {
        type: 'failed',
        token,
        failure: {
          stage: payload.readUInt32LE(0),
          errno: payload.readUInt32LE(4),
          detail: payload.toString('utf8', 8),
        },
      };
    case EVENT.gone:
      return { type: 'gone', token };
    default:
      return bad;
  }
}

/** Cuts a byte stream into events; any chunking gives the same events. */
export class EventDecoder {
  #pending: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): readonly LauncherEvent[] | Rejection {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const events: LauncherEvent[] = [];
    let at = 0;
    while (this.#pending.length - at >= 4) {
      const size = this.#pending.readUInt32LE(at);
      if (size < 5 || size > MAX_EVENT_BYTES) return reject('malformed', `a frame of ${size} bytes from the launcher`);
      if (this.#pending.length - at < 4 + size) break;
      const body = this.#pending.subarray(at + 4, at + 4 + size);
      const event = decodeEvent(body.readUInt8(0), body.readUInt32LE(1), body.subarray(5));
      if (!('type' in event)) return event;
      events.push(event);
      at += 4 + size;
    }
    this.#pending = this.#pending.subarray(at);
    return events;
  }
}
