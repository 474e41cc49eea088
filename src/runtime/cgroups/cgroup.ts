/**
 * One cgroup v2 directory: the only place that reads and writes its files from TypeScript. The path is injected, so a
 * temp directory can stand for it in tests. Errors carry the path. Kernel files are written in one write each.
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../base/clock.js';
import { MesoError } from '../../base/error.js';

/** One value for one kernel file of a cgroup. */
export interface CgroupWrite {
  /** Name within the directory, such as "cpu.max". */
  readonly file: string;
  readonly value: string;
}

const EMPTY_POLL_MS = 10;

export class Cgroup {
  constructor(readonly path: string) {}

  child(name: string): Cgroup {
    return new Cgroup(join(this.path, name));
  }

  /** Text of a kernel file; undefined when it or the cgroup is not there. */
  async find(file: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.path, file), 'utf8');
    } catch (error) {
      if (isGone(error)) return undefined;
      throw this.#failed('read', file, error);
    }
  }

  async write({ file, value }: CgroupWrite): Promise<void> {
    try {
      // Without O_CREAT: a name the kernel does not know is an error, never a new file.
      const handle = await open(join(this.path, file), constants.O_WRONLY);
      try {
        await handle.write(value);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw this.#failed(`write "${value}" to`, file, error);
    }
  }

  async make(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true });
    } catch (error) {
      throw this.#failed('make', '', error);
    }
  }

  /** Pids of the processes directly in it, in this process's pid namespace; empty when it is gone. */
  async pids(): Promise<readonly number[]> {
    const text = await this.find('cgroup.procs');
    return (text ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  }

  async children(): Promise<readonly string[]> {
    try {
      const entries = await readdir(this.path, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    } catch (error) {
      if (isGone(error)) return [];
      throw this.#failed('list', '', error);
    }
  }

  /** Whether any process is left in it or below. */
  async isPopulated(): Promise<boolean> {
    const text = await this.find('cgroup.events');
    return text !== undefined && /^populated 1$/m.test(text);
  }

  /** Kills every process in it and below, those being forked included. A cgroup that is gone has none. */
  async kill(): Promise<void> {
    try {
      await this.write({ file: 'cgroup.kill', value: '1' });
    } catch (error) {
      if (!(error instanceof MesoError && isGone(error.cause))) throw error;
    }
  }

  /** Kills and waits until no process is left; false when the deadline passed first. */
  async empty(clock: Clock, timeoutMs: number): Promise<boolean> {
    const deadlineMs = clock.now().monotonicMs + timeoutMs;
    while (await this.isPopulated()) {
      await this.kill();
      if (clock.now().monotonicMs >= deadlineMs) return false;
      await delay(EMPTY_POLL_MS);
    }
    return true;
  }

  /** Removes it and everything below, deepest first; it must be empty. One that is gone is fine. */
  async remove(): Promise<void> {
    try {
      await rmdir(this.path);
      return;
    } catch (error) {
      if (isGone(error)) return;
    }
    for (const name of await this.children()) await this.child(name).remove();
    try {
      await rmdir(this.path);
    } catch (error) {
      if (!isGone(error)) throw this.#failed('remove', '', error);
    }
  }

  /** Removes it if it is empty and nothing is below it; whether it is gone. */
  async removeIfEmpty(): Promise<boolean> {
    try {
      await rmdir(this.path);
      return true;
    } catch (error) {
      return isGone(error);
    }
  }

  #failed(verb: string, file: string, cause: unknown): MesoError {
    const path = join(this.path, file);
    const text = cause instanceof Error ? cause.message : String(cause);
    return new MesoError('INTERNAL', `cannot ${verb} ${path}: ${text}`, { cause, details: { path } });
  }
}

/** The file or the whole cgroup is not there (ENODEV: removed while it was open). */
function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENODEV';
}
