/**
 * Recorded work from a file: one job or one task a row, as CSV with a head line or as a JSON array of objects. Columns: `at`,
 * `tasks`, `length`, `resources`; a file of lengths needs `length` only. Times are durations, bare numbers are seconds. Pure.
 */
import { z } from 'zod';
import { MesoError } from '../../base/error.js';
import { findNearest } from '../nearest.js';
import { duration, taskResources } from './scenario-schema.js';

/** Times in milliseconds. */
export type TraceRow = z.infer<typeof rowSchema>;

const rowSchema = z.strictObject({
  at: duration.optional(),
  tasks: z.coerce.number().int('a whole number is wanted').min(1, 'at least 1 is wanted').optional(),
  length: duration.optional(),
  resources: taskResources.optional(),
});
const COLUMNS = Object.keys(rowSchema.shape);
const MAX_ROWS = 10_000_000;

/** Every row has the `required` columns. Throws BAD_INPUT with file and line. */
export function parseTrace(
  text: string,
  file: string,
  required: readonly (keyof TraceRow & string)[],
): readonly TraceRow[] {
  const raw = /^\s*[[{]/.test(text) ? rawOfJson(text, file) : rawOfCsv(text, file);
  if (raw.length === 0) throw new MesoError('BAD_INPUT', `${file}: there is nothing in it`);
  if (raw.length > MAX_ROWS) throw new MesoError('BAD_INPUT', `${file}: more than ${MAX_ROWS} rows`);
  return raw.map(({ place, values }) => {
    const row = rowSchema.safeParse(values);
    if (!row.success) {
      const [issue] = row.error.issues;
      const path = issue?.path.join('.') ?? '';
      const unknown = issue?.code === 'unrecognized_keys' ? `there is no field "${issue.keys[0]}"` : issue?.message;
      throw new MesoError('BAD_INPUT', `${file} ${place}: ${path === '' ? '' : `${path}: `}${unknown}`);
    }
    const missing = required.find((column) => row.data[column] === undefined);
    if (missing !== undefined) throw new MesoError('BAD_INPUT', `${file} ${place}: ${missing} is missing`);
    return row.data;
  });
}

interface RawRow {
  readonly place: string;
  readonly values: unknown;
}

function rawOfJson(text: string, file: string): readonly RawRow[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new MesoError('BAD_INPUT', `${file} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!Array.isArray(parsed)) throw new MesoError('BAD_INPUT', `${file}: an array of objects is wanted`);
  return parsed.map((values, i) => ({
    place: `row ${i + 1}`,
    values: typeof values === 'number' || typeof values === 'string' ? { length: values } : values,
  }));
}

function rawOfCsv(text: string, file: string): readonly RawRow[] {
  const lines = text.split(/\r?\n/).map((line, i) => ({ line: line.trim(), place: `line ${i + 1}` }));
  const [head, ...rest] = lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
  if (head === undefined) return [];
  const columns = head.line.split(',').map((column) => unquoted(column));
  const unknown = columns.find((column) => !COLUMNS.includes(column));
  if (unknown !== undefined) {
    const nearest = findNearest(unknown, COLUMNS);
    const guess = nearest === undefined ? `Known: ${COLUMNS.join(', ')}` : `Did you mean "${nearest}"?`;
    throw new MesoError('BAD_INPUT', `${file} ${head.place}: there is no column "${unknown}". ${guess}`);
  }
  return rest.map(({ line, place }) => {
    const cells = line.split(',').map(unquoted);
    if (cells.length !== columns.length)
      throw new MesoError('BAD_INPUT', `${file} ${place}: ${cells.length} values under ${columns.length} columns`);
    const pairs = columns.map((column, i) => [column, cells[i]] as const).filter(([, cell]) => cell !== '');
    return { place, values: Object.fromEntries(pairs) };
  });
}

function unquoted(cell: string): string {
  const trimmed = cell.trim();
  return /^".*"$/.test(trimmed) ? trimmed.slice(1, -1) : trimmed;
}
