/** The name that stands in every question: nobody shall hit the wrong cluster. */
import { type ClusterClient, type Session, withinTimeout } from './session.js';

/** Its name, else the beginning of its id and the address of the master. */
export async function clusterNameOf({
  client,
  timeoutMs,
}: Pick<Session<Pick<ClusterClient, 'getInfo'>>, 'client' | 'timeoutMs'>): Promise<string> {
  const { cluster_name, cluster_id, master_info } = await withinTimeout(
    timeoutMs,
    'the name of the cluster',
    (signal) => client.getInfo({ signal }),
  );
  if (cluster_name !== undefined && cluster_name !== '') return cluster_name;
  const address = master_info.address;
  const where = address === undefined ? '' : ` at ${address.ip ?? address.hostname ?? ''}:${address.port}`;
  return `cluster ${cluster_id.slice(0, 8)}${where}`;
}
