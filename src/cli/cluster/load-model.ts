/** One picture of the cluster, through the same model that `top` follows: a fact is one number everywhere. */
import type { ClusterModel } from '../../views/model/cluster-model.js';
import { createClusterModel } from '../../views/model/cluster-model.js';
import type { Kind } from '../../wire/gen/mesoctl-api.js';
import { type Session, withinTimeout } from './session.js';

/** `kinds`: none for everything. Rejects where no master answers, and with TIMEOUT. */
export async function loadModel(
  { client, timeoutMs, nowMs }: Session,
  kinds: readonly Kind[],
  what: string,
): Promise<ClusterModel> {
  const model = createClusterModel();
  await withinTimeout(timeoutMs, what, async (signal) => {
    // A connection that is lost meanwhile begins again by itself, until the deadline.
    for await (const event of client.watch({ kinds: [...kinds], snapshot_only: true }, signal))
      if (event.type !== 'DISCONNECTED') model.apply(event, nowMs());
    signal.throwIfAborted();
  });
  model.tick(nowMs());
  return model;
}
