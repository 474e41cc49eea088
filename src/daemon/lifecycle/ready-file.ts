/**
 * Tells whoever started a daemon where it listens, which matters with `--port 0`: one JSON object, complete or absent,
 * never half written.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { MesoError, messageOf } from '../../base/error.js';

export interface ReadyFile {
  readonly pid: number;
  readonly ip: string;
  readonly port: number;
  /** `http://ip:port` */
  readonly url: string;
  /** Of the agent, or of the master as a member of its cluster; an agent that was never admitted has none yet. */
  readonly id?: string | undefined;
  /** Of a master: HOST:PORT that other masters dial. */
  readonly raftAddress?: string | undefined;
}

/** Replaces `path` atomically. Throws BAD_INPUT when it cannot be written. */
export function writeReadyFile(path: string, ready: ReadyFile): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(ready)}\n`, { mode: 0o644 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new MesoError('BAD_INPUT', `cannot write the ready file ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** At shutdown, so that nobody takes the address of a dead daemon for a living one. */
export function removeReadyFile(path: string): void {
  rmSync(path, { force: true });
}
