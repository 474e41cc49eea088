/**
 * Reads a request body whole: bounded in bytes (also after decompression), in time, and over all requests together.
 * Never throws for what a client does; never leaves a timer or listener behind.
 */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import type { HttpLimits } from './http-limits.js';

const decompress = promisify(gunzip);

/** What all requests of a server hold together; bodies count from their first byte until they are handed over. */
export class BodyBudget {
  #heldBytes = 0;

  constructor(readonly maxBytes: number) {}

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Returns whether `bytes` more fit; only then are they held. */
  maybeTake(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.maxBytes) return false;
    this.#heldBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}

interface ReadOptions {
  readonly limits: HttpLimits;
  readonly bodies: BodyBudget;
  /** Nothing known before the body speaks against reading it (the place for 100 Continue). */
  onAccepted(): void;
}

export async function readBody(request: IncomingMessage, options: ReadOptions): Promise<Buffer | Rejection> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity' && encoding !== 'gzip')
    return reject('unsupported-media-type', `Content-Encoding '${encoding}' is not supported; use gzip or none`);
  const maxBytes = options.limits.maxBodyBytes;
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return tooLarge(maxBytes);
  options.onAccepted();
  const raw = await collect(request, options);
  if (isRejection(raw) || encoding !== 'gzip') return raw;
  try {
    return await decompress(raw, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) return tooLarge(maxBytes);
    return reject('malformed', 'The body is not valid gzip');
  }
}

function tooLarge(maxBytes: number): Rejection {
  return reject('too-large', `The body is larger than ${maxBytes} bytes`);
}

function collect(request: IncomingMessage, { limits, bodies }: ReadOptions): Promise<Buffer | Rejection> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (outcome: Buffer | Rejection) => {
      clearTimeout(timer);
      request.removeListener('data', onData).removeListener('end', onEnd);
      request.removeListener('close', onClose).removeListener('error', onClose);
      bodies.give(bytes);
      if (isRejection(outcome)) request.pause();
      resolve(outcome);
    };
    const onData = (chunk: Buffer) => {
      if (bytes + chunk.length > limits.maxBodyBytes) settle(tooLarge(limits.maxBodyBytes));
      else if (!bodies.maybeTake(chunk.length))
        settle(reject('unavailable', 'Too many large requests at once; try again in a moment'));
      else {
        bytes += chunk.length;
        chunks.push(chunk);
      }
    };
    const onEnd = () => settle(Buffer.concat(chunks, bytes));
    const onClose = () => settle(reject('malformed', 'The connection ended before the body did'));
    const timer = setTimeout(
      () => settle(reject('timeout', `The body did not arrive within ${limits.bodyTimeoutMs / 1000} seconds`)),
      limits.bodyTimeoutMs,
    );
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}
