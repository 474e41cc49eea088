/** What each key of `top` does: on lists, in details, in the log, in prompts and questions. */
import { describe, expect, it } from 'vitest';
import { createClusterModel } from '../../../src/views/model/cluster-model.js';
import type { Wish } from '../../../src/views/tui/ui.js';
import type * as api from '../../../src/wire/gen/mesoctl-api.js';
import { Driver, logOf } from './driver.js';
import { frameworkId, infoOf, mockupModel, NOW_MS } from './mockup-cluster.js';

const NOW = NOW_MS / 1000;
const FAILED_KEY = `${frameworkId(1)}/web.11d0`;

/** A cluster of one framework with tasks `t.0` to `t.<count - 1>`, newest last. */
function tasksModel(count: number) {
  const model = createClusterModel();
  const info = { ...infoOf(), cluster_name: 'lab' };
  model.apply({ type: 'SUBSCRIBED', time: NOW, subscribed: { info, heartbeat_interval_seconds: 1 } }, NOW_MS);
  const tasks = Array.from({ length: count }, (_, index) => taskOf(index));
  model.apply({ type: 'SNAPSHOT', time: NOW, snapshot: { tasks } }, NOW_MS);
  model.apply({ type: 'SNAPSHOT_END', time: NOW }, NOW_MS);
  return model;
}

function taskOf(index: number, more: Partial<api.Task> = {}): api.Task {
  return {
    framework_id: { value: 'F' },
    task_id: { value: `t.${index}` },
    agent_id: { value: 'A' },
    state: 'TASK_RUNNING',
    since: NOW - 10_000 + index,
    resources: { cpus: (index * 7) % 10, mem_mb: 128 },
    ...more,
  };
}

function update(driver: Driver, ...tasks: readonly api.Task[]): void {
  driver.model.apply({ type: 'TASKS_UPDATED', time: NOW, tasks_updated: [...tasks] }, driver.nowMs);
}

function remove(driver: Driver, index: number): void {
  const key = { framework_id: { value: 'F' }, task_id: { value: `t.${index}` } };
  driver.model.apply({ type: 'TASKS_REMOVED', time: NOW, tasks_removed: [key] }, driver.nowMs);
}

/** The ids in the rows of a frame. */
function shownIds(driver: Driver): readonly string[] {
  return driver.frame().flatMap((line) => /^..(t\.\d+) /.exec(line)?.[1] ?? []);
}

function selectedId(driver: Driver): string | undefined {
  return /^..(\S+)/.exec(driver.selected)?.[1];
}

describe('navigation', () => {
  it.each([
    ['1', '[1]Overview'],
    ['2', '[2]Agents'],
    ['3', '[3]Frameworks'],
    ['4', '[4]Offers'],
    ['5', '[5]Tasks'],
    ['6', '[6]Roles'],
    ['7', '[7]Events'],
    ['tab', '[2]Agents'],
    ['tab tab', '[3]Frameworks'],
    ['shift-tab', '[7]Events'],
    [': t a s k s enter', '[5]Tasks'],
    [': r o l enter', '[6]Roles'],
    ['5 enter 3', '[3]Frameworks'],
    ['5 enter escape', '[5]Tasks'],
    ['5 enter h', '[5]Tasks'],
    ['5 enter backspace', '[5]Tasks'],
    ['5 enter w escape escape', '[5]Tasks'],
  ])('%s leads to %s', (keys, tab) => {
    expect(new Driver(mockupModel()).press(keys).frame()[1]).toContain(tab);
  });

  it.each([
    ['5 enter', 'prod > shop > web.11d0'],
    ['2 enter', 'prod > agents > node-09'],
    ['3 enter', 'prod > frameworks > jobs'],
    ['6 enter', 'prod > roles > web'],
    ['4 enter', 'prod > offers > O709'],
    ['7 enter', 'prod > shop > web.11d0'],
    ['enter enter', 'prod > frameworks > jobs'],
    ['j enter', 'prod > roles > web'],
    ['j right enter', 'prod > frameworks > spark'],
    ['3 enter escape 3 j enter', 'prod > frameworks > svc-9'],
    ['3 enter enter', 'prod > jobs > job.'],
    [': a g e n t space 1 7 enter', 'prod > agents > node-17'],
    [': S 1 7 enter', 'prod > agents > node-17'],
    [': t a s k space e t l . 4 4 enter', 'prod > spark > etl.44'],
    [': e t l . 4 4 enter', 'prod > spark > etl.44'],
    [': f r a m e w o r k space c i enter', 'prod > frameworks > ci'],
    [': a g e n t space n o d e - 0 tab tab enter', 'prod > agents > node-02'],
  ])('%s opens %s', (keys, crumbs) => {
    expect(new Driver(mockupModel()).press(keys).frame()[0]).toContain(crumbs);
  });

  it('never guesses between several that fit', () => {
    const driver = new Driver(mockupModel()).press(':').type('task web.9').press('enter');
    expect(driver.status).toMatch(/fit as well: Tab chooses/);
    expect(driver.frame()[1]).toContain('[1]Overview');
  });

  it('says that nothing fits', () => {
    expect(new Driver(mockupModel()).press(':').type('task zebra').press('enter').status).toContain(
      'Nothing fits "task zebra"',
    );
  });
});

