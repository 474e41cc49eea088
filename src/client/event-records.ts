/**
 * The records of an event stream, in the pieces in which they arrive, as long as the server gives signs of life. Silence is measured only while we
 * wait for bytes: a consumer that thinks for a minute does not make the server look dead, it makes it wait.
 */

import { MesoError } from '../base/error.js';
import { isRejection } from '../base/rejection.js';
import { RecordDecoder } from '../wire/recordio.js';
import { formatAddress } from './address.js';
import type { HttpResponse } from './http-request.js';

/** A snapshot of a large cluster comes as one record. */
const MAX_RECORD_BYTES = 512 * 1024 ** 2;

export interface RecordOptions {
  /** Asked before each wait: the server says its heartbeat interval in its first event. */
  readonly silenceTimeoutMs: () => number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Ends when the signal aborts. Throws CONNECTION_LOST when the server closes, falls silent or the connection breaks, and
 * PROTOCOL for what is no RecordIO. Leaving the loop closes the connection. What is handed over is never empty.
 */
export async function* readRecords(
  response: HttpResponse,
  options: RecordOptions,
): AsyncGenerator<readonly Buffer[], void> {
  const { body } = response;
  const address = formatAddress(response.address);
  const lost = (why: string, cause?: unknown) =>
    new MesoError('CONNECTION_LOST', `${address} ${why}`, { cause, details: { address } });
  const decoder = new RecordDecoder({ maxRecordBytes: MAX_RECORD_BYTES });
  const onAbort = () => body.destroy();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const ms = options.silenceTimeoutMs();
      const timer = setTimeout(() => body.destroy(lost(`has been silent for ${Math.round(ms / 1000)}s`)), ms);
      let next: IteratorResult<Buffer>;
      try {
        next = await chunks.next();
      } catch (error) {
        if (options.signal?.aborted === true) return;
        throw error instanceof MesoError ? error : lost('closed the connection', error);
      } finally {
        clearTimeout(timer);
      }
      if (options.signal?.aborted === true) return;
      if (next.done === true) throw lost('closed the event stream');
      const records = decoder.push(next.value);
      if (isRejection(records))
        throw new MesoError('PROTOCOL', `${address} sent what is no event stream: ${records.message}`, {
          details: { address },
        });
      if (records.length > 0) yield records;
    }
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    body.destroy();
  }
}
