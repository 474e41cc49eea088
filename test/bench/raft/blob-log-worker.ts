// The log thread of a member in benches: a state machine that counts what it is given and stores nothing of it, so that the
// figures are those of the replicated log.
import { type MessagePort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { randomUuid } from '../../../src/base/system/random.js';
import { LogStore } from '../../../src/raft/sqlite/log-store.js';
import { runLogWorker } from '../../../src/raft/sqlite/log-worker.js';
import { createRaftTables } from '../../../src/raft/sqlite/raft-tables.js';

const { port, file } = workerData as { readonly port: MessagePort; readonly file: string };
const ANSWER = new Uint8Array(0);

runLogWorker({
  port,
  open: () =>
    LogStore.open({
      file,
      migrations: [
        (database: Database) => {
          database.exec('CREATE TABLE blobs (one INTEGER PRIMARY KEY) STRICT');
          createRaftTables(database);
        },
      ],
      createStateMachine: () => ({
        features: 1,
        apply: () => ANSWER,
        encodeState: () => ANSWER,
        encodeNotice: () => undefined,
        check: () => undefined,
      }),
      newId: randomUuid,
      nowMs: () => performance.now(),
    }),
});
