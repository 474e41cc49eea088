/**
 * Read-only access to attached directories for operators: LIST_FILES and READ_FILE of the v1 API and the /files
 * endpoints (spec page 03, sections 3.3 and 3.4). Decides which host file a virtual path means.
 *
 * Never shows anything outside of an attached directory, never follows a link out of one, never opens what is not a
 * regular file (opening a fifo would block, a device would act), holds at most 64 KiB of a file at a time.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, opendir, realpath } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { AccountNames } from './account-names.js';
import { openBelow, openEntry, pathOfHandle, rejectionOfSystemError } from './opened-node.js';

/** Most bytes of one read: sixteen pages. */
export const MAX_READ_BYTES = 16 * 4096;
/** Longest listing; a task that makes more files must not fill the agent's memory. */
const MAX_LISTED_FILES = 20_000;
const MAX_PATH_CHARS = 4096;
const STATS_AT_ONCE = 32;

/** Answer of a read: the file's size now, and the bytes from the offset on. */
export interface FileRead {
  readonly sizeBytes: number;
  readonly data: Buffer;
}

/** A file on its way out. Whoever takes it consumes or destroys `stream`, which closes the file. */
export interface FileDownload {
  /** Last component of the virtual path. */
  readonly name: string;
  /** The stream delivers exactly that many bytes, unless the file shrinks meanwhile. */
  readonly sizeBytes: number;
  readonly stream: Readable;
}

interface Target {
  readonly rootPath: string;
  readonly components: readonly string[];
}

export class SandboxFiles {
  /** Virtual path to real host path. */
  readonly #attached = new Map<string, string>();

  /** Makes `hostPath` (a directory, or one file) visible as `virtualPath`; replaces what was there. */
  async attach(virtualPath: string, hostPath: string): Promise<Rejection | undefined> {
    const key = normalize(virtualPath);
    if (isRejection(key)) return key;
    try {
      this.#attached.set(key, await realpath(hostPath));
      return undefined;
    } catch (error) {
      return rejectionOfSystemError(error);
    }
  }

  /** Returns whether it was attached. Answers under way are not cut off. */
  detach(virtualPath: string): boolean {
    const key = normalize(virtualPath);
    return !isRejection(key) && this.#attached.delete(key);
  }

  /** What is attached, virtual path to host path: the answer of /files/debug. */
  attachments(): ReadonlyMap<string, string> {
    return new Map(this.#attached);
  }

  /** The entries of a directory, sorted by path. */
  async list(virtualPath: string): Promise<readonly mesos.FileInfo[] | Rejection> {
    const directory = await this.#open(virtualPath);
    if (isRejection(directory)) return directory;
    try {
      if (!(await directory.stat()).isDirectory()) return reject('invalid', `'${virtualPath}' is not a directory`);
      const names = await entryNames(directory);
      if (isRejection(names)) return names;
      return await describeEntries(directory, stripTrailingSlashes(virtualPath), names);
    } catch (error) {
      return rejectionOfSystemError(error);
    } finally {
      await directory.close();
    }
  }

  /**
   * Bytes from `offset` on, at most `lengthBytes` and never more than 64 KiB. Beyond the end: no data. An offset that
   * is absent asks for the size only.
   */
  async read(
    virtualPath: string,
    offset: number | bigint | undefined,
    lengthBytes?: number | bigint | undefined,
  ): Promise<FileRead | Rejection> {
    const file = await this.#openFile(virtualPath);
    if (isRejection(file)) return file;
    try {
      const sizeBytes = (await file.stat()).size;
      if (offset === undefined || offset >= sizeBytes) return { sizeBytes, data: Buffer.alloc(0) };
      const from = Number(offset);
      const wanted = Math.min(MAX_READ_BYTES, sizeBytes - from, Number(lengthBytes ?? MAX_READ_BYTES));
      if (from < 0 || wanted < 0) return reject('invalid', 'Offset and length must not be negative');
      return { sizeBytes, data: await readFully(file, from, wanted) };
    } catch (error) {
      return rejectionOfSystemError(error);
    } finally {
      await file.close();
    }
  }

  /** The whole file as a stream, as long as it is at this moment. */
  async download(virtualPath: string): Promise<FileDownload | Rejection> {
    const file = await this.#openFile(virtualPath);
    if (isRejection(file)) return file;
    try {
      const sizeBytes = (await file.stat()).size;
      const name = stripTrailingSlashes(virtualPath).split('/').at(-1) ?? '';
      // `end` counts its own byte, so a stream of no bytes cannot be asked for.
      const stream = sizeBytes === 0 ? Readable.from([]) : file.createReadStream({ start: 0, end: sizeBytes - 1 });
      if (sizeBytes === 0) await file.close();
      return { name, sizeBytes, stream };
    } catch (error) {
      await file.close();
      return rejectionOfSystemError(error);
    }
  }

  /** The regular file behind a virtual path, open for reading. */
  async #openFile(virtualPath: string): Promise<FileHandle | Rejection> {
    const named = await this.#open(virtualPath);
    if (isRejection(named)) return named;
    try {
      const stat = await named.stat();
      if (stat.isDirectory()) return reject('invalid', `'${virtualPath}' is a directory`);
      if (!stat.isFile()) return reject('invalid', `'${virtualPath}' is not a regular file`);
      return await open(pathOfHandle(named), constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      return rejectionOfSystemError(error);
    } finally {
      await named.close();
    }
  }

  async #open(virtualPath: string): Promise<FileHandle | Rejection> {
    const target = this.#find(virtualPath);
    if (isRejection(target)) return target;
    const opened = await openBelow(target.rootPath, target.components);
    if (isRejection(opened) && opened.code === 'not-found') return noSuchPath(virtualPath);
    return opened;
  }