describe('quitting', () => {
  it.each([
    ['q'],
    ['ctrl-c'],
    ['5 enter q'],
    ['5 ? q'],
    ['5 s q'],
    ['3 x q'],
    ['5 / ctrl-c'],
    [': ctrl-c'],
    ['3 x ctrl-c'],
  ])('%s quits', (keys) => {
    expect(new Driver(mockupModel()).press(keys).wishes.at(-1)).toEqual({ kind: 'quit' });
  });

  it.each([['5 / q'], [': q'], ['paste:q'], ['5 paste:q']])('%s does not', (keys) => {
    expect(new Driver(mockupModel()).press(keys).wishes).toEqual([]);
  });

  it('suspends from anywhere', () => {
    expect(new Driver(mockupModel()).press('5 / ctrl-z').wishes).toEqual([{ kind: 'suspend' }]);
  });
});

describe('lists', () => {
  it.each([
    ['', 't.99'],
    ['j', 't.98'],
    ['down down', 't.97'],
    ['j j k', 't.98'],
    ['page-down', 't.83'],
    ['ctrl-d', 't.91'],
    ['page-down ctrl-u', 't.91'],
    ['G', 't.0'],
    ['end k', 't.1'],
    ['G g', 't.99'],
    ['G home', 't.99'],
    ['k', 't.99'],
    ['G j', 't.0'],
  ])('%s selects', (keys, id) => {
    expect(selectedId(new Driver(tasksModel(100)).press(`5 ${keys}`))).toBe(id);
  });

  it('keeps the selected row on its line while others come and go', () => {
    const driver = new Driver(tasksModel(100)).press('5 j j j page-down');
    const line = driver.frame().indexOf(driver.selected);
    const id = selectedId(driver);
    driver.wait(5000);
    update(driver, ...Array.from({ length: 50 }, (_, index) => taskOf(1000 + index, { since: NOW - 5 })));
    driver.wait(5000);
    expect(selectedId(driver)).toBe(id);
    expect(driver.frame().indexOf(driver.selected)).toBe(line);
  });

  it('lets nothing move for two seconds after a key', () => {
    const driver = new Driver(tasksModel(30)).press('5 j');
    const before = shownIds(driver);
    update(driver, taskOf(77, { state: 'TASK_FAILED', since: NOW }));
    driver.wait(1900);
    expect(shownIds(driver)).toEqual(before);
    driver.wait(200);
    expect(shownIds(driver)[0]).toBe('t.77');
    expect(selectedId(driver)).toBe('t.28');
  });

  it('shows what comes first as long as nothing was selected', () => {
    const driver = new Driver(tasksModel(30)).press('5');
    update(driver, taskOf(77, { state: 'TASK_FAILED', since: NOW }));
    expect(selectedId(driver)).toBe('t.77');
  });

  it('keeps the place of a row that is no more, and says so', () => {
    const driver = new Driver(tasksModel(100)).press('5 j j').wait(3000);
    remove(driver, 97);
    expect(driver.selected).toMatch(/t\.97.*ended/);
    expect(driver.status).toContain('t.97 has ended');
    expect(shownIds(driver).slice(0, 4)).toEqual(['t.99', 't.98', 't.97', 't.96']);
    expect(driver.press('x').text()).not.toContain('[y/N]');
    expect(selectedId(driver.press('j'))).toBe('t.96');
  });

  it('keeps the selection when the list is sorted and when the cluster is told anew', () => {
    const driver = new Driver(tasksModel(100)).press('5 j j j');
    driver.press('S').wait(3000);
    expect(selectedId(driver)).toBe('t.96');
    const subscribed = { info: infoOf(15, 'm3'), heartbeat_interval_seconds: 1 };
    driver.model.apply({ type: 'SUBSCRIBED', time: NOW, subscribed }, driver.nowMs);
    const tasks = Array.from({ length: 100 }, (_, index) => taskOf(index));
    driver.model.apply({ type: 'SNAPSHOT', time: NOW, snapshot: { tasks } }, driver.nowMs);
    driver.model.apply({ type: 'SNAPSHOT_END', time: NOW }, driver.nowMs);
    expect(selectedId(driver.wait(10))).toBe('t.96');
  });

  it('keeps the selection in view when the terminal shrinks', () => {
    const driver = new Driver(tasksModel(100)).press('5 page-down').wait(3000);
    const id = selectedId(driver);
    driver.ui.resize(60, 12);
    expect(selectedId(driver)).toBe(id);
    driver.ui.resize(120, 40);
    expect(selectedId(driver)).toBe(id);
  });

  it('comes back to a screen as it was left', () => {
    const driver = new Driver(tasksModel(100)).press('5 page-down 2 5');
    expect(selectedId(driver)).toBe('t.83');
  });

  it('sorts by the menu, turns round by the same column again', () => {
    const driver = new Driver(tasksModel(10)).press('5 s').press('down '.repeat(5)).press('enter').wait(3000);
    expect(driver.status).toContain('sort: cpu down');
    expect(shownIds(driver)[0]).toBe('t.7');
    driver.press('s enter').wait(3000);
    expect(driver.status).toContain('sort: cpu up');
    expect(shownIds(driver)[0]).toBe('t.0');
    expect(driver.press('S').status).toContain('sort: cpu down');
  });

  it('filters as one types; Enter keeps, Esc clears', () => {
    const driver = new Driver(tasksModel(100)).press('5 /').type('t.5');
    expect(shownIds(driver)).toHaveLength(11);
    expect(driver.press('backspace').status).toContain('filter: t.');
    driver.type('7').press('enter');
    expect(shownIds(driver)).toEqual(
      ['t.7', 't.70', 't.71', 't.72', 't.73', 't.74', 't.75', 't.76', 't.77', 't.78', 't.79'].reverse(),
    );
    expect(driver.status).toContain('filter: t.7');
    expect(driver.press('escape').status).toContain('filter: -');
    expect(driver.press('/').type('zebra').press('escape').status).toContain('filter: -');
  });

  it('takes a paste into the filter as text', () => {
    const driver = new Driver(tasksModel(100)).press('5 / paste:t.1x\nq');
    expect(driver.status).toBe('filter: t.1x q');
    expect(driver.wishes).toEqual([]);
  });

  it('says what is wrong with a filter', () => {
    expect(new Driver(tasksModel(3)).press('5 /').type('cpu>many').status).toContain('cpu> needs a number');
  });

  it('stands still while paused, and goes on', () => {
    const driver = new Driver(tasksModel(30)).press('5 p');
    const before = shownIds(driver);
    update(driver, taskOf(77, { state: 'TASK_FAILED', since: NOW }));
    driver.wait(60_000);
    expect(shownIds(driver)).toEqual(before);
    expect(driver.frame()[0]).toContain('~ paused');
    expect(shownIds(driver.press('p'))[0]).toBe('t.77');
  });
});

