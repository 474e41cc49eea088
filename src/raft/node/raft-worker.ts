/**
 * Thread of the Raft core and its transport: nothing that the main thread does, or does not do, can delay a heartbeat. The
 * log worker and the main thread are at the other ends of its two ports.
 */
import { writeSync } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { present } from '../../base/assert.js';
import { systemClock } from '../../base/system/clock.js';
import { createBufferedRandom, randomUuid } from '../../base/system/random.js';
import { gather } from '../sqlite/pack.js';
import type { LogReply, LogRequest } from '../sqlite/protocol.js';
import { PeerTransport } from '../transport/peer-transport.js';
import type { HostRequest } from './protocol.js';
import { RaftNode } from './raft-node.js';
import type { RaftSettings } from './settings.js';

export interface RaftWorkerData {
  readonly settings: RaftSettings;
  readonly logPort: MessagePort;
}

const host = present(parentPort, 'runs as a worker thread only');
const { settings, logPort } = workerData as RaftWorkerData;

/** Entries go with their bytes in one buffer; they stay here as well, for followers. */
function askLog(request: LogRequest): void {
  if (request.kind !== 'persist' || request.batch.entries.length === 0) {
    logPort.postMessage(request);
    return;
  }
  const { entries, buffer } = gather(request.batch.entries);
  logPort.postMessage({ ...request, batch: { ...request.batch, entries } }, [buffer]);
}

const node = new RaftNode({
  settings,
  clock: systemClock,
  random: createBufferedRandom(),
  newId: randomUuid,
  askLog,
  createTransport: (observer) =>
    new PeerTransport({ ip: settings.ip, port: settings.port, credential: settings.credential, observer }),
  tellHost: (reply) => host.postMessage(reply),
  endProcess: () => {
    // The main thread's own streams would wait for the main thread.
    writeSync(2, `${JSON.stringify({ level: 60, msg: 'the main thread hung for good: the process ends' })}\n`);
    process.kill(process.pid, 'SIGKILL');
  },
});

logPort.on('message', (reply: LogReply) => node.onLog(reply));
logPort.on('close', () => node.onLogClosed());
host.on('message', (request: HostRequest) => node.onRequest(request));
