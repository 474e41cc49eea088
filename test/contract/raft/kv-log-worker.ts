// The log thread of a member in tests: the toy state machine of keys and values.
import type { MessagePort } from 'node:worker_threads';
import { workerData } from 'node:worker_threads';
import { randomUuid } from '../../../src/base/system/random.js';
import { LogStore } from '../../../src/raft/sqlite/log-store.js';
import { runLogWorker } from '../../../src/raft/sqlite/log-worker.js';
import { KV_MIGRATIONS, KvMachine } from '../../unit/raft/kv-machine.js';

const { port, file } = workerData as { readonly port: MessagePort; readonly file: string };
runLogWorker({
  port,
  open: () =>
    LogStore.open({
      file,
      migrations: KV_MIGRATIONS,
      createStateMachine: (options) => new KvMachine(options),
      newId: randomUuid,
      nowMs: () => performance.now(),
    }),
});
