/**
 * Runs every *.txt script of this directory and compares what the allocator answers with what is written after `----`.
 * `UPDATE_GOLDEN=1 npx vitest run test/golden/allocator` rewrites the answers: read every changed line before committing.
 * A script is blocks separated by empty lines: comment lines (#), command lines, `----`, the lines of the answer.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replay } from './script-text.js';

const directory = import.meta.dirname;
const scripts = readdirSync(directory).filter((name) => name.endsWith('.txt'));

describe('golden scripts of the allocator', () => {
  it('are there', () => {
    expect(scripts.length).toBeGreaterThan(0);
  });

  it.each(scripts)('%s', (name) => {
    const path = join(directory, name);
    const written = readFileSync(path, 'utf8');
    const replayed = replay(written);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, replayed);
    else expect(replayed).toBe(written);
  });
});
