// A temporary directory per test, removed afterwards.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

/** Call inside a describe block; each call of the result makes one directory. */
export function scratchDirs(): () => string {
  const made: string[] = [];
  afterEach(() => {
    for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
  });
  return () => {
    const dir = realpathSync(mkdtempSync(join(tmpdir(), 'mesoctl-unit-')));
    made.push(dir);
    return dir;
  };
}

/** The value, or a failure that shows the rejection. */
export function accepted<T>(value: T): Exclude<T, import('../../../src/base/rejection.js').Rejection> {
  if (value instanceof Error || (typeof value === 'object' && value !== null && 'code' in value && 'message' in value))
    throw new Error(`rejected: ${JSON.stringify(value)}`);
  return value as Exclude<T, import('../../../src/base/rejection.js').Rejection>;
}
