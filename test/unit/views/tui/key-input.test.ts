import { describe, expect, it } from 'vitest';
import { KeyInput, type KeyPress } from '../../../../src/views/tui/key-input.js';
import { repaintAt } from '../../../../src/views/tui/repaint-pace.js';
import { ManualSchedule } from './manual-schedule.js';

function open() {
  const schedule = new ManualSchedule();
  const presses: KeyPress[] = [];
  const input = new KeyInput(schedule, (press) => presses.push(press));
  return { schedule, presses, type: (text: string) => input.push(Buffer.from(text)) };
}

describe('KeyInput', () => {
  it('waits a little to tell Escape from the beginning of a sequence', () => {
    const { schedule, presses, type } = open();
    type('\u001b');
    schedule.advance(20);
    expect(presses).toEqual([]);
    type('[A');
    expect(presses.map(({ key }) => key)).toEqual([{ kind: 'named', name: 'up' }]);
    type('\u001b');
    schedule.advance(60);
    expect(presses.at(-1)?.key).toEqual({ kind: 'named', name: 'escape' });
  });

  it('works again when the end of a paste never comes', () => {
    const { schedule, presses, type } = open();
    type('\u001b[200~rm -rf');
    schedule.advance(500);
    expect(presses).toEqual([]);
    schedule.advance(600);
    type('q');
    expect(presses.map(({ key }) => key)).toEqual([
      { kind: 'text', text: 'rm -rf', pasted: true },
      { kind: 'text', text: 'q', pasted: false },
    ]);
  });

  it('tells a key that is held from keys that are pressed', () => {
    const { schedule, presses, type } = open();
    for (let i = 0; i < 3; i++) {
      type('j');
      schedule.advance(33);
    }
    type('k');
    schedule.advance(200);
    type('k');
    expect(presses.map(({ isRepeat }) => isRepeat)).toEqual([false, true, true, false, false]);
  });
});

describe('repaintAt', () => {
  const calm = { changesPerSecond: 3, stalledMs: 0 };
  const flood = { changesPerSecond: 1000, stalledMs: 0 };
  const slow = { changesPerSecond: 3, stalledMs: 400 };

  it.each([
    ['key', calm, 1000],
    ['key', flood, 1000],
    ['tick', slow, 1000],
    ['change', calm, 1240],
    ['change', flood, Number.POSITIVE_INFINITY],
    ['change', slow, Number.POSITIVE_INFINITY],
    ['repeat', calm, 990 + 1000 / 15],
  ] as const)('%s under %o', (reason, load, at) => {
    expect(repaintAt(reason, 990, 1000, load)).toBe(at);
  });

  it('never plans for the past', () => {
    expect(repaintAt('change', 0, 5000, calm)).toBe(5000);
  });
});
