/**
 * Snapshot files that this member gives to others: one file serves everybody who asks while the log still continues it.
 * Ids are never used twice. Files live in the member's directory and go with their last reader, or when it starts again.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../base/assert.js';
import type { SnapshotInfo } from '../core/protocol.js';
import { readAt } from './snapshot-file.js';

const PREFIX = 'snapshot-';

interface Shelved {
  readonly info: SnapshotInfo;
  readonly path: string;
  readonly descriptor: number;
  readers: number;
}

export class SnapshotShelf {
  readonly #directory: string;
  readonly #shelved = new Map<string, Shelved>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  static isLeftover(name: string): boolean {
    return name.startsWith(PREFIX);
  }

  pathOf(id: string): string {
    return join(this.#directory, `${PREFIX}${id}`);
  }

  /** The oldest index that somebody is being sent. */
  get oldestIndex(): number | undefined {
    const indexes = [...this.#shelved.values()].map(({ info }) => info.index);
    return indexes.length === 0 ? undefined : Math.min(...indexes);
  }

  /** One more reader for a snapshot that the log beginning behind `baseIndex` continues. */
  reuse(baseIndex: number): SnapshotInfo | undefined {
    for (const shelved of this.#shelved.values()) {
      if (shelved.info.index < baseIndex) continue;
      shelved.readers += 1;
      return shelved.info;
    }
    return undefined;
  }

  /** Written to `pathOf(info.id)`; its first reader has it. */
  add(info: SnapshotInfo): void {
    assert(!this.#shelved.has(info.id), 'an id names one file');
    const path = this.pathOf(info.id);
    this.#shelved.set(info.id, { info, path, descriptor: openSync(path, 'r'), readers: 1 });
  }

  /** undefined: nobody has opened it, or not any more. */
  read(id: string, offset: number, maxBytes: number): Uint8Array | undefined {
    const shelved = this.#shelved.get(id);
    if (shelved === undefined) return undefined;
    const count = Math.max(0, Math.min(maxBytes, shelved.info.sizeBytes - offset));
    return readAt(shelved.descriptor, offset, count);
  }

  /** Returns the index of the snapshot if that was its last reader. */
  release(id: string): number | undefined {
    const shelved = this.#shelved.get(id);
    if (shelved === undefined) return undefined;
    shelved.readers -= 1;
    if (shelved.readers > 0) return undefined;
    this.#remove(shelved);
    return shelved.info.index;
  }

  close(): void {
    for (const shelved of this.#shelved.values()) this.#remove(shelved);
  }

  #remove({ info, path, descriptor }: Shelved): void {
    closeSync(descriptor);
    rmSync(path, { force: true });
    this.#shelved.delete(info.id);
  }
}
