/**
 * Deletes a directory tree that may belong to somebody hostile.
 *
 * A path-based recursive delete that runs as root can be led elsewhere: the tree's user swaps a directory for a link
 * between the look and the descent. Here every step is relative to an open directory (see opened-node.ts), so only what
 * is truly in the tree is deleted. A tree deeper than the kernel's path limit is flattened on the way down, so that open
 * descriptors stay few. Deleting goes on past errors and reports the first.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, opendir, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { openEntry, pathOfHandle } from './opened-node.js';

const MAX_DEPTH = 64;
/** Somebody who keeps making deep directories does not keep us for ever. */
const MAX_PASSES = 10_000;

export type TreeRemoval =
  | { readonly state: 'removed' }
  | { readonly state: 'missing' }
  | { readonly state: 'failed'; readonly error: unknown };

/** Deletes `path` and all below it. The directory that holds `path` must be writable by the agent alone. */
export async function removeTree(path: string): Promise<TreeRemoval> {
  let parent: FileHandle;
  try {
    parent = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? { state: 'missing' } : { state: 'failed', error };
  }
  try {
    return await new TreeRemover().run(parent, basename(path));
  } finally {
    await parent.close();
  }
}

class TreeRemover {
  #firstError: unknown;
  #failed = false;
  #moved = 0;

  async run(parent: FileHandle, name: string): Promise<TreeRemoval> {
    let top: FileHandle;
    try {
      top = await openEntry(parent, name);
    } catch (error) {
      return codeOf(error) === 'ENOENT' ? { state: 'missing' } : { state: 'failed', error };
    }
    try {
      if ((await top.stat()).isDirectory()) await this.#emptyTop(top);
    } finally {
      await top.close();
    }
    await this.#deleteEntry(parent, name);
    return this.#failed ? { state: 'failed', error: this.#firstError } : { state: 'removed' };
  }

  /** Deep directories are moved up here, so one pass may leave some for the next. */
  async #emptyTop(top: FileHandle): Promise<void> {
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const movedBefore = this.#moved;
      await this.#empty(top, top, 0);
      if (this.#moved === movedBefore) return;
    }
  }

  async #empty(directory: FileHandle, top: FileHandle, depth: number): Promise<void> {
    try {
      for await (const entry of await opendir(pathOfHandle(directory)))
        await this.#remove(directory, entry.name, top, depth);
    } catch (error) {
      this.#note(error);
    }
  }

  async #remove(parent: FileHandle, name: string, top: FileHandle, depth: number): Promise<void> {
    try {
      const entry = await openEntry(parent, name);
      try {
        if (!(await entry.stat()).isDirectory()) return await unlink(`${pathOfHandle(parent)}/${name}`);
        if (depth >= MAX_DEPTH) return await this.#moveUp(parent, name, top);
        await this.#empty(entry, top, depth + 1);
      } finally {
        await entry.close();
      }
      await rmdir(`${pathOfHandle(parent)}/${name}`);
    } catch (error) {
      this.#note(error);
    }
  }

  async #moveUp(parent: FileHandle, name: string, top: FileHandle): Promise<void> {
    const freshName = `.removing-${process.pid}-${this.#moved + 1}`;
    await rename(`${pathOfHandle(parent)}/${name}`, `${pathOfHandle(top)}/${freshName}`);
    this.#moved += 1;
  }

  async #deleteEntry(parent: FileHandle, name: string): Promise<void> {
    const path = `${pathOfHandle(parent)}/${name}`;
    try {
      await rmdir(path);
    } catch (error) {
      if (codeOf(error) !== 'ENOTDIR') return this.#note(error);
      await unlink(path).catch((failure: unknown) => this.#note(failure));
    }
  }

  #note(error: unknown): void {
    if (codeOf(error) === 'ENOENT') return;
    if (!this.#failed) this.#firstError = error;
    this.#failed = true;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
