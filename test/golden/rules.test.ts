/**
 * Holds RULES.md to the scripts and tests it names: no rule without a script, no script without a rule, no section forgotten.
 * Where the specification lies beside the project, no sentence of it is without a rule either.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const directory = import.meta.dirname;
const root = join(directory, '../..');
const SECTIONS = ['5', '6'].flatMap((page) => Array.from({ length: 10 }, (_, i) => `${page}.${i + 1}`));
/** Where the scripts of a part lie. */
const SCRIPTS: ReadonlyMap<string, string> = new Map([
  ['allocator', 'allocator'],
  ['resources', 'resources/scripts'],
  ['master', 'master/scripts'],
  ['agent', 'agent/scripts'],
]);
/** All scripts of these parts are about rules. */
const PARTS_OF_RULES = ['allocator', 'resources', 'agent'];
/** What no core can show alone has tests only, and says so. */
const ON_A_MACHINE = '(on a real machine)';
const RULES_ON_A_MACHINE = 2;
const PAGES = ['05-resources.md', '06-allocator.md'];

interface Proof {
  readonly name: string;
  readonly words: string;
}

interface Rule {
  readonly id: string;
  readonly what: string;
  /** Of sentences of the specification. */
  readonly quotes: readonly string[];
  readonly proofs: readonly Proof[];
}

const table = readFileSync(join(directory, 'RULES.md'), 'utf8');

/** Rows are `| id | what holds | "words"; "words" | proof "words"; proof "words" |`. */
const rules: readonly Rule[] = [...table.matchAll(/^\| (\d+\.\d+-\d+) \| (.+?) \| (.+?) \| (.*) \|$/gm)].map(
  ([, id = '', what = '', quotes = '', proofs = '']) => ({
    id,
    what,
    quotes: quotesIn(quotes),
    proofs: proofsIn(proofs),
  }),
);

/** Rows are `| section | "words"; "words" | why |`. */
const exempt = [...table.matchAll(/^\| (\d+\.\d+) \| (".+?") \| .+ \|$/gm)].map(([, section = '', quotes = '']) => ({
  section,
  quotes: quotesIn(quotes),
}));

function quotesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/"([^"]+)"/g)].map(([, words = '']) => words);
}

function proofsIn(cell: string): readonly Proof[] {
  return [...cell.matchAll(/([\w./-]+) "([^"]+)"/g)].map(([, name = '', words = '']) => ({ name, words }));
}

function isScript({ name }: Proof): boolean {
  return !name.startsWith('test/');
}

function pathOf(proof: Proof): string {
  if (!isScript(proof)) return join(root, proof.name);
  const [part = '', script] = proof.name.split('/');
  return join(directory, SCRIPTS.get(part) ?? part, `${script}.txt`);
}

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
    for (const proof of proofs) expect(readFileSync(pathOf(proof), 'utf8'), proof.name).toContain(proof.words);
  });

  it('has a script for every rule that a core can show', () => {
    const without = rules.filter(({ proofs }) => !proofs.some(isScript));
    expect(without.filter(({ what }) => !what.endsWith(ON_A_MACHINE)).map(({ id }) => id)).toEqual([]);
    expect(without).toHaveLength(RULES_ON_A_MACHINE);
  });

  it('names every script', () => {
    const named = new Set(rules.flatMap(({ proofs }) => proofs.map(({ name }) => name)));
    const scripts = PARTS_OF_RULES.flatMap((part) =>
      readdirSync(join(directory, SCRIPTS.get(part) ?? part))
        .filter((file) => file.endsWith('.txt'))
        .map((file) => `${part}/${file.slice(0, -'.txt'.length)}`),
    );
    expect(scripts.filter((name) => !named.has(name))).toEqual([]);
  });
});

const specification = ['../shared/spec', '../../shared/spec'].map((path) => join(root, path)).find(existsSync);
if (specification === undefined)
  console.log('sentences of the specification: skipped, it does not lie beside the project');

interface Sentence {
  readonly section: string;
  readonly text: string;
}

/** Parts of sentences, too: what a full stop or a semicolon ends. */
function sentencesOf(page: string): readonly Sentence[] {
  const sentences: Sentence[] = [];
  let section: string | undefined;
  for (const line of page.replaceAll('`', '').split('\n')) {
    section = /^## (\d+\.\d+) /.exec(line)?.[1] ?? section;
    const text = line.replace(/^\s*(-|\d+\.)\s+/, '').trim();
    if (section === undefined || text === '' || text.startsWith('#')) continue;
    for (const part of text.split(/(?<=[.;])\s+/)) sentences.push({ section, text: part });
  }
  return sentences;
}

describe.skipIf(specification === undefined)('the specification', () => {
  // Skipped or not, this is read.
  const pages = specification === undefined ? [] : PAGES.map((page) => readFileSync(join(specification, page), 'utf8'));
  const sentences = pages.flatMap(sentencesOf);
  const quotes = [
    ...rules.map(({ id, quotes }) => ({ section: id.split('-')[0], quotes })),
    ...exempt.map(({ section, quotes }) => ({ section, quotes })),
  ].flatMap(({ section, quotes }) => quotes.map((words) => ({ section, words })));

  it('has no sentence without a rule', () => {
    const isCovered = ({ section, text }: Sentence) =>
      quotes.some((quote) => quote.section === section && text.includes(quote.words));
    const uncovered = sentences.filter((sentence) => !isCovered(sentence));
    expect(uncovered.map(({ section, text }) => `${section}: ${text}`)).toEqual([]);
  });

  it('says what the table quotes', () => {
    const isThere = ({ section, words }: (typeof quotes)[number]) =>
      sentences.some((sentence) => sentence.section === section && sentence.text.includes(words));
    expect(quotes.filter((quote) => !isThere(quote))).toEqual([]);
  });
});
