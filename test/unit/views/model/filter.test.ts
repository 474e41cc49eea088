import { describe, expect, it } from 'vitest';
import { COLUMNS_OF } from '../../../../src/views/columns/index.js';
import { columnsOf, searchTextOf } from '../../../../src/views/model/columns.js';
import { parseFilter } from '../../../../src/views/model/filter.js';
import type { TaskRow } from '../../../../src/views/model/rows.js';

const NOW = 10_000;
const row: TaskRow = {
  key: 'f1/web.11d0',
  severity: 'bad',
  note: 'exit 137',
  task: {
    framework_id: { value: 'f1' },
    task_id: { value: 'web.11d0' },
    state: 'TASK_FAILED',
    name: 'Web Front',
    role: 'web/front',
    since: NOW - 299,
    resources: { cpus: 2, mem_mb: 1024 },
    reason: 'REASON_CONTAINER_LIMITATION_MEMORY',
    healthy: false,
  },
  frameworkName: 'shop',
  hostname: 'node-17',
};
const columns = columnsOf('tasks');

function fits(filter: string, now = NOW): boolean {
  const parsed = parseFilter(filter, columns);
  expect(parsed.error).toBe('');
  return parsed.matches(row, () => searchTextOf(columns, row), now);
}

describe('parseFilter', () => {
  it.each([
    '',
    '   ',
    'WEB',
    'web node-17',
    '"web front"',
    '"web front" shop',
    'state=fail',
    'STATE=FAILED',
    'name="web front"',
    'host=node-1 framework=shop',
    'role=web/front',
    'framework_id==f1 task==web.11d0',
    'mem==1024',
    'reason=memory',
    'why=137',
    'severity=bad',
    '!queue',
    '!state=running',
    'state!=running',
    'cpu=2',
    'cpu!=3',
    'cpus>1.5 cpu<=2',
    'mem>=1G mem<1025M mem=1024',
    'memory>0.5gb',
    'age<5m',
    'since<300s',
    'age>4m50s',
    'age>=290',
    '!age>1h',
    '!',
    'state=',
    'cpu>',
    '"',
    'health=unhealthy',
  ])('%j fits', (filter) => {
    expect(fits(filter)).toBe(true);
  });

  it.each([
    'webb',
    'web node-18',
    '"front web"',
    '!web',
    'state=running',
    'framework_id==f task=web',
    // What only programs ask for is not looked at for words.
    'f1',
    '!state=failed',
    'state!=failed',
    'host=shop',
    'cpu>2',
    'cpu!=2',
    'mem>=2G',
    'age>5m',
    'age<290',
    '!age<5m',
    // Nothing to compare with: it has no address, and was never launched.
    'address=10',
    'launched<1h',
  ])('%j does not fit', (filter) => {
    expect(fits(filter)).toBe(false);
  });

  it.each([
    ['stat=running', 'no field "stat"; there are task name framework state'],
    ['problem=1', 'no field "problem"'],
    ['cpu>many', 'cpu> needs a number, not "many"'],
    ['cpu>10%', 'cpu> needs a number, not "10%"'],
    ['mem>2X', 'mem> needs a size such as 512M or 2G, not "2X"'],
    ['age<5parsecs', 'since< needs a time such as 30s, 5m or 2h, not "5parsecs"'],
    ['age=5m', 'since is a time: use since< or since>'],
    ['name>x', 'name is text: use name= or name!='],
  ])('%j says what is wrong and leaves it out', (filter, error) => {
    const parsed = parseFilter(`${filter} state=failed`, columns);
    expect(parsed.error).toContain(error);
    expect(parsed.matches(row, () => '', NOW)).toBe(true);
    expect(parseFilter(`${filter} state=running`, columns).matches(row, () => '', NOW)).toBe(false);
  });

  it('reads percentages of shares', () => {
    const shares = parseFilter('share>10%', columnsOf('frameworks'));
    const usage = { framework_id: { value: 'f' }, dominant_share: 0.12 };
    const framework = { framework_id: { value: 'f' }, state: 'ACTIVE' as const };
    const frameworkRow = {
      key: 'f',
      severity: 'normal' as const,
      note: '',
      framework,
      usage,
      oldestOfferAt: undefined,
    };
    expect(shares.matches(frameworkRow, () => '', NOW)).toBe(true);
    expect(parseFilter('share>12', columnsOf('frameworks')).matches(frameworkRow, () => '', NOW)).toBe(false);
  });

  it('knows when time alone turns its answer, and has turned it then', () => {
    const younger = parseFilter('age<5m', columns);
    expect(younger.isTimed).toBe(true);
    expect(younger.turnsAt(row, NOW)).toBe(NOW + 1);
    expect(fits('age<5m', NOW + 1)).toBe(false);
    expect(fits('age>5m', NOW + 1)).toBe(true);
    expect(younger.turnsAt(row, NOW + 1)).toBe(Number.POSITIVE_INFINITY);
    expect(parseFilter('age<10m age>5m', columns).turnsAt(row, NOW + 1)).toBe(NOW + 301);
    expect(parseFilter('web', columns).isTimed).toBe(false);
  });

  it('has a field for every column that tables print', () => {
    for (const table of ['agents', 'frameworks', 'offers', 'tasks', 'roles'] as const)
      for (const { key } of COLUMNS_OF[table])
        expect(parseFilter(`${key}!=1`, columnsOf(table)).error, `${table} ${key}`).not.toContain('no field');
  });
});
