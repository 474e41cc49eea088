import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogRing, MAX_LINES } from '../../../../src/views/log/log-ring.js';

function pushAll(ring: LogRing, bytes: Buffer, cuts: readonly number[]): void {
  let from = 0;
  for (const to of cuts
    .map((cut) => cut % (bytes.length + 1))
    .sort((a, b) => a - b)
    .concat(bytes.length)) {
    ring.push([bytes.subarray(from, to)]);
    from = to;
  }
}

describe('LogRing', () => {
  it('gives the lines of a text, however it was cut, the unfinished last one included', () => {
    const text = fc.array(fc.oneof(fc.stringMatching(/^[ -~]{0,30}$/), fc.constantFrom('äöü', '日本', '')), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, fc.array(fc.nat(2000), { maxLength: 20 }), (lines, cuts) => {
        const ring = new LogRing();
        pushAll(ring, Buffer.from(lines.join('\n')), cuts);
        const expected = lines.join('\n').split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(ring.snapshot()).toEqual({ lines: expected, firstLine: 1, skipped: 0 });
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the newest lines and knows their numbers', () => {
    const ring = new LogRing();
    for (let i = 1; i <= 12_000; i++) ring.push([Buffer.from(`line ${i}\n`)]);
    const { lines, firstLine } = ring.snapshot();
    expect(lines).toHaveLength(MAX_LINES);
    expect(lines.at(-1)).toBe('line 12000');
    expect(lines[0]).toBe(`line ${firstLine}`);
  });

  it('counts what it passes over instead of falling behind', () => {
    const ring = new LogRing();
    const batch = Buffer.from(Array.from({ length: 100_000 }, (_, i) => `line ${i + 1}\n`).join(''));
    ring.push([batch]);
    const { lines, skipped } = ring.snapshot();
    expect(lines.at(-1)).toBe('line 100000');
    expect(skipped).toBeGreaterThan(0);
    const [mark, next] = [lines.findIndex((line) => line.includes('skipped')), 0];
    if (mark >= 0) expect(lines[mark + 1]).toBe(`line ${skipped + 1}`);
    else expect(Number(lines[next]?.slice(5))).toBeGreaterThan(skipped);
  });

  it('bounds size and length of lines, with a mark', () => {
    const ring = new LogRing();
    for (let i = 0; i < 3000; i++) ring.push([Buffer.from(`${'x'.repeat(10_000)}\n`)]);
    const { lines } = ring.snapshot();
    expect(lines.reduce((sum, line) => sum + line.length, 0)).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(lines[0]).toMatch(/^x{4096} … \(cut\)$/);
    ring.push([Buffer.alloc(20 * 1024 * 1024, 'y')]);
    expect(ring.snapshot().lines.at(-1)?.length).toBeLessThan(5000);
  });

  it('shows control characters harmless and drops colours', () => {
    const ring = new LogRing();
    ring.push([Buffer.from('\u001b[31mred\u001b[0m\u001b[2J \u0007bell\ttab \u202eevil\r\n\u001b]0;title\u0007ok\n')]);
    expect(ring.snapshot().lines).toEqual(['red ?bell tab ?evil', 'ok']);
  });

  it('drops the rest of a line that it does not know the beginning of', () => {
    const ring = new LogRing();
    ring.dropFirstLine();
    ring.push([Buffer.from('ginning\nwhole\n')]);
    ring.skip(12);
    ring.push([Buffer.from('rest\nnext\n')]);
    expect(ring.snapshot()).toEqual({ lines: ['whole', '… 12 lines skipped …', 'next'], firstLine: 1, skipped: 12 });
  });
});
