/**
 * Walks below a directory without ever leaving it, whatever the tree's owner does at the same time.
 *
 * A task owns its sandbox and may swap any of its files for a symbolic link between our look and our open. So no path of
 * more than one component below the root is ever given to the kernel: each component is opened relative to its parent's
 * descriptor (through /proc/self/fd, which is openat), with O_PATH and O_NOFOLLOW, and looked at only through the
 * descriptor. Links are read and walked by the same rules; what would climb above the root is refused.
 *
 * Invariant: every opened descriptor is closed by `close` or by the walk that opened it.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readlink } from 'node:fs/promises';
import { isRejection, type Rejection, reject } from '../../base/rejection.js';

/** O_PATH of Linux: a descriptor that names a file and gives no access to it. */
const O_PATH = 0o10000000;
const MAX_LINKS = 40;
const MAX_COMPONENTS = 256;

/** Path of an open descriptor: opening it again opens that very file. */
export function pathOfHandle(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`;
}

/** Opens `name` in the directory `parent` itself, a link as a link. Throws what the system says. */
export function openEntry(parent: FileHandle, name: string): Promise<FileHandle> {
  return open(`${pathOfHandle(parent)}/${name}`, O_PATH | constants.O_NOFOLLOW);
}

/** Opens the top of a walk. Its last component must not be a link. */
export function openRoot(path: string): Promise<FileHandle> {
  return open(path, O_PATH | constants.O_NOFOLLOW);
}

/**
 * Opens `components` below `rootPath` as an O_PATH descriptor that the caller closes. Relative links are followed inside
 * the root; absolute ones only when they name something below `rootPath`.
 */
export async function openBelow(rootPath: string, components: readonly string[]): Promise<FileHandle | Rejection> {
  const walk = new Walk(rootPath);
  try {
    return await walk.run(components);
  } catch (error) {
    return rejectionOfSystemError(error);
  } finally {
    await walk.close();
  }
}

/** One walk: the stack of directories from the root to where it stands, and what is still ahead. */
class Walk {
  readonly #stack: FileHandle[] = [];
  #ahead: string[] = [];
  #links = 0;

  constructor(private readonly rootPath: string) {}

  async run(components: readonly string[]): Promise<FileHandle | Rejection> {
    this.#stack.push(await openRoot(this.rootPath));
    this.#ahead = [...components].reverse();
    for (;;) {
      const name = this.#ahead.pop();
      if (name === undefined) return this.#take();
      if (name === '' || name === '.') continue;
      const refused = name === '..' ? await this.#up() : await this.#down(name);
      if (isRejection(refused)) return refused;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#stack.splice(0).map((handle) => handle.close()));
  }

  #take(): FileHandle | Rejection {
    return this.#stack.pop() ?? outside();
  }

  async #up(): Promise<Rejection | undefined> {
    if (this.#stack.length < 2) return outside();
    await this.#stack.pop()?.close();
    return undefined;
  }

  async #down(name: string): Promise<Rejection | undefined> {
    const parent = this.#stack.at(-1);
    if (parent === undefined) return outside();
    if (this.#stack.length > MAX_COMPONENTS) return reject('invalid', `The path has more than ${MAX_COMPONENTS} parts`);
    const entry = await openEntry(parent, name);
    const stat = await entry.stat().catch(async (error: unknown) => {
      await entry.close();
      throw error;
    });
    if (!stat.isSymbolicLink()) {
      this.#stack.push(entry);
      return undefined;
    }
    await entry.close();
    this.#links += 1;
    if (this.#links > MAX_LINKS) return reject('invalid', 'Too many symbolic links in the path');
    return this.#follow(name, await findTarget(`${pathOfHandle(parent)}/${name}`));
  }

  async #follow(name: string, target: string | undefined): Promise<Rejection | undefined> {
    if (target === undefined) {
      this.#ahead.push(name);
      return undefined;
    }
    if (!target.startsWith('/')) {
      this.#ahead.push(...target.split('/').reverse());
      return undefined;
    }
    if (target !== this.rootPath && !target.startsWith(`${this.rootPath}/`)) return outside();
    this.#ahead.push(...target.slice(this.rootPath.length).split('/').reverse());
    await Promise.all(this.#stack.splice(1).map((handle) => handle.close()));
    return undefined;
  }
}

/** undefined: it is no link any more, somebody replaced it. */
async function findTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return undefined;
    throw error;
  }
}

function outside(): Rejection {
  return reject('invalid', 'The path leads outside of the attached directory');
}

/** What a failed open means to the one who asked; anything else is thrown on. */
export function rejectionOfSystemError(error: unknown): Rejection {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return reject('not-found', 'There is no such file');
    case 'ELOOP':
      return reject('invalid', 'The path leads through a symbolic link that cannot be followed');
    case 'ENAMETOOLONG':
      return reject('invalid', 'The path has a name that is too long');
    case 'EACCES':
    case 'EPERM':
      return reject('forbidden', 'The agent may not read this file');
    default:
      throw error;
  }
}
