/**
 * From the log of a single master (format 1) to that of a group: the master becomes the only member of its cluster, under a
 * new id; cluster id, term and tables stay. The entries of the old log are all applied, so the new one begins behind them.
 */

import { crc32 } from 'node:zlib';
import type { Database } from 'better-sqlite3';
import { randomUuid } from '../../../base/system/random.js';
import { createRaftTables, putFirstRows, RaftTables } from '../../../raft/sqlite/raft-tables.js';

/** A step of the migrations; part of their transaction. */
export function moveIntoGroup(database: Database, file: string): void {
  const meta = new Map(database.prepare<[], [string, unknown]>('SELECT key, value FROM meta').raw().all());
  database.exec('DROP TABLE log; DROP TABLE meta');
  createRaftTables(database);
  const master = meta.get('master');
  if (master instanceof Uint8Array) database.prepare('INSERT INTO leader VALUES (1, ?, ?)').run(master, crc32(master));
  const clusterId = meta.get('cluster_id');
  if (typeof clusterId !== 'string') return;
  const memberId = randomUuid();
  const index = Number(meta.get('applied_index') ?? 0);
  const term = Number(meta.get('term') ?? 0);
  // Name and address are what the master says of itself when it leads; a directory of this format knows neither.
  const configuration = {
    members: [{ id: memberId, name: '', address: '' }],
    voters: [memberId],
    outgoing: [],
    learners: [],
  };
  putFirstRows(new RaftTables(database, file), {
    identity: { memberId, name: '', standing: { kind: 'member', clusterId } },
    hardState: { term, vote: undefined, commit: index },
    base: { index, term, configuration },
    applied: { index, term, noticeTerm: 0 },
  });
}
