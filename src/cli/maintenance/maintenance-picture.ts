/**
 * The maintenance of a cluster as commands see it: windows with their machines, the agents on them and what frameworks answered, and which
 * machine is meant by a hostname, an ip or a part of an agent's id. Reads only.
 */
import { MesoError } from '../../base/error.js';
import { machineKey } from '../../daemon/master/core/model/machine-id.js';
import { shortId } from '../../views/text/ids.js';
import { sanitize } from '../../views/text/width.js';
import type * as allocator from '../../wire/gen/allocator.js';
import type * as maintenance from '../../wire/gen/maintenance.js';
import type * as api from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { int64ToNumber } from '../../wire/int64.js';
import { AGENT_REFERENCE, findOne } from '../cluster/find-one.js';
import { loadModel } from '../cluster/load-model.js';
import { type Session, withinTimeout } from '../cluster/session.js';

export interface Machine {
  readonly id: mesos.MachineID;
  /** UP: not in the schedule. */
  readonly mode: 'UP' | 'DRAINING' | 'DOWN';
  /** Registered or known ones. */
  readonly agents: readonly api.Agent[];
  readonly answers: readonly allocator.InverseOfferStatus[];
}

export interface Window {
  /** Unix seconds. */
  readonly start: number;
  /** undefined: it has no end. */
  readonly seconds: number | undefined;
  readonly machines: readonly Machine[];
}

export interface MaintenancePicture {
  /** As it is on the wire. */
  readonly schedule: maintenance.Schedule;
  /** By their start. */
  readonly windows: readonly Window[];
  readonly agents: readonly api.Agent[];
  readonly frameworkName: (id: string) => string | undefined;
}

export async function readMaintenance(session: Session): Promise<MaintenancePicture> {
  const { client, timeoutMs } = session;
  const ask = <T>(read: (signal: AbortSignal) => Promise<T>) => withinTimeout(timeoutMs, 'the schedule', read);
  const { get_maintenance_schedule } = await ask((signal) =>
    client.call({ type: 'GET_MAINTENANCE_SCHEDULE' }, { signal }),
  );
  const { get_maintenance_status } = await ask((signal) => client.call({ type: 'GET_MAINTENANCE_STATUS' }, { signal }));
  const model = await loadModel(session, ['AGENTS', 'FRAMEWORKS'], 'the list of agents');
  const rows = model.tables.agents.open({ filter: '' }).window(0, Number.POSITIVE_INFINITY);
  const frameworks = model.tables.frameworks.open({ filter: '' }).window(0, Number.POSITIVE_INFINITY);
  const names = new Map(frameworks.map(({ framework }) => [framework.framework_id.value, framework.name]));
  const agents = rows.map(({ agent, usage }) => ({ ...agent, usage }));
  const schedule = get_maintenance_schedule?.schedule ?? {};
  const status = get_maintenance_status?.status ?? {};
  return { schedule, windows: windowsOf(schedule, status, agents), agents, frameworkName: (id) => names.get(id) };
}

/** Pure. */
export function windowsOf(
  { windows = [] }: maintenance.Schedule,
  status: maintenance.ClusterStatus,
  agents: readonly api.Agent[],
): readonly Window[] {
  const down = new Set((status.down_machines ?? []).map(machineKey));
  const answers = new Map((status.draining_machines ?? []).map(({ id, statuses = [] }) => [machineKey(id), statuses]));
  return windows
    .map(({ machine_ids = [], unavailability: { start, duration } }) => ({
      start: int64ToNumber(start.nanoseconds) / 1e9,
      seconds: duration === undefined ? undefined : int64ToNumber(duration.nanoseconds) / 1e9,
      machines: machine_ids.map((id): Machine => {
        const key = machineKey(id);
        const mode = down.has(key) ? 'DOWN' : 'DRAINING';
        return {
          id,
          mode,
          agents: agents.filter((agent) => isOn(agent, id)),
          answers: answers.get(key) ?? [],
        };
      }),
    }))
    .sort((left, right) => left.start - right.start);
}

/** Which machine each of `references` means, each once. Rejects with NOT_FOUND or AMBIGUOUS. */
export async function findMachines(
  references: readonly string[],
  picture: MaintenancePicture,
  session: Session,
): Promise<readonly Machine[]> {
  const found = new Map<string, Machine>();
  for (const reference of references) {
    const machine = await findMachine(reference, picture, session);
    found.set(machineKey(machine.id), machine);
  }
  return [...found.values()];
}

/** In the schedule, by its names; else the machine of the agent that is meant. */
async function findMachine(reference: string, picture: MaintenancePicture, session: Session): Promise<Machine> {
  const scheduled = picture.windows.flatMap(({ machines }) => machines);
  const named = scheduled.filter(({ id }) => isNamed(id, reference));
  if (named.length > 1) throw ambiguous(reference, named);
  if (named[0] !== undefined) return named[0];
  const machineOf = (agent: api.Agent): Machine =>
    scheduled.find(({ id }) => isOn(agent, id)) ?? {
      id: machineIdOf(agent),
      mode: 'UP',
      agents: picture.agents.filter((other) => isOn(other, machineIdOf(agent))),
      answers: [],
    };
  const byName = picture.agents.filter((agent) => isNamed(machineIdOf(agent), reference)).map(machineOf);
  const machines = [...new Map(byName.map((machine) => [machineKey(machine.id), machine])).values()];
  if (machines.length > 1) throw ambiguous(reference, machines);
  if (machines[0] !== undefined) return machines[0];
  const { agent } = await withinTimeout(session.timeoutMs, 'the machine', (signal) =>
    findOne(session.client, AGENT_REFERENCE, reference, { signal }),
  );
  if (agent === undefined) throw new MesoError('PROTOCOL', 'the master answered FIND without an agent');
  return machineOf(agent);
}

function ambiguous(reference: string, machines: readonly Machine[]): MesoError {
  const names = machines.map(({ id }) => machineName(id));
  return new MesoError('AMBIGUOUS', `"${reference}" is ${machines.length} machines: ${names.join(' · ')}.`, {
    details: { candidates: names },
    suggestions: ['the hostname, or the id of its agent'],
  });
}

/** `node-17 (10.0.0.17)` */
export function machineName({ hostname = '', ip = '' }: mesos.MachineID): string {
  return sanitize(hostname === '' || ip === '' ? `${hostname}${ip}` : `${hostname} (${ip})`);
}

/** As a command takes it. */
export function machineArgument({ hostname, ip }: mesos.MachineID): string {
  return hostname === undefined || hostname === '' ? (ip ?? '') : hostname;
}

function machineIdOf({ hostname, ip }: api.Agent): mesos.MachineID {
  return { hostname, ip };
}

function isNamed({ hostname, ip }: mesos.MachineID, reference: string): boolean {
  return hostname?.toLowerCase() === reference.toLowerCase() || ip === reference;
}

/** What a machine's id leaves out fits any. */
function isOn(agent: api.Agent, { hostname = '', ip = '' }: mesos.MachineID): boolean {
  const sameHost = hostname === '' || agent.hostname?.toLowerCase() === hostname.toLowerCase();
  return sameHost && (ip === '' || agent.ip === ip);
}

/** Live tasks on it. */
export function tasksOn({ agents }: Machine): number {
  return agents.reduce((sum, { usage }) => sum + (usage?.tasks ?? 0), 0);
}

export function agentNames({ agents }: Machine): string {
  return agents.map(({ agent_id }) => shortId(agent_id.value)).join(',');
}
