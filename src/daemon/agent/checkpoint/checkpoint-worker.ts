/**
 * Thread that owns the checkpoint's file, so that no fsync ever delays the main thread. Answers requests one after the
 * other; a failure is answered and is final, the agent ends then.
 */

import { parentPort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { assert, present } from '../../../base/assert.js';
import { flattenError } from '../../../base/plain-error.js';
import { checkpointError } from './checkpoint-error.js';
import { openCheckpointFile } from './checkpoint-file.js';
import { checkpointFile } from './location.js';
import { CheckpointTables } from './tables.js';
import type { CheckpointReply, CheckpointRequest, CheckpointWorkerData } from './worker-messages.js';

const port = present(parentPort, 'runs as a worker thread only');
const { directory } = workerData as CheckpointWorkerData;
let database: Database | undefined;
let tables: CheckpointTables | undefined;

function answer(request: CheckpointRequest): CheckpointReply {
  switch (request.kind) {
    case 'load':
      assert(database === undefined, 'the checkpoint is opened once');
      database = openCheckpointFile(directory);
      tables = new CheckpointTables(database);
      return { kind: 'loaded', records: tables.readAll() };
    case 'commit':
      present(tables, 'the checkpoint is open').commit(request.changes, request.durability);
      return { kind: 'committed' };
    case 'close':
      database?.close();
      return { kind: 'closed' };
  }
}

port.on('message', (request: CheckpointRequest) => {
  let reply: CheckpointReply;
  try {
    reply = answer(request);
  } catch (error) {
    reply = { kind: 'failed', error: flattenError(checkpointError(checkpointFile(directory), error)) };
  }
  port.postMessage(reply);
  if (request.kind === 'close') port.close();
});
