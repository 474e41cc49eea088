/** Three masters of ours, written to by the public operator API: weights are registers. */
import { startMasters } from '../../harness/cluster.mjs';
import { until } from '../../harness/process.mjs';
import type { Group } from './group.js';
import { runHttpLoad } from './http-load.js';

/** Of a role, so that a write is as long as those to the others. */
const NAME_LENGTH = 230;

export async function startMesoctl(scratchDir: string): Promise<Group> {
  const masters = await startMasters(3, { scratchDir });
  let turn = 0;
  let value = 0;
  const isLeader = async (url: string) => {
    const response = await fetch(`${url}/leader`, { signal: AbortSignal.timeout(500) }).catch(() => undefined);
    return response?.ok === true && ((await response.json()) as { readonly self: boolean }).self;
  };
  const findLeader = () =>
    until('a master leads', async () => {
      for (const [index, master] of masters.entries())
        if (master.running && (await isLeader(master.url))) return { index, master };
      return undefined;
    });
  return {
    name: 'mesoctl',
    load: async (clients, seconds) => {
      const { master } = await findLeader();
      const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
      return runHttpLoad(clients, seconds, (client) => {
        value = (value % 1000) + 1;
        const role = `bench-${client}-`.padEnd(NAME_LENGTH, 'x');
        const call = { type: 'UPDATE_WEIGHTS', update_weights: { weight_infos: [{ role, weight: value }] } };
        return { url: `${master.url}/api/v1`, headers, body: JSON.stringify(call) };
      });
    },
    write: async () => {
      turn += 1;
      value = (value % 1000) + 1;
      const alive = masters.filter((master) => master.running);
      const master = alive[turn % alive.length];
      if (master === undefined) return false;
      const call = { type: 'UPDATE_WEIGHTS', update_weights: { weight_infos: [{ role: 'bench', weight: value }] } };
      return fetch(`${master.url}/api/v1`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: JSON.stringify(call),
        redirect: 'manual',
        signal: AbortSignal.timeout(250),
      }).then(
        (response) => response.ok,
        () => false,
      );
    },
    killLeader: async () => {
      const { index, master } = await findLeader();
      master.signal('SIGKILL');
      return { at: performance.now(), exited: master.exited, index };
    },
    restart: (index) => {
      // One that is struck again before it has said that it is ready ends with its start; it shows as a missing write.
      masters[index]?.restart().catch(() => undefined);
    },
    stop: async () => {
      await Promise.all(masters.map((master) => master.kill()));
    },
  };
}
