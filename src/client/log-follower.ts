/**
 * Follows a growing file of a sandbox through LIST_FILES and READ_FILE, over rotations (`stdout` becomes `stdout.1`, that
 * one `stdout.2`, and so on), without losing or repeating a byte.
 *
 * How: the API names files, not inodes, so between two reads a name may have come to mean another file. A rotated file
 * never changes again: its size and time tell it from others. We remember the newest one that is older than the file we
 * read (the anchor); wherever the anchor is now, our file is one place before it. What was read counts only if a listing
 * made afterwards shows the anchor where it was before.
 *
 * Invariants: bytes come out in the order in which they were written, each once; the only gap is one that the retention of
 * old files makes, and it is reported (`skipped`).
 */
import { MesoError } from '../base/error.js';
import type * as mesos from '../wire/gen/mesos.js';

export interface FileSource {
  /** Entries of the directory. */
  list(): Promise<readonly mesos.FileInfo[]>;
  /** From `offset` on, at most 64 KiB; `name` is relative to the directory. */
  read(name: string, offset: number): Promise<{ readonly sizeBytes: number; readonly data: Uint8Array }>;
}

/** What one step found. */
export interface LogStep {
  readonly data: readonly Uint8Array[];
  /** Old files were deleted before they were read: something is missing before `data`. */
  readonly skipped: boolean;
  /** Everything that the listing showed has been read. */
  readonly isAtEnd: boolean;
}

export interface LogFollowerOptions {
  /** Begin that many bytes before the end of what there is at the first step; default: at the beginning. */
  readonly lastBytes?: number | undefined;
}

interface Rotated {
  readonly identity: string;
  readonly sizeBytes: number;
}

/** Where we read: 0 is the live file, N is `name.N`. */
interface Place {
  readonly index: number;
  readonly offset: number;
  readonly skipped: boolean;
}

/** Bytes of one step: what a rotation in between would make us read again. */
const STEP_BYTES = 1024 * 1024;
/** By what a file is known again after its anchor was deleted. */
const TAIL_BYTES = 64;
/** A file that rotates faster than we can look is read in a later step. */
const ATTEMPTS = 8;
const NOTHING: LogStep = { data: [], skipped: false, isAtEnd: true };
const AGAIN: LogStep = { data: [], skipped: false, isAtEnd: false };

export class LogFollower {
  readonly #source: FileSource;
  readonly #name: string;
  #lastBytes: number;
  #beganInside = false;
  /** Of the live file, at the newest listing. */
  #liveBytes = 0;
  /** Newest rotated file that is older than ours; undefined: there is none. */
  #anchor: string | undefined;
  #offset = 0;
  /** The last bytes before the offset. */
  #tail: Uint8Array = new Uint8Array();
  #hasStarted = false;
  /** The newest listing; undefined: none yet, or the live file was missing. */
  #listing: readonly Rotated[] | undefined;

  /** `name`: `stdout` or `stderr`. */
  constructor(source: FileSource, name: string, options: LogFollowerOptions = {}) {
    this.#source = source;
    this.#name = name;
    this.#lastBytes = options.lastBytes ?? Number.POSITIVE_INFINITY;
  }

