/**
 * `--set frameworks.*.scheduler.delay=5s`: changes one field of a scenario before it is checked, so that "what if" needs no
 * second file. Names and numbers of the list join by points, `*` is all of a list. Pure.
 */
import { parse } from 'yaml';
import { MesoError } from '../../base/error.js';

type Container = Record<string, unknown>;

/** A changed copy. Throws BAD_INPUT. */
export function setFields(document: unknown, assignments: readonly string[]): unknown {
  const copy = structuredClone(document);
  for (const assignment of assignments) {
    const at = assignment.indexOf('=');
    const path = assignment.slice(0, Math.max(0, at)).trim();
    if (path === '') throw new MesoError('BAD_INPUT', `--set ${assignment}: write PATH=VALUE, as in --set seed=7`);
    setAt(copy, path.split('.'), readValue(assignment, at), assignment);
  }
  return copy;
}

function readValue(assignment: string, at: number): unknown {
  const text = assignment.slice(at + 1);
  try {
    return parse(text);
  } catch {
    throw new MesoError('BAD_INPUT', `--set ${assignment}: "${text}" is no value of YAML`);
  }
}

function setAt(holder: unknown, [part = '', ...rest]: readonly string[], value: unknown, assignment: string): void {
  if (typeof holder !== 'object' || holder === null)
    throw new MesoError('BAD_INPUT', `--set ${assignment}: there is nothing that has a "${part}"`);
  if (Array.isArray(holder) && part === '*') {
    for (let i = 0; i < holder.length; i++) setAt(holder, [String(i), ...rest], value, assignment);
    return;
  }
  if (Array.isArray(holder) && !(Number(part) < holder.length))
    throw new MesoError('BAD_INPUT', `--set ${assignment}: "${part}" is none of the ${holder.length} of the list`, {
      suggestions: ['0 for the first, * for all'],
    });
  if (['__proto__', 'constructor', 'prototype'].includes(part))
    throw new MesoError('BAD_INPUT', `--set ${assignment}: there is no field "${part}"`);
  const container = holder as Container;
  if (rest.length === 0) container[part] = value;
  else {
    container[part] ??= {};
    setAt(container[part], rest, value, assignment);
  }
}
