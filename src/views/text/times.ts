/** Times as people read them (design/ux, section 2, "Times"). All times are Unix seconds; `-` stands for a missing one. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `4s`, `12m`, `1h20m`, `14h`, `6d`: two units where the first is below 10, but not for minutes. Never negative. */
export function formatAge(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return '-';
  const age = Math.max(0, Math.floor(seconds));
  if (age < 2 * MINUTE) return `${age}s`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)}m`;
  if (age < DAY) return twoUnits(age, HOUR, 'h', MINUTE, 'm');
  return twoUnits(age, DAY, 'd', HOUR, 'h');
}

/** Age of something that began at `at`, seen at `now`; `-` if `at` is unset or 0. */
export function formatAgeOf(at: number | undefined, now: number): string {
  return at === undefined || at <= 0 ? '-' : formatAge(now - at);
}

/** `2026-11-22 14:02:31 +01:00`, local time. */
export function formatTime(at: number | undefined): string {
  if (at === undefined || at <= 0 || !Number.isFinite(at)) return '-';
  const date = new Date(at * 1000);
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${day} ${formatClock(at)} ${zone}`;
}

/** `14:02:31`, local time. */
export function formatClock(at: number): string {
  const date = new Date(at * 1000);
  return [two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())].join(':');
}

/** `2026-11-22 14:02:31 +01:00 (12m)` */
export function formatTimeAndAge(at: number | undefined, now: number): string {
  return at === undefined || at <= 0 ? '-' : `${formatTime(at)} (${formatAgeOf(at, now)})`;
}

function twoUnits(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const whole = Math.floor(seconds / large);
  const rest = Math.floor((seconds % large) / small);
  return whole < 10 && rest > 0 ? `${whole}${largeUnit}${rest}${smallUnit}` : `${whole}${largeUnit}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
