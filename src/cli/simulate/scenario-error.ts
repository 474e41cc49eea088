/** What is wrong in a scenario, in words: the file and line, the path of the field, what is wanted there. Pure. */
import { MesoError } from '../../base/error.js';

export type FieldPath = readonly (string | number)[];

export interface Complaint {
  readonly path: FieldPath;
  readonly message: string;
}

/** Where scenarios come from, for errors. */
export interface ScenarioSource {
  /** `cluster.yaml`; undefined: made of flags. */
  readonly file: string | undefined;
  /** Line of the field or, of one that is missing, of what it is missing in; undefined: not known. */
  lineOf(path: FieldPath): number | undefined;
}

const MAX_TOLD = 3;

/** `frameworks[0].tasks.length` */
export function formatPath(path: FieldPath): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}

export function scenarioError(complaints: readonly Complaint[], source: ScenarioSource): MesoError {
  const told = complaints.slice(0, MAX_TOLD).map((complaint) => describe(complaint, source));
  const more = complaints.length > MAX_TOLD ? [`and ${complaints.length - MAX_TOLD} more`] : [];
  return new MesoError('BAD_INPUT', [...told, ...more].join('\n'), {
    details: {
      problems: complaints.map(({ path, message }) => ({ field: formatPath(path), message })),
    },
    suggestions: ['man mesoctl-simulate'],
  });
}

function describe({ path, message }: Complaint, source: ScenarioSource): string {
  const line = source.lineOf(path);
  const place = [source.file, line === undefined ? undefined : `line ${line}`].filter(Boolean).join(' ');
  return (
    [place, formatPath(path)].filter((part) => part !== '').join(': ') + (path.length === 0 ? ' ' : ': ') + message
  );
}
