/**
 * `maintenance schedule`, `start` and `stop`. The schedule goes to the master as a whole (spec page 03, 3.1): it is read first, and every
 * window that the command is not about is sent again as it was. `start` loses what runs on the machines, so it asks.
 */

import { MesoError } from '../../base/error.js';
import { machineKey } from '../../daemon/master/core/model/machine-id.js';
import { formatCount } from '../../views/text/numbers.js';
import type * as maintenance from '../../wire/gen/maintenance.js';
import type * as master from '../../wire/gen/master.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { canonicalInt64 } from '../../wire/int64.js';
import { clusterNameOf } from '../cluster/cluster-name.js';
import { sendChange } from '../cluster/send-change.js';
import type { Session } from '../cluster/session.js';
import { type ConfirmOptions, confirm } from '../confirm.js';
import { timeRecord } from '../records/parts.js';
import {
  findMachines,
  type Machine,
  type MaintenancePicture,
  machineArgument,
  machineName,
  readMaintenance,
  tasksOn,
} from './maintenance-picture.js';
import { whenText } from './show-maintenance.js';

export type MaintenanceChange =
  | { readonly kind: 'schedule'; readonly startMs: number; readonly durationMs: number | undefined }
  | { readonly kind: 'clear' | 'start' | 'stop' };

