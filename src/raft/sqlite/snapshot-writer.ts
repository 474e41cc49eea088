/**
 * Writes a snapshot while the log goes on: a second connection holds a read transaction on the state of one moment (WAL
 * gives it that), rows are copied in slices of a few milliseconds, and between the slices the thread does its other work.
 * What the write-ahead log grows by meanwhile is bounded: a snapshot that takes too long is given up.
 */
import { createHash } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Sqlite, { type Database } from 'better-sqlite3';
import { MesoError } from '../../base/error.js';
import { stateTablesOf } from './log-database.js';
import { fileError } from './log-error.js';
import { BLOCK_BYTES, encodeTrailer, type SnapshotFileInfo } from './snapshot-file.js';

const SLICE_MS = 2;
/** Rows between two looks at the clock. */
const ROWS_PER_LOOK = 32;

export interface SnapshotJob {
  /** The database of the member; what it holds when the job begins is what the snapshot holds. */
  readonly sourceFile: string;
  /** Must not be there; nothing is left of it when the job fails. */
  readonly path: string;
  readonly info: Omit<SnapshotFileInfo, 'sizeBytes' | 'databaseBytes'>;
  /** Whether it must survive a power cut. */
  readonly isDurable: boolean;
  readonly maxWalBytes: number;
  nowMs(): number;
  /** The member ends: stop as soon as possible. */
  isAbandoned(): boolean;
}

/** The connection is opened before this returns. Rejects with DISK, or REFUSED if it was given up. */
export async function writeSnapshot(job: SnapshotJob): Promise<SnapshotFileInfo> {
  let source: Database | undefined;
  try {
    source = openSource(job.sourceFile);
    await copyTables(source, job);
    source.close();
    return await seal(job);
  } catch (error) {
    source?.close();
    rmSync(job.path, { force: true });
    throw fileError(job.path, error);
  }
}

function openSource(file: string): Database {
  const source = new Sqlite(file, { readonly: true, timeout: 0 });
  // The transaction begins with its first read.
  source.exec('BEGIN');
  source.prepare('SELECT count(*) FROM sqlite_schema').get();
  return source;
}

class Pace {
  #untilMs: number;

  constructor(private readonly job: SnapshotJob) {
    this.#untilMs = job.nowMs() + SLICE_MS;
  }

  /** Lets others work when its time is over. */
  async maybePause(): Promise<void> {
    if (this.job.nowMs() < this.#untilMs) return;
    await nextTurn();
    if (this.job.isAbandoned()) throw new MesoError('REFUSED', 'the snapshot was given up: the member ends');
    const walBytes = statSync(`${this.job.sourceFile}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    if (walBytes > this.job.maxWalBytes)
      throw new MesoError('REFUSED', 'the snapshot was given up: more was written meanwhile than may wait', {
        details: { walBytes },
      });
    this.#untilMs = this.job.nowMs() + SLICE_MS;
  }
}

async function copyTables(source: Database, job: SnapshotJob): Promise<void> {
  const pace = new Pace(job);
  const target = new Sqlite(job.path);
  try {
    // Until it is sealed nobody takes the file for a snapshot: it needs no journal.
    target.pragma('journal_mode = OFF');
    target.pragma('synchronous = OFF');
    target.pragma('cache_size = -2000');
    target.exec('BEGIN');
    createAll(source, target, 'table');
    for (const table of stateTablesOf(source)) await copyTable(source, target, table, pace);
    createAll(source, target, 'index');
    target.pragma(`user_version = ${job.info.format}`);
    target.exec('COMMIT');
  } finally {
    target.close();
  }
}

function createAll(source: Database, target: Database, type: 'table' | 'index'): void {
  const statements = source
    .prepare<[string], string>('SELECT sql FROM sqlite_schema WHERE type = ? AND sql IS NOT NULL ORDER BY rowid')
    .pluck();
  for (const sql of statements.all(type)) target.exec(sql);
}

async function copyTable(source: Database, target: Database, table: string, pace: Pace): Promise<void> {
  const name = `"${table.replaceAll('"', '""')}"`;
  const rows = source.prepare<[], unknown[]>(`SELECT * FROM ${name}`).raw().safeIntegers();
  const insert = target.prepare(
    `INSERT INTO ${name} VALUES (${rows
      .columns()
      .map(() => '?')
      .join(', ')})`,
  );
  let copied = 0;
  for (const row of rows.iterate()) {
    insert.run(row);
    copied += 1;
    if (copied % ROWS_PER_LOOK === 0) await pace.maybePause();
  }
}

/** Appends what makes a database into a snapshot. */
async function seal(job: SnapshotJob): Promise<SnapshotFileInfo> {
  const pace = new Pace(job);
  const handle = await open(job.path, 'r+');
  try {
    const databaseBytes = (await handle.stat()).size;
    const hash = createHash('sha256');
    const block = Buffer.alloc(BLOCK_BYTES);
    for (let at = 0; at < databaseBytes; ) {
      const { bytesRead } = await handle.read(block, 0, BLOCK_BYTES, at);
      if (bytesRead === 0) throw new MesoError('DISK', `${job.path} became shorter while it was written`);
      hash.update(block.subarray(0, bytesRead));
      at += bytesRead;
      await pace.maybePause();
    }
    const info = { ...job.info, databaseBytes };
    const trailer = encodeTrailer(info, hash);
    await handle.write(trailer, 0, trailer.length, databaseBytes);
    if (job.isDurable) await handle.sync();
    return { ...info, sizeBytes: databaseBytes + trailer.length };
  } finally {
    await handle.close();
  }
}
