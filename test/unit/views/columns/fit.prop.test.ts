/** Tables fit their terminal: nothing is wider than it, ids and numbers stay whole, the least important column goes first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Column } from '../../../../src/views/columns/column.js';
import { COLUMN_GAP, type FittedColumn, fitColumns } from '../../../../src/views/columns/fit.js';
import { TASK_COLUMNS } from '../../../../src/views/columns/task-columns.js';

interface Row {
  readonly key: string;
}

function columnOf(priority: number, more: Partial<Column<Row>> = {}): Column<Row> {
  return {
    key: `c${priority}`,
    heading: `C${priority}`,
    align: 'left',
    priority,
    width: 4,
    text: ({ key }) => key,
    ...more,
  };
}

const columns: fc.Arbitrary<readonly Column<Row>[]> = fc
  .record({
    widths: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 }),
    flexible: fc.integer({ min: 0, max: 11 }),
    foreign: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
    wideFrom: fc.integer({ min: 1, max: 13 }),
  })
  .map(({ widths, flexible, foreign, wideFrom }) =>
    widths.map((width, index) =>
      columnOf(index + 1, {
        width,
        ...(index === flexible ? { isFlexible: true } : {}),
        ...(foreign[index] === true ? { maxWidth: 20 } : {}),
        ...(index >= wideFrom ? { isWide: true } : {}),
      }),
    ),
  );

function lineWidth(fitted: readonly FittedColumn<Row>[]): number {
  return fitted.reduce((sum, { width }) => sum + width + COLUMN_GAP, -COLUMN_GAP);
}

describe('fitColumns', () => {
  it('never is wider than it may be, and drops the least important first', () => {
    fc.assert(
      fc.property(
        columns,
        fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 12, maxLength: 12 }),
        fc.integer({ min: 1, max: 250 }),
        fc.boolean(),
        (all, texts, available, withWide) => {
          const natural = new Map(all.map(({ key }, index) => [key, texts[index] ?? 0]));
          const fitted = fitColumns(all, { natural, available, withWide });
          expect(fitted.length).toBeGreaterThan(0);
          expect(lineWidth(fitted)).toBeLessThanOrEqual(available);
          const wanted = all.filter(({ isWide }) => withWide || isWide !== true);
          expect(fitted.map(({ column }) => column)).toEqual(wanted.slice(0, fitted.length));
          if (fitted.length === 1) return;
          for (const { column, width } of fitted) {
            const mayBeCut = column.isFlexible === true || column.maxWidth !== undefined;
            if (!mayBeCut) expect(width).toBeGreaterThanOrEqual(natural.get(column.key) ?? 0);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('cuts nothing in a pipe', () => {
    const natural = new Map(TASK_COLUMNS.map(({ key }) => [key, 300]));
    const fitted = fitColumns(TASK_COLUMNS, { natural, available: Number.POSITIVE_INFINITY, withWide: true });
    expect(fitted).toHaveLength(TASK_COLUMNS.length);
    expect(fitted.every(({ width }) => width === 300)).toBe(true);
  });

  it("cuts a framework's long name before the task's", () => {
    const natural = new Map([
      ['task', 15],
      ['framework', 20],
      ['state', 7],
    ]);
    const fitted = fitColumns(TASK_COLUMNS, { natural, available: 78, withWide: false });
    const widths = Object.fromEntries(fitted.map(({ column, width }) => [column.key, width]));
    expect(widths.task).toBe(15);
    expect(widths.framework).toBe(9);
    expect(Object.keys(widths)).toContain('mem');
  });
});
