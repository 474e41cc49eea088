/** Counts and amounts as people read them (design/ux, section 3, mockups): `98,311`, `25.5`, `18.1T`, `73/128G`, `75%`. */

const SIZE_UNITS = ['M', 'G', 'T', 'P'] as const;

/** `98,311` */
export function formatCount(value: number): string {
  // Not toLocaleString: the first call of a process loads locale data for many milliseconds.
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** Cpus, gpus: at most one decimal below 100 (`25.5`, `4`), none from there (`4,812`); two below 1 (`0.25`). */
export function formatScalar(value: number): string {
  if (value >= 100) return formatCount(value);
  return String(Number(value.toFixed(value < 1 ? 2 : 1)));
}

/** Cpus in a column, so that the points stand below each other: `12.0`, `0.5`; hundredths only where there are some. */
export function formatCpus(value: number): string {
  if (value >= 100) return formatCount(value);
  const hundredths = Math.round(value * 100);
  return (hundredths / 100).toFixed(value < 10 && hundredths % 10 !== 0 ? 2 : 1);
}

/** MB as `512M`, `2.9T`, `128G`: three digits at most, one decimal below 100 where it says something. */
export function formatSize(mb: number): string {
  const { scaled, unit } = scaleOf(mb);
  return `${digits(mb / scaled)}${unit}`;
}

/** Both in the unit of the second: `73/128G`; an unknown first is `-`. */
export function formatSizeOf(partMb: number | undefined, wholeMb: number): string {
  const { scaled, unit } = scaleOf(wholeMb);
  return `${partMb === undefined ? '-' : digits(partMb / scaled)}/${digits(wholeMb / scaled)}${unit}`;
}

/** A part of 1 as `75%`; of nothing, `0%`. Less than all never shows as 100 %, more than nothing never as 0 %. */
export function formatPercent(part: number, whole = 1): string {
  if (whole <= 0 || part <= 0) return '0%';
  const percent = (100 * part) / whole;
  if (percent < 1) return '1%';
  return `${percent < 100 ? Math.min(99, Math.round(percent)) : Math.round(percent)}%`;
}

/** A share, 0 to 1, as `31.2%`. */
export function formatShare(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** `12.4`, `38`, `0` a second. */
export function formatRate(perSecond: number): string {
  return perSecond >= 20 ? formatCount(perSecond) : String(Number(perSecond.toFixed(1)));
}

function scaleOf(mb: number): { readonly scaled: number; readonly unit: string } {
  let index = 0;
  while (index < SIZE_UNITS.length - 1 && mb >= 1024 ** (index + 1)) index++;
  return { scaled: 1024 ** index, unit: SIZE_UNITS[index] ?? 'M' };
}

function digits(value: number): string {
  if (value >= 100) return formatCount(value);
  return String(Number(value.toFixed(1)));
}
