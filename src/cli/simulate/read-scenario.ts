/**
 * Reads a scenario: the file (YAML or JSON) or what flags say, then the changes of `--set`, then the recorded work that it
 * names. The only part of the command that touches files before there is a result. Throws BAD_INPUT, NOT_FOUND for files.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { type Document, isMap, LineCounter, type Node, parseDocument } from 'yaml';
import { MesoError, messageOf } from '../../base/error.js';
import { type BuiltScenario, buildScenario } from './build-scenario.js';
import { parseTrace, type TraceRow } from './recorded-trace.js';
import { type Complaint, type FieldPath, type ScenarioSource, scenarioError } from './scenario-error.js';
import { type ScenarioDocument, scenarioSchema } from './scenario-schema.js';

/** A scenario as it is written, before it is checked. */
export interface RawScenario {
  readonly document: unknown;
  readonly source: ScenarioSource;
  /** Where the files are that it names. */
  readonly directory: string;
}

/** `path`: `-` is stdin. */
export async function readScenarioFile(path: string): Promise<RawScenario> {
  const file = path === '-' ? 'stdin' : path;
  // Not as /dev/stdin: a socket cannot be opened again.
  const text = path === '-' ? await readAll(process.stdin) : await readText(path, file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new MesoError('BAD_INPUT', `${file} line ${line}, column ${col}: ${error.message}`);
  }
  const lineOf = (fieldPath: FieldPath) => lineOfField(document.contents, fieldPath, lines);
  return { document: plainOf(document, file), source: { file, lineOf }, directory: path === '-' ? '.' : dirname(path) };
}

/** Aliases are resolved only here: one that names nothing, or so many that they are an attack, are errors of the file. */
function plainOf(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new MesoError('BAD_INPUT', `${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Checks it, reads what it names, fills in defaults. */
export async function loadScenario({ document, source, directory }: RawScenario): Promise<BuiltScenario> {
  const parsed = scenarioSchema.safeParse(document);
  if (!parsed.success) {
    // A misspelt field is the likelier cause than the one that is missing because of it.
    const issues = parsed.error.issues.toSorted((left, right) => rank(left.code) - rank(right.code));
    throw scenarioError(issues.map(complaintOf), source);
  }
  return buildScenario(parsed.data, await readTraces(parsed.data, directory), source);
}

function rank(code: string): number {
  return code === 'unrecognized_keys' ? 0 : 1;
}

function complaintOf(issue: { readonly path: readonly PropertyKey[]; readonly message: string }): Complaint {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  return { path: path.at(-1) === 'constant' ? path.slice(0, -1) : path, message: issue.message };
}

async function readTraces(
  document: ScenarioDocument,
  directory: string,
): Promise<ReadonlyMap<string, readonly TraceRow[]>> {
  const traces = new Map<string, readonly TraceRow[]>();
  const load = async (name: unknown, required: readonly (keyof TraceRow & string)[]) => {
    if (typeof name !== 'string') return;
    traces.set(name, parseTrace(await readText(resolve(directory, name), name), name, required));
  };
  for (const { tasks, arrivals } of document.frameworks) {
    await load(tasks.length.recorded, ['length']);
    await load(arrivals?.recorded, ['at']);
  }
  return traces;
}

async function readText(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new MesoError('NOT_FOUND', `there is no file ${name}`, { cause: error });
    throw new MesoError('BAD_INPUT', `cannot read ${name}: ${messageOf(error)}`, { cause: error });
  }
}

/** Of the field, or of the nearest thing around it that the file has. */
function lineOfField(contents: unknown, path: FieldPath, lines: LineCounter): number | undefined {
  let at = contents as Node | null | undefined;
  let position = at?.range?.[0];
  for (const part of path) {
    const pair = isMap(at) ? at.items.find(({ key }) => String(key) === String(part)) : undefined;
    const next =
      at !== null && at !== undefined && 'get' in at
        ? (at as { get(key: unknown, keep: true): unknown }).get(part, true)
        : undefined;
    if (next === undefined || next === null) break;
    at = next as Node;
    position = (pair?.key as Node | undefined)?.range?.[0] ?? at.range?.[0] ?? position;
  }
  return position === undefined ? undefined : lines.linePos(position).line;
}
