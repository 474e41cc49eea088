/**
 * The JSON shapes of the /files endpoints, which are older than the v1 API and spell the same facts differently (spec
 * page 03, section 3.4): mode as letters, time in whole seconds, data as text. Pure.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type { FileRead } from './files.js';

export interface LegacyFile {
  readonly path: string;
  readonly nlink: number;
  readonly size: number;
  readonly mtime: number;
  /** As `ls -l` writes it. */
  readonly mode: string;
  readonly uid: string;
  readonly gid: string;
}

/** One row of /files/browse. */
export function toLegacyFile(info: mesos.FileInfo): LegacyFile {
  return {
    path: info.path,
    nlink: info.nlink ?? 0,
    size: Number(info.size ?? 0),
    mtime: Number(BigInt(info.mtime?.nanoseconds ?? 0) / 1_000_000_000n),
    mode: formatMode(info.mode ?? 0),
    uid: info.uid ?? '',
    gid: info.gid ?? '',
  };
}

/** Body of /files/read. The offset echoes the request's; asking for none gives the file's size there. */
export function toLegacyRead(offset: number | undefined, read: FileRead): { offset: number; data: string } {
  return { offset: offset ?? read.sizeBytes, data: read.data.toString('utf8') };
}

/** A query parameter of /files/read: -1 and absence mean "not given". */
export function parseFilePosition(name: string, text: string | undefined): number | undefined | Rejection {
  if (text === undefined || text === '-1') return undefined;
  if (!/^\d{1,15}$/.test(text))
    return reject('invalid', `Failed to parse ${name}: "${text.slice(0, 40)}" is not a number`);
  return Number(text);
}

const KINDS: ReadonlyMap<number, string> = new Map([
  [0o140000, 's'],
  [0o120000, 'l'],
  [0o100000, '-'],
  [0o060000, 'b'],
  [0o040000, 'd'],
  [0o020000, 'c'],
  [0o010000, 'p'],
]);

/** "-rw-r--r--" of a file mode, set-id and sticky bits included. */
export function formatMode(mode: number): string {
  const kind = KINDS.get(mode & 0o170000) ?? '-';
  const owner = triad(mode >> 6, (mode & 0o4000) !== 0, 's');
  const group = triad(mode >> 3, (mode & 0o2000) !== 0, 's');
  const others = triad(mode, (mode & 0o1000) !== 0, 't');
  return kind + owner + group + others;
}

function triad(bits: number, special: boolean, letter: string): string {
  const executable = (bits & 1) !== 0;
  const plain = executable ? 'x' : '-';
  const marked = executable ? letter : letter.toUpperCase();
  return `${(bits & 4) !== 0 ? 'r' : '-'}${(bits & 2) !== 0 ? 'w' : '-'}${special ? marked : plain}`;
}
