/**
 * `master snapshot save FILE`: the registry, from the leader to a file of this machine. The file gets its name when it is whole,
 * durable and verified; until then, and when anything fails, nothing of that name changes.
 */
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { MesoError, messageOf } from '../../base/error.js';
import { verifySnapshot } from '../../daemon/master/registry/registry-snapshot.js';
import { formatCount } from '../../views/text/numbers.js';
import { withinTimeout } from '../cluster/session.js';
import { Interrupts } from '../interrupts.js';
import { Progress } from '../progress.js';
import type { MastersSession } from './masters-session.js';

export interface SaveOptions {
  /** Take the place of a file that is there. */
  readonly force: boolean;
  readonly json: boolean;
}

/** docs/schemas/master-snapshot-save.json */
interface SaveResult {
  readonly file: string;
  readonly size_bytes: number;
  /** Of the last log entry that is in it. */
  readonly index: number;
  readonly cluster_id: string;
}

/** A leader from which nothing comes for so long is lost. Ms. */
const STALL_MS = 30_000;

/** Returns the exit status. */
export async function saveSnapshot(file: string, options: SaveOptions, session: MastersSession): Promise<number> {
  const { console } = session;
  const path = resolve(file);
  await checkTarget(file, path, options);
  const part = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  const handle = await open(part, 'wx', 0o600).catch((error: unknown) => {
    throw writeError(file, error);
  });
  const interrupts = new Interrupts(1);
  try {
    await download(handle, interrupts.stage(0), session);
    // Checksums over all of it: what is saved can be restored.
    const { index, sizeBytes, clusterId } = verifySnapshot(part);
    await publish(part, path, file, options);
    const result: SaveResult = { file, size_bytes: sizeBytes, index, cluster_id: clusterId };
    await console.print(options.json ? `${JSON.stringify(result, null, 2)}\n` : textOf(result));
    console.hint('Another machine is a safer place for it. To restore: mesoctl master snapshot restore FILE');
    return 0;
  } catch (error) {
    if (interrupts.first === undefined) throw error;
    console.say('mesoctl: stopped; nothing was saved');
    return 128 + interrupts.first.signal;
  } finally {
    interrupts.close();
    await handle.close().catch(() => undefined);
    await rm(part, { force: true }).catch(() => undefined);
  }
}

function textOf({ file, size_bytes, index }: SaveResult): string {
  return `Saved the registry to ${file}: ${formatCount(size_bytes)} bytes, up to log index ${index}\n`;
}

/** Before anybody is asked. Throws BAD_INPUT or REFUSED. */
async function checkTarget(file: string, path: string, { force }: SaveOptions): Promise<void> {
  if (file === '-' || file === '')
    throw new MesoError('BAD_INPUT', 'a snapshot is saved to a file, which gets its name when it is verified', {
      suggestions: ['mesoctl master snapshot save registry.snapshot'],
    });
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (found.isDirectory()) throw new MesoError('BAD_INPUT', `${file} is a directory: name a file`);
  if (!force)
    throw new MesoError('REFUSED', `${file} is there already`, {
      details: { file: path },
      suggestions: ['another name', '--force to replace it'],
    });
}

async function download(handle: FileHandle, stopped: AbortSignal, session: MastersSession): Promise<void> {
  const { client, console, timeoutMs, nowMs } = session;
  const progress = new Progress(console, 'Waiting for the leader to take the snapshot', nowMs);
  try {
    const coming = await withinTimeout(timeoutMs, 'the snapshot', (late) =>
      client.openSnapshot({ signal: AbortSignal.any([late, stopped]), timeoutMs }),
    );
    await receive(coming, handle, stopped, (bytes) =>
      progress.update(`Saving: ${formatCount(bytes)} of ${formatCount(coming.sizeBytes)} bytes`),
    );
  } finally {
    progress.end();
  }
}

/** Writes all of it and makes it durable. Rejects with CONNECTION_LOST, DISK, or the reason of `stopped`. */
async function receive(
  { body, sizeBytes }: { readonly body: Readable; readonly sizeBytes: number },
  handle: FileHandle,
  stopped: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  let bytes = 0;
  const stall = setTimeout(() => body.destroy(new Error(`nothing came for ${STALL_MS / 1000}s`)), STALL_MS);
  const stop = () => body.destroy(new Error('stopped'));
  stopped.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of readAll(body)) {
      stall.refresh();
      await writeAll(handle, chunk);
      bytes += chunk.length;
      onBytes(bytes);
    }
    if (bytes !== sizeBytes) throw cutOff(bytes, sizeBytes);
    await handle.sync();
  } catch (error) {
    throw error instanceof MesoError ? error : writeError('the snapshot', error);
  } finally {
    clearTimeout(stall);
    stopped.removeEventListener('abort', stop);
    body.destroy();
  }
}

async function* readAll(body: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw new MesoError('CONNECTION_LOST', `the snapshot was cut off: ${messageOf(error)}`, {
      cause: error,
      suggestions: ['the same again: nothing was saved'],
    });
  }
}

async function writeAll(handle: FileHandle, chunk: Buffer): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await handle.write(chunk, done)).bytesWritten;
}

function cutOff(bytes: number, sizeBytes: number): MesoError {
  return new MesoError('CONNECTION_LOST', `the snapshot was cut off after ${bytes} of ${sizeBytes} bytes`, {
    suggestions: ['the same again: nothing was saved'],
  });
}

/** A link fails where a name is taken, a rename would not. */
async function publish(part: string, path: string, file: string, { force }: SaveOptions): Promise<void> {
  try {
    if (force) await rename(part, path);
    else await link(part, path);
    const directory = await open(dirname(path), 'r');
    await directory.sync().finally(() => directory.close());
  } catch (error) {
    throw writeError(file, error);
  }
}

function writeError(file: string, error: unknown): MesoError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST')
    return new MesoError('REFUSED', `${file} is there already`, { suggestions: ['another name', '--force'] });
  const isForbidden = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  return new MesoError(isForbidden ? 'NOT_ALLOWED' : 'DISK', `${file} cannot be written: ${messageOf(error)}`, {
    cause: error,
    suggestions: ['a file in a directory that exists and has room'],
  });
}
