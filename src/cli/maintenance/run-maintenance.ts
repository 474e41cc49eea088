/** `maintenance schedule`, `start`, `stop` from their command lines, checked before anything is sent. */
import { MesoError } from '../../base/error.js';
import { isRejection } from '../../base/rejection.js';
import { systemClock } from '../../base/system/clock.js';
import { durationFrom } from '../client-flags.js';
import { type SessionFlags, withSession } from '../cluster/session.js';
import { expandReferences } from '../references.js';
import { changeMaintenance, type MaintenanceChange } from './change-maintenance.js';
import { parseMoment } from './moment.js';

export interface MaintenanceFlags extends SessionFlags {
  readonly yes?: boolean | undefined;
  readonly 'no-input'?: boolean | undefined;
  readonly 'dry-run': boolean;
  readonly json: boolean;
}

export interface ScheduleFlags extends MaintenanceFlags {
  readonly start?: string | undefined;
  readonly duration?: string | undefined;
  readonly clear: boolean;
  readonly all: boolean;
}

export function runSchedule(words: readonly string[], flags: ScheduleFlags): Promise<number> {
  const change = scheduleChange(flags, systemClock.now().unixMs);
  if (flags.all && (change.kind !== 'clear' || words.length > 0))
    throw new MesoError('BAD_INPUT', '--all goes with --clear and no machines', {
      suggestions: ['mesoctl maintenance schedule --clear --all'],
    });
  return run(words, change, flags, flags.all);
}

export function runMaintenance(words: readonly string[], kind: 'start' | 'stop', flags: MaintenanceFlags) {
  return run(words, { kind }, flags, false);
}

/** Throws BAD_INPUT. */
export function scheduleChange(
  { start, duration, clear }: Pick<ScheduleFlags, 'start' | 'duration' | 'clear'>,
  nowMs: number,
): MaintenanceChange {
  if (clear) {
    if (start === undefined && duration === undefined) return { kind: 'clear' };
    throw new MesoError('BAD_INPUT', '--clear takes machines out of the schedule: it has no --start and no --duration');
  }
  if (start === undefined)
    throw new MesoError('BAD_INPUT', 'when: --start is missing', {
      suggestions: ['--start "in 2h" --duration 1h', '--clear to take machines out of the schedule'],
    });
  const startMs = parseMoment(start, nowMs);
  if (isRejection(startMs)) throw new MesoError('BAD_INPUT', `--start: ${startMs.message}`);
  const durationMs = duration === undefined ? undefined : durationFrom('--duration', duration);
  if (durationMs !== undefined && startMs + durationMs <= nowMs)
    throw new MesoError('BAD_INPUT', `--start ${start}: a window that would be over already`);
  return { kind: 'schedule', startMs, durationMs };
}

async function run(
  words: readonly string[],
  change: MaintenanceChange,
  flags: MaintenanceFlags,
  all: boolean,
): Promise<number> {
  const references = (await expandReferences(words, process.stdin)).map(({ text }) => text);
  if (references.length === 0 && !all)
    throw new MesoError('BAD_INPUT', 'no machine named: give hostnames, ips, or ids of agents', {
      suggestions: ['mesoctl agent list', 'mesoctl maintenance show'],
    });
  const { yes = false, json } = flags;
  const common = { noInput: flags['no-input'] ?? false, dryRun: flags['dry-run'] };
  return withSession(flags, (session) => changeMaintenance({ references, change, all, yes, json, ...common }, session));
}
