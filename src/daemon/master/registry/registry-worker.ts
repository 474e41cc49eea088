/**
 * Thread that owns the registry's file, so that no fsync ever delays the main thread. Opens the store at the first
 * request and answers requests one after the other; a failure is answered and is final: the master ends.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { present } from '../../../base/assert.js';
import { flattenError } from '../../../base/plain-error.js';
import type { RegistryReply, RegistryRequest, RegistryWorkerData } from './registry-messages.js';
import { RegistryStore } from './registry-store.js';

const port = present(parentPort, 'runs as a worker thread only');
const { workDir, newClusterId } = workerData as RegistryWorkerData;
let store: RegistryStore | undefined;

function answer(request: RegistryRequest): RegistryReply {
  if (request.kind === 'close') {
    store?.close();
    return { kind: 'closed' };
  }
  store ??= RegistryStore.open(workDir, newClusterId);
  if (request.kind === 'lead') return { kind: 'led', leadership: store.lead(request.masterInfo, request.stampedAtMs) };
  return { kind: 'committed', results: store.commit(request.operations, request.stampedAtMs) };
}

port.on('message', (request: RegistryRequest) => {
  let reply: RegistryReply;
  try {
    reply = answer(request);
  } catch (error) {
    reply = { kind: 'failed', error: flattenError(error) };
  }
  port.postMessage(reply);
  if (request.kind === 'close') port.close();
});
