/** Thread that owns the registry's directory: the replicated log with the registry as its state machine. */
import { type MessagePort, workerData } from 'node:worker_threads';
import { randomUuid } from '../../../base/system/random.js';
import { LogStore } from '../../../raft/sqlite/log-store.js';
import { runLogWorker } from '../../../raft/sqlite/log-worker.js';
import { registryFile } from './registry-location.js';
import { MIGRATIONS } from './registry-schema.js';
import { RegistryStateMachine } from './registry-state-machine.js';

export interface LogWorkerData {
  readonly port: MessagePort;
  readonly workDir: string;
}

const { port, workDir } = workerData as LogWorkerData;
runLogWorker({
  port,
  open: () =>
    LogStore.open({
      file: registryFile(workDir),
      migrations: MIGRATIONS,
      createStateMachine: (options) => new RegistryStateMachine(options),
      newId: randomUuid,
      nowMs: () => performance.now(),
    }),
});
