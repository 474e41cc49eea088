/** `mesoctl top --once`: the overview as it is now, on stdout. An unreachable master is an error here. */
import { MesoError } from '../../base/error.js';
import { systemClock } from '../../base/system/clock.js';
import { OperatorClient } from '../../client/operator-client.js';
import type { ClusterModel } from '../../views/model/cluster-model.js';
import { createClusterModel } from '../../views/model/cluster-model.js';
import { overviewLines } from '../../views/plain/overview-lines.js';
import type { TopSettings } from './settings.js';

const SNAPSHOT_DEADLINE_MS = 30_000;

/** Throws NO_MASTER, NO_LEADER, CONNECTION_LOST or TIMEOUT. Resolves with the exit status. */
export async function runOnce(settings: TopSettings): Promise<number> {
  const client = new OperatorClient({ masters: settings.masters });
  try {
    const model = await readSnapshot(client);
    process.stdout.write(`${overviewLines(model, unixMs()).join('\n')}\n`);
    return 0;
  } finally {
    client.close();
  }
}

async function readSnapshot(client: OperatorClient): Promise<ClusterModel> {
  const model = createClusterModel();
  const deadline = AbortSignal.timeout(SNAPSHOT_DEADLINE_MS);
  for await (const event of client.watch({ snapshot_only: true }, deadline)) {
    if (event.type === 'DISCONNECTED') throw event.error;
    model.apply(event, unixMs());
    if (event.type !== 'SNAPSHOT_END') continue;
    model.tick(unixMs());
    return model;
  }
  throw new MesoError('TIMEOUT', `the state of the cluster has not come within ${SNAPSHOT_DEADLINE_MS / 1000}s`, {
    suggestions: ['the same again'],
  });
}

function unixMs(): number {
  return systemClock.now().unixMs;
}