  /**
   * The next bytes, if there are any now. `final`: nobody writes any more, and `isAtEnd` is to be a proof. Throws what the
   * source throws; a later step goes on where this one began.
   */
  async step(final = false): Promise<LogStep> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      this.#listing ??= await this.#listRotated();
      if (this.#listing === undefined) return NOTHING;
      const found = await this.#attempt(this.#listing, final);
      if (found !== undefined) return found;
    }
    return AGAIN;
  }

  /** Whether the first bytes, or those after `skipToLast`, came from the middle of a file: perhaps of a line. */
  get beganInside(): boolean {
    return this.#beganInside;
  }

  /**
   * Passes over everything but the last `keepBytes`, for those who need the newest more than all of it. Returns how many
   * bytes that were; what retention deleted meanwhile does not count.
   */
  async skipToLast(keepBytes: number): Promise<number> {
    const rotated = await this.#listRotated();
    if (rotated === undefined || !this.#hasStarted) return 0;
    const aheadBytes = this.#bytesAhead(rotated);
    if (aheadBytes <= keepBytes) return 0;
    this.#listing = rotated;
    this.#lastBytes = keepBytes;
    this.#hasStarted = false;
    this.#tail = new Uint8Array();
    return aheadBytes - keepBytes;
  }

  /** Bytes from our place to the end; from the oldest on where our place was deleted. */
  #bytesAhead(rotated: readonly Rotated[]): number {
    const anchored = this.#anchor === undefined ? -1 : rotated.findIndex(({ identity }) => identity === this.#anchor);
    const index = anchored < 0 ? rotated.length : anchored;
    const sizes = [this.#liveBytes, ...rotated.map(({ sizeBytes }) => sizeBytes)].slice(0, index + 1);
    return sizes.reduce((sum, size) => sum + size, 0) - this.#offset;
  }

  /** undefined: the files moved meanwhile. Then nothing is taken over, so nothing is lost or read twice. */
  async #attempt(before: readonly Rotated[], final: boolean): Promise<LogStep | undefined> {
    const place = await this.#locate(before);
    const read = await this.#readFrom(nameAt(this.#name, place.index), place.offset);
    const isIdle = read !== undefined && place.index === 0 && read.sizeBytes === place.offset && !place.skipped;
    if (isIdle && !final) return NOTHING;
    const after = await this.#listRotated();
    this.#listing = after;
    if (after === undefined) return AGAIN;
    if (read === undefined || !isSamePlace(before, after)) return undefined;
    return this.#take(before, place, read);
  }

  #take(
    listing: readonly Rotated[],
    place: Place,
    { data, sizeBytes }: { readonly data: readonly Uint8Array[]; readonly sizeBytes: number },
  ): LogStep {
    this.#hasStarted = true;
    this.#anchor = listing[place.index]?.identity;
    // Emptied in place, which the agent does where a task obstructs the rotation.
    if (place.index === 0 && sizeBytes < place.offset) {
      this.#restart();
      return { data: [], skipped: true, isAtEnd: false };
    }
    this.#offset = place.offset + lengthOf(data);
    this.#tail = tailOf(place.skipped ? new Uint8Array() : this.#tail, data);
    const ours = place.index === 0 ? undefined : listing[place.index - 1];
    if (ours !== undefined && this.#offset >= ours.sizeBytes) {
      this.#anchor = ours.identity;
      this.#restart();
      return { data, skipped: place.skipped, isAtEnd: false };
    }
    return { data, skipped: place.skipped, isAtEnd: place.index === 0 && this.#offset >= sizeBytes };
  }

  #restart(): void {
    this.#offset = 0;
    this.#tail = new Uint8Array();
  }

  async #locate(rotated: readonly Rotated[]): Promise<Place> {
    if (!this.#hasStarted) return this.#firstPlace(rotated);
    const index =
      this.#anchor === undefined ? rotated.length : rotated.findIndex(({ identity }) => identity === this.#anchor);
    if (index === 0) return { index, offset: this.#offset, skipped: false };
    const ours = index < 0 ? undefined : rotated[index - 1];
    if (this.#anchor !== undefined && ours !== undefined && ours.sizeBytes >= this.#offset)
      return { index, offset: this.#offset, skipped: false };
    // Without an anchor, or when it was deleted: ours may be the oldest that is left, or gone as well.
    if (this.#anchor === undefined && this.#offset === 0) return { index, offset: 0, skipped: false };
    if (await this.#isOldestOurs(rotated)) return { index: rotated.length, offset: this.#offset, skipped: false };
    // Where we were is forgotten only once it is sure that nothing moved while we looked: see #take.
    return { index: rotated.length, offset: 0, skipped: true };
  }

  #firstPlace(rotated: readonly Rotated[]): Place {
    let missing = this.#lastBytes;
    const sizes = [this.#liveBytes, ...rotated.map(({ sizeBytes }) => sizeBytes)];
    for (const [index, size] of sizes.entries()) {
      if (size >= missing) return this.#beginAt(index, size - missing);
      missing -= size;
    }
    return this.#beginAt(rotated.length, 0);
  }

  #beginAt(index: number, offset: number): Place {
    this.#beganInside = offset > 0;
    return { index, offset, skipped: false };
  }

  async #isOldestOurs(rotated: readonly Rotated[]): Promise<boolean> {
    const oldest = rotated.at(-1);
    if (oldest === undefined || this.#tail.length === 0 || oldest.sizeBytes < this.#offset) return false;
    const part = await this.#readFrom(nameAt(this.#name, rotated.length), this.#offset - this.#tail.length);
    const bytes = Buffer.concat(part?.data ?? []).subarray(0, this.#tail.length);
    return bytes.equals(this.#tail);
  }

  /** undefined: the file went away. */
  async #readFrom(
    name: string,
    from: number,
  ): Promise<{ readonly data: readonly Uint8Array[]; readonly sizeBytes: number } | undefined> {
    const data: Uint8Array[] = [];
    let offset = from;
    try {
      for (;;) {
        const part = await this.#source.read(name, offset);
        if (part.data.length > 0) data.push(part.data);
        offset += part.data.length;
        if (part.data.length === 0 || offset >= part.sizeBytes || offset - from >= STEP_BYTES)
          return { data, sizeBytes: part.sizeBytes };
      }
    } catch (error) {
      if (error instanceof MesoError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  }

  /** Newest first; undefined: the live file is not there (yet). */
  async #listRotated(): Promise<readonly Rotated[] | undefined> {
    const byName = new Map(
      (await this.#source.list()).map((info) => [info.path.slice(info.path.lastIndexOf('/') + 1), info]),
    );
    const live = byName.get(this.#name);
    if (live === undefined) return undefined;
    this.#liveBytes = Number(live.size ?? 0);
    const rotated: Rotated[] = [];
    for (let i = 1; ; i++) {
      const info = byName.get(nameAt(this.#name, i));
      if (info === undefined) return rotated;
      const sizeBytes = Number(info.size ?? 0);
      rotated.push({ identity: `${info.mtime?.nanoseconds ?? 0}/${sizeBytes}`, sizeBytes });
    }
  }
}

function nameAt(name: string, index: number): string {
  return index === 0 ? name : `${name}.${index}`;
}

function isSamePlace(before: readonly Rotated[], after: readonly Rotated[]): boolean {
  return before.length === after.length && before[0]?.identity === after[0]?.identity;
}

function lengthOf(data: readonly Uint8Array[]): number {
  return data.reduce((sum, part) => sum + part.length, 0);
}

function tailOf(tail: Uint8Array, data: readonly Uint8Array[]): Uint8Array {
  if (data.length === 0) return tail;
  const last = data.at(-1) ?? tail;
  const bytes = last.length >= TAIL_BYTES ? last : Buffer.concat([tail, ...data]);
  return Uint8Array.from(bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES)));
}
