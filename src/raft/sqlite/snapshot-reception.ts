/**
 * Receives a snapshot into a file and puts it in the place of the state machine. Each chunk is durable before it is
 * acknowledged. The received file is only read by the installing transaction: it changes one database, so a crash leaves the
 * old state or the new one, and what is left of the file goes when the member starts again.
 */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { assert } from '../../base/assert.js';
import type { PersistBatch, SnapshotInfo } from '../core/protocol.js';
import { checkFormat, type Migration, migrate, schemaCrcOf, stateTablesOf } from './log-database.js';
import { corruptSnapshot } from './log-error.js';
import { readSnapshotFile, type SnapshotFileInfo } from './snapshot-file.js';

const RECEIVED = 'received.snapshot';

type Chunk = NonNullable<PersistBatch['chunk']>;

export class SnapshotReception {
  readonly path: string;
  #receiving: { readonly id: string; readonly descriptor: number; bytes: number } | undefined;

  constructor(directory: string) {
    this.path = join(directory, RECEIVED);
  }

  static isLeftover(name: string): boolean {
    return name.startsWith(RECEIVED);
  }

  /** Durable when it returns. */
  write({ snapshot, offset, data }: Chunk): void {
    if (offset === 0) this.#begin(snapshot.id);
    const receiving = this.#receiving;
    assert(receiving?.id === snapshot.id && receiving.bytes === offset, 'chunks of one snapshot follow each other');
    for (let done = 0; done < data.length; )
      done += writeSync(receiving.descriptor, data, done, data.length - done, offset + done);
    fdatasyncSync(receiving.descriptor);
    receiving.bytes += data.length;
  }

  /** Verifies what was received and brings its tables to this build's format. */
  finish(snapshot: SnapshotInfo, clusterId: string, migrations: readonly Migration[]): SnapshotFileInfo {
    const receiving = this.#receiving;
    assert(
      receiving?.id === snapshot.id && receiving.bytes === snapshot.sizeBytes,
      'a snapshot is whole when it is installed',
    );
    this.#end();
    const info = readSnapshotFile(this.path);
    if (info.clusterId !== clusterId) throw corruptSnapshot(this.path, `it is of the cluster ${info.clusterId}`);
    if (info.index !== snapshot.index || info.term !== snapshot.term)
      throw corruptSnapshot(this.path, `it is of ${info.index}, not of ${snapshot.index}`);
    unsealSnapshot(this.path, info, migrations);
    return info;
  }

  /** Nothing is being received any more. */
  discard(): void {
    this.#end();
    rmSync(this.path, { force: true });
  }

  #begin(id: string): void {
    this.#end();
    const descriptor = openSync(this.path, 'w', 0o600);
    ftruncateSync(descriptor);
    this.#receiving = { id, descriptor, bytes: 0 };
  }

  #end(): void {
    if (this.#receiving !== undefined) closeSync(this.#receiving.descriptor);
    this.#receiving = undefined;
  }
}

/** Makes a verified snapshot into a plain database of the newest format. */
export function unsealSnapshot(
  path: string,
  { databaseBytes, format }: SnapshotFileInfo,
  migrations: readonly Migration[],
): void {
  truncateSync(path, databaseBytes);
  const database = new Sqlite(path);
  try {
    database.pragma('journal_mode = MEMORY');
    const found = checkFormat(database, path, migrations.length);
    if (found !== format) throw corruptSnapshot(path, `its tables have format ${found}, its end says ${format}`);
    migrate(database, path, migrations);
  } finally {
    database.close();
  }
}

/** Replaces every table of the state machine by that of the attached database `name`, inside the caller's transaction. */
export function replaceStateTables(database: Database, name: string, path: string): void {
  if (schemaCrcOf(database, name) !== schemaCrcOf(database, 'main'))
    throw corruptSnapshot(path, 'its tables are not those of its format');
  for (const table of stateTablesOf(database)) {
    const quoted = `"${table.replaceAll('"', '""')}"`;
    database.exec(`DELETE FROM main.${quoted}; INSERT INTO main.${quoted} SELECT * FROM ${name}.${quoted};`);
  }
}
