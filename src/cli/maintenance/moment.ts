/** Points in time as people write them (`in 2h`, `sat 02:00`, `2026-12-01 14:00`), in the zone of this machine where none is written. Pure. */
import { parseDuration } from '../../base/duration.js';
import { isRejection, type Rejection, reject } from '../../base/rejection.js';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export const MOMENT_FORMS = 'now, in 2h, 14:00, tomorrow 02:00, sat 02:00, 2026-12-01 14:00, 2026-12-01T14:00:00Z';

const CLOCK = /^(?:(?<day>today|tomorrow|[a-z]{3})[a-z]* +)?(?<h>\d{1,2}):(?<m>\d\d)(?::(?<s>\d\d))?$/;
const DATE =
  /^(?<date>\d{4}-\d\d-\d\d)(?:[t ]+(?<h>\d{1,2}):(?<m>\d\d)(?::(?<s>\d\d))?(?:\.\d+)?)? *(?<zone>z|utc|[+-]\d\d:?\d\d)?$/;

/** Unix milliseconds. A clock time is the next one, never one that is over. */
export function parseMoment(written: string, nowMs: number): number | Rejection {
  const text = written.trim().toLowerCase();
  if (text === 'now') return nowMs;
  const duration = parseDuration(text.replace(/^in +/, ''));
  if (!isRejection(duration)) return nowMs + duration;
  const clock = CLOCK.exec(text)?.groups;
  const date = DATE.exec(text)?.groups;
  const ms = clock !== undefined ? clockTime(clock, nowMs) : date !== undefined ? dateTime(date) : undefined;
  return ms ?? reject('invalid', `"${written}" is no time: write ${MOMENT_FORMS}`);
}

type Parts = Readonly<Record<string, string | undefined>>;

function clockTime({ day, h, m, s }: Parts, nowMs: number): number | undefined {
  const [hours, minutes, seconds] = [Number(h), Number(m), Number(s ?? 0)];
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const now = new Date(nowMs);
  const on = (days: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hours, minutes, seconds).getTime();
  if (day === 'today') return on(0);
  if (day === 'tomorrow') return on(1);
  if (day === undefined) return on(0) >= nowMs ? on(0) : on(1);
  const wanted = DAYS.indexOf(day as (typeof DAYS)[number]);
  if (wanted < 0) return undefined;
  const days = (wanted - now.getDay() + DAYS.length) % DAYS.length;
  return on(days) >= nowMs ? on(days) : on(days + DAYS.length);
}

function dateTime({ date = '', h = '0', m = '00', s = '00', zone }: Parts): number | undefined {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  const fields = [year, month - 1, day, Number(h), Number(m), Number(s)] as const;
  const isReal = month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (!isReal || Number(h) > 23 || Number(m) > 59 || Number(s) > 59) return undefined;
  return zone === undefined ? new Date(...fields).getTime() : Date.UTC(...fields) - zoneMs(zone);
}

function zoneMs(zone: string): number {
  const [, sign = '', hours = 0, minutes = 0] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
