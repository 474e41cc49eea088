/** The stores that are compared, by the names that benches take. */
import { startEtcd } from './etcd.js';
import type { Group } from './group.js';
import { startMesoctl } from './mesoctl.js';
import { startZooKeeper } from './zookeeper.js';

/** Starts three members in a scratch directory. */
type Start = (directory: string) => Promise<Group>;

const SYSTEMS: Readonly<Record<string, Start>> = {
  mesoctl: startMesoctl,
  etcd: (directory) => startEtcd(directory),
  // Heartbeats and election timeouts as ours; etcd draws the timeout from one to two times its value.
  'etcd-tuned': (directory) => startEtcd(directory, ['--heartbeat-interval', '150', '--election-timeout', '800']),
  zookeeper: startZooKeeper,
};

/** `names`: as `mesoctl,etcd`; undefined: all. */
export function systemsOf(names = Object.keys(SYSTEMS).join(',')): readonly (readonly [string, Start])[] {
  return names.split(',').map((name) => {
    const start = SYSTEMS[name];
    if (start === undefined) throw new Error(`${name} is none of ${Object.keys(SYSTEMS).join(', ')}`);
    return [name, start];
  });
}