describe('what belongs to a thing', () => {
  it('lists the tasks of one agent, not of those whose id begins the same', () => {
    const driver = new Driver(mockupModel()).press(':').type('agent S20').press('enter tab');
    expect(driver.text()).toContain('node-20');
    expect(driver.frame().some((line) => /node-(2\d\d|20\d)/.test(line))).toBe(false);
  });

  it('lists the offers of one framework', () => {
    const driver = new Driver(mockupModel()).press('3 o');
    expect(driver.frame()[1]).toContain('[Offers]');
    expect(driver.text()).toContain('Offers 60');
  });
});

describe('killing', () => {
  const kill = (id: string): Wish => ({ kind: 'kill-task', frameworkId: 'F', taskId: id });

  it('asks, and names cluster and task', () => {
    const driver = new Driver(tasksModel(3)).press('5 x');
    expect(driver.wishes).toEqual([]);
    expect(driver.text()).toContain('Kill t.2 on lab?');
    expect(driver.press('y').wishes).toEqual([kill('t.2')]);
    driver.ui.onActionDone({ ok: true, text: 't.2 is being killed' });
    expect(driver.status).toBe('t.2 is being killed');
  });

  it.each(['n', 'N', 'enter', 'escape', 'paste:y', 'yy', 'space', 'j'])('does nothing by %s', (key) => {
    expect(new Driver(tasksModel(3)).press(`5 x ${key}`).wishes).toEqual([]);
  });

  it('kills what is marked, after its list', () => {
    const driver = new Driver(tasksModel(30)).press(`5 ${'space j '.repeat(12)}x`);
    expect(driver.text()).toContain('Kill 12 tasks on lab?');
    expect(driver.text()).toContain('and 2 more');
    expect(driver.press('y').wishes).toHaveLength(12);
    expect(driver.text()).not.toContain('marked');
  });

  it('leaves out what has ended since it was marked', () => {
    const driver = new Driver(tasksModel(5)).press('5 space j space');
    update(driver, taskOf(4, { state: 'TASK_FINISHED', place: 'COMPLETED' }));
    expect(driver.press('x').text()).toContain('1 of the marked has ended already.');
    expect(driver.press('y').wishes).toEqual([kill('t.3')]);
  });

  it('tears a framework down after naming what that hits', () => {
    const driver = new Driver(mockupModel()).press('3 x');
    expect(driver.text()).toContain('Tear down jobs with 618 tasks on prod?');
    expect(driver.press('y').wishes).toEqual([{ kind: 'teardown-framework', frameworkId: frameworkId(7) }]);
  });

  it('does nothing while stale, and says why; also if that begins while it asks', () => {
    const lose = (driver: Driver) =>
      driver.model.disconnected({ reason: 'm2 refused', retryAtUnixMs: NOW_MS + 4000 }, driver.nowMs);
    const before = new Driver(tasksModel(3)).press('5');
    lose(before);
    expect(before.press('x').status).toContain('Not while stale');
    expect(before.frame().at(-1)).not.toContain('x kill');
    expect(before.press('r').wishes).toEqual([{ kind: 'reconnect' }]);
    const during = new Driver(tasksModel(3)).press('5 x');
    lose(during);
    expect(during.press('y').wishes).toEqual([]);
    expect(during.status).toContain('Not while stale');
  });

  it('says why it may not be done at all', () => {
    const driver = new Driver(tasksModel(3), { readonlyReason: 'The context is read-only.' }).press('5 x');
    expect(driver.status).toBe('! The context is read-only.');
    expect(driver.frame().at(-1)).not.toContain('x kill');
  });
});