  /** The longest attached prefix wins. */
  #find(virtualPath: string): Target | Rejection {
    const path = normalize(virtualPath);
    if (isRejection(path)) return path;
    const components = path.split('/').slice(1);
    for (let taken = components.length; taken >= 0; taken--) {
      const rootPath = this.#attached.get(`/${components.slice(0, taken).join('/')}`);
      if (rootPath !== undefined) return { rootPath, components: components.slice(taken) };
    }
    return noSuchPath(virtualPath);
  }
}

/** One leading slash, single slashes, no trailing one; ".." is refused, it has no meaning among virtual paths. */
function normalize(virtualPath: string): string | Rejection {
  if (virtualPath.length === 0) return reject('invalid', 'Expecting a path');
  if (virtualPath.length > MAX_PATH_CHARS)
    return reject('invalid', `The path is longer than ${MAX_PATH_CHARS} characters`);
  if (virtualPath.includes('\0')) return reject('invalid', 'The path holds a NUL character');
  const components = virtualPath.split('/').filter((name) => name !== '' && name !== '.');
  if (components.includes('..')) return reject('invalid', "The path must not contain '..'");
  return `/${components.join('/')}`;
}

function stripTrailingSlashes(path: string): string {
  return path.replace(/\/+$/, '');
}

function noSuchPath(virtualPath: string): Rejection {
  return reject('not-found', `There is no file '${virtualPath.slice(0, 200)}'`);
}

async function entryNames(directory: FileHandle): Promise<readonly string[] | Rejection> {
  const names: string[] = [];
  for await (const entry of await opendir(pathOfHandle(directory))) {
    names.push(entry.name);
    if (names.length > MAX_LISTED_FILES)
      return reject('too-large', `The directory has more than ${MAX_LISTED_FILES} entries`);
  }
  return names.sort();
}

async function describeEntries(
  directory: FileHandle,
  virtualPath: string,
  names: readonly string[],
): Promise<readonly mesos.FileInfo[]> {
  const accounts = await AccountNames.read();
  const infos: mesos.FileInfo[] = [];
  for (let from = 0; from < names.length; from += STATS_AT_ONCE) {
    const batch = names.slice(from, from + STATS_AT_ONCE);
    const described = await Promise.all(batch.map((name) => describeEntry(directory, virtualPath, name, accounts)));
    infos.push(...described.filter((info) => info !== undefined));
  }
  return infos;
}

/** undefined: it went away between the listing and now. A link is described as a link. */
async function describeEntry(
  directory: FileHandle,
  virtualPath: string,
  name: string,
  accounts: AccountNames,
): Promise<mesos.FileInfo | undefined> {
  try {
    const entry = await openEntry(directory, name);
    try {
      const stat = await entry.stat({ bigint: true });
      return {
        path: `${virtualPath}/${name}`,
        nlink: Number(stat.nlink),
        size: Number(stat.size),
        mtime: { nanoseconds: stat.mtimeNs },
        mode: Number(stat.mode),
        uid: accounts.userName(Number(stat.uid)),
        gid: accounts.groupName(Number(stat.gid)),
      };
    } finally {
      await entry.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads until `lengthBytes` are there or the file ends. */
async function readFully(file: FileHandle, offset: number, lengthBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(lengthBytes);
  let filled = 0;
  while (filled < lengthBytes) {
    const { bytesRead } = await file.read(buffer, filled, lengthBytes - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
