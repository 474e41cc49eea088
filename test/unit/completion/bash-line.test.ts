/** Lines as bash hands them over, and words as bash reads them. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteForBash, readBashLine } from '../../../src/cli/completion/bash-line.js';

const BREAKS = ' \t\n"\'><=;|&(:';

describe('readBashLine', () => {
  it.each([
    ['mesoctl ta', ['mesoctl'], 'ta', '', ''],
    ['mesoctl  task ', ['mesoctl', 'task'], '', '', ''],
    ['mesoctl task kill web\\ 1', ['mesoctl', 'task', 'kill'], 'web 1', '', ''],
    ['m "a b" c', ['m', 'a b'], 'c', '', ''],
    ["m '' x", ['m', ''], 'x', '', ''],
    ['m --output=wi', ['m'], '--output=wi', '--output=', ''],
    ['m a:b:c', ['m'], 'a:b:c', 'a:b:', ''],
    ['m a\\:b', ['m'], 'a:b', '', ''],
    ['m "a:b', ['m'], 'a:b', '', '"'],
    ['m x="a b', ['m'], 'x=a b', 'x=', '"'],
    ["m 'a\\", ['m'], 'a\\', '', "'"],
    ['m "a\\"b\\c', ['m'], 'a"b\\c', '', '"'],
    ['m $(touch x', ['m', '$(touch'], 'x', '', ''],
  ])('%s', (line, words, current, kept, quote) => {
    expect(readBashLine(line, BREAKS)).toEqual({ words, current, kept, quote });
  });
});

describe('quoteForBash', () => {
  it('is undone by readBashLine', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom('', '"', "'"), (value, quote) => {
        fc.pre(!/\p{C}/u.test(value) && value !== '');
        const quoted = quoteForBash(value, quote);
        if (quoted === undefined) return value.includes('!') || value.includes(quote);
        return readBashLine(`m ${quote}${quoted}${quote} `, BREAKS).words[1] === value;
      }),
    );
  });

  it('is one word for bash, with the same letters', () => {
    const values = [
      'a b',
      "it's",
      '"$HOME"',
      '$(touch x)',
      '`touch x`',
      'a;b|c&d',
      '~',
      '#x',
      '*?[a]',
      '{a,b}',
      'é\\n',
      '<a>',
      '-n',
    ];
    for (const quote of ['', '"', "'"] as const) {
      const fitting = values.filter((value) => quoteForBash(value, quote) !== undefined);
      expect(fitting.length).toBeGreaterThan(values.length - 3);
      const words = fitting.map((value) => `${quote}${quoteForBash(value, quote)}${quote}`);
      const { stdout } = spawnSync('bash', ['--norc', '-c', `printf '%s\\n' ${words.join(' ')}`], { encoding: 'utf8' });
      expect(stdout.split('\n').slice(0, -1)).toEqual(fitting);
    }
  });
});