describe('a task', () => {
  const follow = (file: 'stdout' | 'stderr'): Wish => ({ kind: 'follow-log', taskKey: FAILED_KEY, file });

  it('asks for its facts and for the end of its log, and lets go when it is left', () => {
    const driver = new Driver(mockupModel()).press('5 enter');
    expect(driver.takeWishes()).toEqual([{ kind: 'fetch-detail', table: 'tasks', key: FAILED_KEY }, follow('stderr')]);
    expect(driver.press('s').takeWishes()).toEqual([follow('stdout')]);
    expect(driver.press('escape').takeWishes()).toEqual([{ kind: 'stop-log' }]);
  });

  it('follows the log, stands still when scrolled up, counts what came', () => {
    const driver = new Driver(mockupModel()).press('5 l');
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index + 1}`);
    driver.ui.onLog(logOf(FAILED_KEY, lines));
    expect(driver.text()).toContain('line 100\n');
    driver.press('k k');
    expect(driver.text()).toContain('stderr, paused');
    driver.ui.onLog(logOf(FAILED_KEY, [...lines, 'line 101', 'line 102', 'line 103']));
    const text = driver.text();
    expect(text).toContain('line 98 of 103');
    expect(text).toContain('+3 new');
    expect(text).not.toContain('line 99\n');
    expect(driver.press('G').text()).toContain('line 103\n');
    expect(driver.press('g').text()).toContain('\nline 1\n');
  });

  it('keeps its place when the ring forgets', () => {
    const driver = new Driver(mockupModel()).press('5 l');
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index + 1}`);
    driver.ui.onLog(logOf(FAILED_KEY, lines));
    driver.press('k k k');
    driver.ui.onLog(logOf(FAILED_KEY, lines.slice(60), { firstLine: 61, version: 2 }));
    expect(driver.text()).toContain('line 97 of 100');
    driver.ui.onLog(logOf(FAILED_KEY, ['new a', 'new b'], { firstLine: 500, version: 3 }));
    expect(driver.text()).toContain('new a\nnew b');
  });

  it('filters, marks instead, and finds the next', () => {
    const driver = new Driver(mockupModel()).press('5 l');
    const lines = Array.from({ length: 100 }, (_, index) => (index % 30 === 0 ? `WARN ${index}` : `info ${index}`));
    driver.ui.onLog(logOf(FAILED_KEY, lines));
    driver.press('/').type('warn').press('enter');
    expect(driver.text()).toContain('WARN 0\nWARN 30\nWARN 60\nWARN 90\n');
    expect(driver.press('&').text()).toContain('info 99');
    expect(driver.press('N').text()).toMatch(/WARN 90\n +line 91 of 100/);
    expect(driver.press('escape').text()).not.toContain('find:');
  });

  it('wraps visible lines, moves aside by half a screen', () => {
    const driver = new Driver(mockupModel()).press('5 l');
    driver.ui.onLog(logOf(FAILED_KEY, [`${'a'.repeat(79)}b${'Z'.repeat(40)}`]));
    expect(driver.text()).not.toContain('Z');
    expect(driver.press('W').text()).toContain(`b\n${'Z'.repeat(40)}\n`);
    expect(driver.press('W right').text()).toContain(`\n${'a'.repeat(39)}b${'Z'.repeat(40)}\n`);
    expect(driver.press('left').text()).toContain('a'.repeat(79));
  });

  it('saves what is here', () => {
    const driver = new Driver(mockupModel()).press('5 l');
    expect(driver.press('o').status).toBe('There is nothing to save.');
    driver.takeWishes();
    driver.ui.onLog(logOf(FAILED_KEY, ['one', 'two']));
    expect(driver.press('o').takeWishes()).toEqual([{ kind: 'save-log', taskKey: FAILED_KEY, lines: ['one', 'two'] }]);
  });

  it('tells why an answer failed', () => {
    const driver = new Driver(mockupModel()).press('5 enter');
    driver.ui.onDetail('tasks', FAILED_KEY, { kind: 'failed', reason: 'no master answers' });
    expect(driver.status).toBe('! details: no master answers');
  });
});

