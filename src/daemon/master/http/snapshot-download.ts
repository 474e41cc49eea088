/**
 * `GET /api/mesoctl/v1/snapshot`: the registry as one file, taken for this request and streamed, cut off when its reader stalls.
 * One at a time: each is a copy of the whole registry on the disk of the leader.
 *
 * Invariant: the file has no name any more before its first byte leaves, so nothing is left of it, whatever happens; what a
 * crash left of an unfinished one is removed by the next.
 */
import { createReadStream, type ReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../base/error.js';
import { type Rejection, reject } from '../../../base/rejection.js';
import type { Exchange } from '../../http/exchange.js';
import { SCHEDULER_STREAM_LIMITS, type StreamLimits, type StreamWriter } from '../../http/stream-writer.js';
import { registryDirectory } from '../registry/registry-location.js';

/** What it needs of a master. */
export interface SnapshotSite {
  readonly config: { readonly workDir: string };
  readonly registry: {
    /** To a new file at an absolute path. */
    saveSnapshot(path: string): Promise<{ readonly index: number; readonly sizeBytes: number }>;
  };
}

/** The rest of a slow reader's last megabytes may take as long as any others. */
const LIMITS: StreamLimits = { ...SCHEDULER_STREAM_LIMITS, endDeadlineMs: SCHEDULER_STREAM_LIMITS.stallMs };

/** A handler for one master. */
export function createSnapshotDownload(): (site: SnapshotSite, exchange: Exchange) => Promise<void> {
  let isBusy = false;
  return async (site, exchange) => {
    if (isBusy) {
      exchange.reject(reject('unavailable', 'another snapshot is being taken'));
      return;
    }
    isBusy = true;
    const refusal = await answer(site, exchange).finally(() => {
      isBusy = false;
    });
    // Not before the next one may have it, and nothing is left of this one.
    if (refusal !== undefined) exchange.reject(refusal);
  };
}

/** Sends the snapshot, or says why there is none. */
async function answer({ config, registry }: SnapshotSite, exchange: Exchange): Promise<Rejection | undefined> {
  const path = join(registryDirectory(config.workDir), 'download.snapshot');
  let file: FileHandle | undefined;
  try {
    await rm(path, { force: true });
    const { index } = await registry.saveSnapshot(path);
    file = await open(path, 'r');
    await rm(path);
    await send(file, index, exchange);
    return undefined;
  } catch (error) {
    if (exchange.isAnswered) throw error;
    return reject('unavailable', `no snapshot can be taken: ${messageOf(error)}`);
  } finally {
    await file?.close();
    await rm(path, { force: true });
  }
}

/** Resolves when the reader has all of it or is gone. */
async function send(file: FileHandle, index: number, exchange: Exchange): Promise<void> {
  const { size } = await file.stat();
  const stream = createReadStream('', { fd: file, autoClose: false });
  await new Promise<void>((resolve) => {
    const writer = exchange.openStream({
      contentType: 'application/octet-stream',
      headers: {
        'Content-Length': String(size),
        'Content-Disposition': 'attachment; filename="registry.snapshot"',
        'Mesoctl-Snapshot-Index': String(index),
      },
      limits: LIMITS,
      observer: {
        onBacklog: (high) => (high ? stream.pause() : stream.resume()),
        onClosed: () => resolve(),
      },
    });
    if (writer === undefined) resolve();
    else pump(stream, writer);
  }).finally(() => stream.destroy());
}

function pump(stream: ReadStream, writer: StreamWriter): void {
  stream.on('data', (chunk) => writer.write(Buffer.from(chunk)));
  stream.on('end', () => writer.end());
  stream.on('error', () => writer.destroy());
}
