/** `maintenance show`: windows, how far each machine is, and what frameworks answered to being asked to leave. */
import { formatDuration } from '../../base/duration.js';
import { formatCount } from '../../views/text/numbers.js';
import { formatAge, formatAgeOf, formatTime } from '../../views/text/times.js';
import { sanitize } from '../../views/text/width.js';
import type * as allocator from '../../wire/gen/allocator.js';
import { int64ToNumber } from '../../wire/int64.js';
import { type Session, type SessionFlags, withSession } from '../cluster/session.js';
import { formatDocument, type OutputForm, outputFormOf } from '../output-form.js';
import { timeRecord } from '../records/parts.js';
import { formatTable } from '../table.js';
import {
  agentNames,
  type Machine,
  type MaintenancePicture,
  machineArgument,
  readMaintenance,
  tasksOn,
  type Window,
} from './maintenance-picture.js';

export interface ShowMaintenanceFlags extends SessionFlags {
  readonly output?: Exclude<OutputForm, 'wide'> | undefined;
  readonly json: boolean;
}

export function showMaintenance(flags: ShowMaintenanceFlags): Promise<void> {
  const form = outputFormOf(flags);
  return withSession(flags, (session) => printMaintenance(form, session));
}

export async function printMaintenance(form: OutputForm, session: Session): Promise<void> {
  const { console, nowMs } = session;
  const picture = await readMaintenance(session);
  const { windows } = picture;
  if (windows.length === 0) console.say('No maintenance is scheduled.');
  if (form === 'json' || form === 'yaml') {
    await console.print(
      await formatDocument(form, { windows: windows.map((window) => windowRecord(window, picture)) }),
    );
    return;
  }
  if (windows.length === 0) {
    console.hint('Try: mesoctl maintenance schedule AGENT --start "in 2h" --duration 1h');
    return;
  }
  const machines = windows.flatMap((window) => window.machines);
  if (form === 'name') {
    await console.print(`${machines.map(({ id }) => machineArgument(id)).join('\n')}\n`);
    return;
  }
  const now = nowMs() / 1000;
  await console.print(`${windows.map((window) => windowText(window, picture, now)).join('\n')}`);
  const [first] = machines;
  if (first !== undefined)
    console.hint(
      `\nNext: mesoctl maintenance ${first.mode === 'DOWN' ? 'stop' : 'start'} ${machineArgument(first.id)}`,
    );
}

function windowText({ machines, ...when }: Window, picture: MaintenancePicture, now: number): string {
  const rows = machines.map((machine) => [
    sanitize(machine.id.hostname ?? ''),
    machine.id.ip ?? '',
    machine.mode,
    agentNames(machine),
    machine.mode === 'DOWN' ? '' : formatCount(tasksOn(machine)),
    machine.answers.map((answer) => answerText(answer, picture, now)).join(', '),
  ]);
  const heads = ['MACHINE', 'IP', 'STATE', 'AGENT', { head: 'TASKS', align: 'right' as const }, 'ANSWERS'];
  const lines = formatTable(heads, rows).map((line) => `  ${line}\n`);
  return `F${whenText(when, now).slice(1)}\n${lines.join('')}`;
}

/** `from 2026-12-01 14:00:00 +00:00 (in 2h) for 1hrs` */
export function whenText({ start, seconds }: Pick<Window, 'start' | 'seconds'>, now: number): string {
  const end = seconds === undefined ? undefined : start + seconds;
  const state =
    start > now
      ? `in ${formatAge(Math.ceil(start - now))}`
      : end !== undefined && end <= now
        ? `over since ${formatAge(now - end)}`
        : `began ${formatAge(now - start)} ago`;
  return `from ${formatTime(start)} (${state})${seconds === undefined ? ', no end' : ` for ${formatDuration(seconds * 1000)}`}`;
}

const ANSWERS: Readonly<Record<string, string>> = { ACCEPT: 'leaves', DECLINE: 'declines' };

/** `shop leaves (3m ago)` */
function answerText(
  { framework_id, status, timestamp }: allocator.InverseOfferStatus,
  { frameworkName }: MaintenancePicture,
  now: number,
): string {
  const age = formatAgeOf(int64ToNumber(timestamp.nanoseconds) / 1e9, now);
  const name = sanitize(frameworkName(framework_id.value) ?? framework_id.value);
  return `${name} ${ANSWERS[status] ?? 'has not answered'} (${age} ago)`;
}

/** docs/schemas/maintenance-show.json */
function windowRecord({ start, seconds, machines }: Window, picture: MaintenancePicture): object {
  return {
    start: timeRecord(start),
    end: seconds === undefined ? null : timeRecord(start + seconds),
    duration_seconds: seconds ?? null,
    machines: machines.map((machine) => machineRecord(machine, picture)),
  };
}

function machineRecord({ id, mode, agents, answers }: Machine, { frameworkName }: MaintenancePicture): object {
  return {
    hostname: id.hostname ?? null,
    ip: id.ip ?? null,
    mode,
    agents: agents.map(({ agent_id, state, usage }) => ({ id: agent_id.value, state, tasks: usage?.tasks ?? 0 })),
    answers: answers.map(({ framework_id, status, timestamp }) => ({
      framework_id: framework_id.value,
      framework_name: frameworkName(framework_id.value) ?? null,
      status,
      at: timeRecord(int64ToNumber(timestamp.nanoseconds) / 1e9),
    })),
  };
}