describe('other keys', () => {
  it.each([
    ['1 y', 'mesoctl master show'],
    ['2 y', 'mesoctl agent show S9'],
    ['3 y', 'mesoctl framework show 0007'],
    ['4 y', 'mesoctl offer list'],
    ['5 y', 'mesoctl task show web.11d0'],
    ['5 l y', 'mesoctl task logs -f --stderr web.11d0'],
    ['6 y', 'mesoctl role list'],
    ['7 y', 'mesoctl events'],
  ])('%s copies %s', (keys, text) => {
    const driver = new Driver(mockupModel()).press(keys);
    expect(driver.wishes.at(-1)).toEqual({ kind: 'copy', text });
    expect(driver.status).toBe(`Copied: ${text}`);
  });

  it('copies commands that ask the same masters as the screen', () => {
    const driver = new Driver(mockupModel(), { masterFlag: 'm1:5050,m2:5050' }).press('5 y');
    expect(driver.wishes.at(-1)).toEqual({
      kind: 'copy',
      text: 'mesoctl task show web.11d0 --master m1:5050,m2:5050',
    });
  });

  it('asks why, shows the answer, ignores one that is about something else', () => {
    const driver = new Driver(mockupModel()).press('6 w');
    expect(driver.wishes).toEqual([{ kind: 'fetch-why', table: 'roles', key: 'web' }]);
    driver.ui.onWhy('roles', 'dev', ['about another']);
    expect(driver.text()).toContain('Asking the master.');
    driver.ui.onWhy('roles', 'web', ['web is starved']);
    expect(driver.text()).toContain('  web is starved\n');
  });

  it('shows ids in full', () => {
    expect(new Driver(mockupModel()).press('5 i').text()).toContain(`framework  ${frameworkId(1)}`);
  });

  it('helps with the keys of this screen', () => {
    const text = new Driver(mockupModel(), { rows: 50 }).press('5 ?').text();
    expect(text).toContain('Space         mark');
    expect(text).toContain('q Ctrl-C      quit');
    expect(new Driver(mockupModel(), { rows: 50 }).press('2 ?').text()).not.toContain('Space         mark');
  });

  it('has a message for eight seconds, or until the next key', () => {
    const driver = new Driver(mockupModel()).press('5 y');
    expect(driver.wait(7000).status).toContain('Copied');
    expect(driver.wait(2000).status).toContain('sort:');
    expect(driver.press('y j').status).toContain('sort:');
  });

  it('turns mouse reports on and off', () => {
    expect(new Driver(mockupModel()).press('m m').wishes).toEqual([
      { kind: 'mouse', on: true },
      { kind: 'mouse', on: false },
    ]);
  });

  it('is dirty after a change, a key or an answer, and clean after a frame', () => {
    const driver = new Driver(tasksModel(3));
    expect(driver.ui.isDirty).toBe(false);
    update(driver, taskOf(9));
    expect(driver.ui.isDirty).toBe(true);
    driver.frame();
    expect(driver.ui.isDirty).toBe(false);
    driver.ui.onActionDone({ ok: true, text: 'done' });
    expect(driver.ui.isDirty).toBe(true);
  });
});