export interface ChangeMaintenanceOptions extends ConfirmOptions {
  readonly references: readonly string[];
  readonly change: MaintenanceChange;
  /** Of `clear`: everything that is scheduled, whichever machine. */
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

const LOOK = 'mesoctl maintenance show';

/** Returns the exit status. */
export async function changeMaintenance(options: ChangeMaintenanceOptions, session: Session): Promise<number> {
  const { references, change, all, dryRun, json } = options;
  const { console } = session;
  const picture = await readMaintenance(session);
  const machines = all
    ? picture.windows.flatMap((window) => window.machines)
    : await findMachines(references, picture, session);
  for (const machine of machines) refuseWrongState(machine, change);
  if (machines.length === 0) console.say('No maintenance is scheduled.');
  else {
    if (!dryRun && !(await mayChange(machines, options, session))) return 1;
    await sendChange(callOf(machines, change, picture), { dryRun, look: LOOK }, session);
  }
  await console.print(
    json ? `${JSON.stringify(recordOf(machines, options), null, 2)}\n` : textOf(machines, options, session),
  );
  if (!dryRun && machines.length > 0) sayWhatElse(machines, change, session);
  return 0;
}

/** What the master would say too, with the command that helps. */
function refuseWrongState({ id, mode }: Machine, { kind }: MaintenanceChange): void {
  const name = machineName(id);
  const argument = machineArgument(id);
  const refuse = (message: string, suggestion: string) =>
    new MesoError('REFUSED', message, {
      details: { machine: { hostname: id.hostname ?? null, ip: id.ip ?? null }, mode },
      suggestions: [suggestion, LOOK],
    });
  if (kind === 'start' && mode === 'UP')
    throw refuse(`${name} is not in the maintenance schedule`, `mesoctl maintenance schedule ${argument} --start now`);
  if (kind === 'start' && mode === 'DOWN')
    throw refuse(`${name} is down already`, `mesoctl maintenance stop ${argument}`);
  if (kind === 'stop' && mode === 'UP')
    throw refuse(`${name} is not down: it is not even scheduled`, 'mesoctl agent list');
  if (kind === 'stop' && mode === 'DRAINING')
    throw refuse(`${name} is not down, only scheduled`, `mesoctl maintenance schedule ${argument} --clear`);
  if (kind === 'clear' && mode === 'UP')
    throw refuse(`${name} is not in the maintenance schedule`, 'mesoctl agent list');
  if (kind === 'clear' && mode === 'DOWN')
    throw refuse(`${name} is down: it leaves the schedule when it is up again`, `mesoctl maintenance stop ${argument}`);
}

async function mayChange(
  machines: readonly Machine[],
  { change, ...options }: ChangeMaintenanceOptions,
  session: Session,
): Promise<boolean> {
  if (change.kind !== 'start') return true;
  const text = `Take ${machinesText(machines)} down on ${await clusterNameOf(session)}?`;
  const items = machines.map(
    (machine) => `${machineName(machine.id)}: ${tasksText(tasksOn(machine))} lost, its agent is shut down`,
  );
  return confirm({ text, items }, options, session.console);
}

function callOf(
  machines: readonly Machine[],
  change: MaintenanceChange,
  { schedule }: MaintenancePicture,
): master.Call {
  const ids = machines.map(({ id }) => id);
  switch (change.kind) {
    case 'start':
      return { type: 'START_MAINTENANCE', start_maintenance: { machines: ids } };
    case 'stop':
      return { type: 'STOP_MAINTENANCE', stop_maintenance: { machines: ids } };
    case 'clear':
      return scheduleCall(without(schedule, ids));
    case 'schedule':
      return scheduleCall(withWindow(without(schedule, ids), ids, change));
  }
}

function scheduleCall(schedule: maintenance.Schedule): master.Call {
  return { type: 'UPDATE_MAINTENANCE_SCHEDULE', update_maintenance_schedule: { schedule } };
}

function without({ windows = [] }: maintenance.Schedule, ids: readonly mesos.MachineID[]): maintenance.Schedule {
  const keys = new Set(ids.map(machineKey));
  const left = windows
    .map((window) => ({ ...window, machine_ids: (window.machine_ids ?? []).filter((id) => !keys.has(machineKey(id))) }))
    .filter(({ machine_ids }) => machine_ids.length > 0);
  return { windows: left };
}

/** At the end, or in a window of the same time. */
function withWindow(
  { windows = [] }: maintenance.Schedule,
  ids: readonly mesos.MachineID[],
  { startMs, durationMs }: { readonly startMs: number; readonly durationMs: number | undefined },
): maintenance.Schedule {
  const unavailability: mesos.Unavailability = {
    start: { nanoseconds: nanoseconds(startMs) },
    duration: durationMs === undefined ? undefined : { nanoseconds: nanoseconds(durationMs) },
  };
  const isSame = ({ unavailability: { start, duration } }: maintenance.Window) =>
    String(start.nanoseconds) === String(unavailability.start.nanoseconds) &&
    String(duration?.nanoseconds) === String(unavailability.duration?.nanoseconds);
  if (!windows.some(isSame)) return { windows: [...windows, { machine_ids: [...ids], unavailability }] };
  return {
    windows: windows.map((window) =>
      isSame(window) ? { ...window, machine_ids: [...(window.machine_ids ?? []), ...ids] } : window,
    ),
  };
}

function nanoseconds(ms: number) {
  return canonicalInt64(BigInt(Math.round(ms)) * 1_000_000n);
}

/** docs/schemas/maintenance-change.json */
function recordOf(machines: readonly Machine[], { change, dryRun }: ChangeMaintenanceOptions): object {
  const isScheduled = change.kind === 'schedule';
  return {
    change: change.kind,
    machines: machines.map((machine) => ({
      hostname: machine.id.hostname ?? null,
      ip: machine.id.ip ?? null,
      tasks: tasksOn(machine),
    })),
    start: isScheduled ? timeRecord(change.startMs / 1000) : null,
    duration_seconds: isScheduled && change.durationMs !== undefined ? change.durationMs / 1000 : null,
    dry_run: dryRun,
  };
}

function textOf(
  machines: readonly Machine[],
  { change, dryRun }: ChangeMaintenanceOptions,
  { nowMs }: Session,
): string {
  const now = nowMs() / 1000;
  return machines.map((machine) => `${sentence(machine, change, dryRun, now)}\n`).join('');
}

function sentence(machine: Machine, change: MaintenanceChange, dryRun: boolean, now: number): string {
  const name = machineName(machine.id);
  switch (change.kind) {
    case 'schedule': {
      const seconds = change.durationMs === undefined ? undefined : change.durationMs / 1000;
      const when = whenText({ start: change.startMs / 1000, seconds }, now);
      const again = machine.mode === 'UP' ? '' : ' anew';
      return `${dryRun ? 'would schedule' : 'Scheduled'} ${name}${again}: ${when}`;
    }
    case 'clear':
      return `${dryRun ? 'would take' : 'Took'} ${name} out of the schedule`;
    case 'start': {
      const tasks = tasksOn(machine);
      const fate = tasks === 0 ? 'it runs nothing' : `${tasksText(tasks)} lost`;
      return `${dryRun ? 'would take' : 'Took'} ${name} down: ${fate}`;
    }
    case 'stop':
      return `${dryRun ? 'would bring' : 'Brought'} ${name} up: its agent may come back`;
  }
}

/** What somebody who did this will want to know. */
function sayWhatElse(machines: readonly Machine[], { kind }: MaintenanceChange, { console }: Session): void {
  const draining = machines
    .flatMap(({ agents }) => agents)
    .filter(({ state }) => state === 'DRAINING' || state === 'DRAINED');
  if (kind === 'schedule')
    for (const { hostname, agent_id, state } of draining)
      console.say(
        `${hostname ?? agent_id.value} is ${state} besides: it is offered again only after mesoctl agent reactivate.`,
      );
  if (kind === 'schedule' || kind === 'start') console.hint(`Next: ${LOOK}`);
}

function machinesText(machines: readonly Machine[]): string {
  return machines.length === 1 ? '1 machine' : `${formatCount(machines.length)} machines`;
}

function tasksText(count: number): string {
  return count === 1 ? '1 task is' : `${formatCount(count)} tasks are`;
}
