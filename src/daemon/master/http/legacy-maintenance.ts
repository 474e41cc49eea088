/**
 * `/maintenance/schedule` (GET shows, POST replaces it), `/maintenance/status`, `/machine/down` and `/machine/up` (POST of a list of
 * machines): the calls of the operator API, for clients from before it. Source: spec page 03, 3.4.
 */
import { isRejection, type Rejection } from '../../../base/rejection.js';
import * as maintenance from '../../../wire/gen/maintenance.js';
import * as mesos from '../../../wire/gen/mesos.js';
import { decodeJson, encodeJson } from '../../../wire/json.js';
import type { Exchange } from '../../http/exchange.js';
import { passesBarrier } from './leader-only.js';
import { postCall, readList } from './legacy-call.js';
import { maintenanceSchedule, maintenanceStatus } from './registry-reads.js';
import type { MasterSite } from './site.js';

export async function handleMaintenanceSchedule(site: MasterSite, exchange: Exchange): Promise<void> {
  if (exchange.method === 'POST')
    await postCall(site, exchange, (body) => {
      const schedule = decodeJson(maintenance.Schedule, body);
      return isRejection(schedule)
        ? schedule
        : { type: 'UPDATE_MAINTENANCE_SCHEDULE', update_maintenance_schedule: { schedule } };
    });
  else if (await passesBarrier(site, exchange))
    exchange.sendJson(encodeJson(maintenance.Schedule, maintenanceSchedule(site.view())));
}

export async function handleMaintenanceStatus(site: MasterSite, exchange: Exchange): Promise<void> {
  if (await passesBarrier(site, exchange))
    exchange.sendJson(encodeJson(maintenance.ClusterStatus, maintenanceStatus(site.view())));
}

export function handleMachineDown(site: MasterSite, exchange: Exchange): Promise<void> {
  return postCall(site, exchange, (body) => {
    const machines = parseMachines(body);
    return isRejection(machines) ? machines : { type: 'START_MAINTENANCE', start_maintenance: { machines } };
  });
}

export function handleMachineUp(site: MasterSite, exchange: Exchange): Promise<void> {
  return postCall(site, exchange, (body) => {
    const machines = parseMachines(body);
    return isRejection(machines) ? machines : { type: 'STOP_MAINTENANCE', stop_maintenance: { machines } };
  });
}

function parseMachines(text: string): mesos.MachineID[] | Rejection {
  return readList(mesos.MachineID, text, 'machines with hostname and ip');
}
