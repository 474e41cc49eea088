/** Answers as the scripts of the shells read them. */
import { describe, expect, it } from 'vitest';
import { formatAnswer, formatBashAnswer } from '../../../src/cli/completion/answer.js';

const named = (...values: readonly string[]) => ({
  candidates: values.map((value) => ({ value, description: `about ${value.slice(0, 3)}` })),
  files: false,
});
const LINE = { kept: '', quote: '' } as const;
const INSERT = { isListing: false, columns: 80 };

describe('formatAnswer', () => {
  it('says what to do with the lines that follow', () => {
    expect(formatAnswer(named('kill', 'list'))).toBe('words\nkill\tabout kil\nlist\tabout lis\n');
    expect(formatAnswer(named('--color=', '--master='))).toMatch(/^open\n/);
    expect(formatAnswer({ candidates: [], files: true })).toBe('files\n');
    expect(formatAnswer({ candidates: [], files: false })).toBe('words\n');
  });

  it('leaves out names that would move the cursor or break the line', () => {
    const hostile = named('ok', 'a\nb', 'a\tb', '\x1b[2J', 'a\x9bb', 'a\u202eb', 'a\u2028b', 'a\ud800');
    expect(formatAnswer(hostile)).toBe('words\nok\tabout ok\n');
    const described = { candidates: [{ value: 'web', description: 'x\x1b]0;title\x07\ny\u202ez' }], files: false };
    expect(formatAnswer(described)).toBe('words\nweb\tx ]0;title y z\n');
  });

  it('is bounded', () => {
    const many = named(...Array.from({ length: 1000 }, (_, i) => `task-${i}`));
    expect(formatAnswer(many).split('\n').length).toBe(202);
  });
});

describe('formatBashAnswer', () => {
  it('quotes what bash inserts, without what it keeps', () => {
    expect(formatBashAnswer(named('a b', '$(x)'), LINE, INSERT)).toBe('words\na\\ b\n\\$\\(x\\)\n');
    expect(formatBashAnswer(named('--output=wide'), { kept: '--output=', quote: '' }, INSERT)).toBe('words\nwide\n');
    expect(formatBashAnswer(named("it's", '$5'), { kept: '', quote: "'" }, INSERT)).toBe('words\n$5\n');
    expect(formatBashAnswer(named('a!b', 'a"', 'a$b'), { kept: '', quote: '"' }, INSERT)).toBe('words\na\\$b\n');
  });

  it('lists with descriptions, one on a line of the terminal', () => {
    const [directive, ...lines] = formatBashAnswer(named('kill', 'a b'), LINE, { isListing: true, columns: 40 }).split(
      '\n',
    );
    expect(directive).toBe('words');
    expect(lines.slice(0, -1).map((line) => line.trimEnd())).toEqual(['kill  about kil', 'a b   about a b']);
    for (const line of lines.slice(0, -1)) expect(line.length).toBeGreaterThan(20);
  });

  it('never lists a single name: bash may insert it', () => {
    expect(formatBashAnswer(named('kill'), LINE, { isListing: true, columns: 40 })).toBe('words\nkill\n');
  });
});
