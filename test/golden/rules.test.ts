/** Holds RULES.md to the scripts and tests it names: no rule without one, no script without a rule, no section forgotten. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const directory = import.meta.dirname;
const root = join(directory, '../..');
const SECTIONS = ['5', '6'].flatMap((page) => Array.from({ length: 10 }, (_, i) => `${page}.${i + 1}`));

interface Proof {
  readonly path: string;
  readonly words: string;
}

interface Rule {
  readonly id: string;
  readonly proofs: readonly Proof[];
}

/** Rows are `| id | what holds | file "words"; file "words" |`. */
function readRules(): readonly Rule[] {
  const rows = readFileSync(join(directory, 'RULES.md'), 'utf8').matchAll(/^\| (\d+\.\d+-\d+) \| .+? \| (.*) \|$/gm);
  return [...rows].map(([, id = '', cell = '']) => ({ id, proofs: proofsOf(cell) }));
}

function proofsOf(cell: string): readonly Proof[] {
  return [...cell.matchAll(/([\w./-]+) "([^"]+)"/g)].map(([, path = '', words = '']) => ({ path, words }));
}

const rules = readRules();
const textOf = ({ path }: Proof) =>
  readFileSync(path.endsWith('.txt') ? join(directory, path) : join(root, path), 'utf8');

describe('the table of rules', () => {
  it('has every section of both pages', () => {
    expect([...new Set(rules.map(({ id }) => id.split('-')[0]))]).toEqual(SECTIONS);
  });

  it('counts the rules of each section without a gap', () => {
    const counts = new Map<string, number>();
    for (const { id } of rules) {
      const [section = '', number] = id.split('-');
      counts.set(section, (counts.get(section) ?? 0) + 1);
      expect(Number(number), id).toBe(counts.get(section));
    }
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))('%s is shown by what it names', (_, { proofs }) => {
    expect(proofs).not.toEqual([]);
    for (const proof of proofs) expect(textOf(proof), proof.path).toContain(proof.words);
  });

  it('names every script', () => {
    const named = new Set(rules.flatMap(({ proofs }) => proofs.map(({ path }) => path)));
    const scripts = readdirSync(join(directory, 'allocator')).filter((name) => name.endsWith('.txt'));
    expect(scripts.filter((name) => !named.has(`allocator/${name}`))).toEqual([]);
  });
});
