/**
 * JSON against the schemas that docs/schemas publishes. Stricter than they are: a field that a schema does not name is an
 * error here, so that none is printed before it is documented.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { projectRoot } from './process.mjs';

const DIRECTORY = join(projectRoot, 'docs/schemas');
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const ajv = new Ajv2020({ allErrors: true, formats: { 'date-time': DATE_TIME } });
const validators = new Map<string, ValidateFunction>();

export const SCHEMA_NAMES: readonly string[] = readdirSync(DIRECTORY)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));

/** What is wrong with `value`; empty: nothing. */
export function schemaErrors(name: string, value: unknown): readonly string[] {
  let validate = validators.get(name);
  if (validate === undefined) {
    const schema: unknown = JSON.parse(readFileSync(join(DIRECTORY, `${name}.json`), 'utf8'));
    validate = ajv.compile(closed(schema) as object);
    validators.set(name, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
  );
}

/** Objects with named fields take no others. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in copy && copy.type === 'object' ? { additionalProperties: false, ...copy } : copy;
}
