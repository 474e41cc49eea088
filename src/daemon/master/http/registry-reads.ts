/**
 * What the APIs show of quota and maintenance, as of the view. The registry is linearizable, also for readers: whoever answers
 * with these passes the barrier first (leader-only.ts). Source: spec page 03, 3.1.
 */
import type * as maintenance from '../../../wire/gen/maintenance.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type * as quota from '../../../wire/gen/quota.js';
import { findMachineOf } from '../core/model/machine-id.js';
import type { MasterView } from '../core/view.js';

/** `infos` is the deprecated form of the guarantees. */
export function quotaStatus({ quotas }: MasterView): quota.QuotaStatus {
  const configs = [...quotas.values()];
  const infos = configs
    .filter(({ guarantees = {} }) => Object.keys(guarantees).length > 0)
    .map(({ role, guarantees = {} }) => ({
      role,
      guarantee: Object.entries(guarantees).map(([name, scalar]): mesos.Resource => ({ name, type: 'SCALAR', scalar })),
    }));
  return { infos, configs };
}

export function maintenanceSchedule({ maintenanceSchedule: schedule }: MasterView): maintenance.Schedule {
  return schedule ?? {};
}

/** With what frameworks answered to the inverse offers of the agents on each machine. */
export function maintenanceStatus(view: MasterView): maintenance.ClusterStatus {
  const draining = new Map<mesos.MachineInfo, maintenance.ClusterStatus_DrainingMachine>();
  const down: mesos.MachineID[] = [];
  for (const info of view.machines.values())
    if (info.mode === 'DOWN') down.push(info.id);
    else draining.set(info, { id: info.id, statuses: [] });
  for (const [agentId, statuses] of view.inverseOfferStatuses()) {
    const agent = view.agents.get(agentId);
    const machine = agent === undefined ? undefined : findMachineOf(view.machines, agent.info.hostname, agent.ip);
    if (machine !== undefined) draining.get(machine)?.statuses?.push(...statuses);
  }
  return { draining_machines: [...draining.values()], down_machines: down };
}
