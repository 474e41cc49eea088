import { describe, expect, it } from 'vitest';
import { Painter } from '../../../../src/views/tui/painter.js';
import { ManualSchedule } from './manual-schedule.js';

/** A terminal that takes what it gets when the test lets it. */
class SlowTarget {
  isSlow = false;
  readonly written: string[] = [];
  readonly waiting: (() => void)[] = [];

  get isDrained(): boolean {
    return !this.isSlow;
  }

  write(text: string): void {
    this.written.push(text);
  }

  onDrained(run: () => void): void {
    this.waiting.push(run);
  }

  drain(): void {
    this.isSlow = false;
    for (const run of this.waiting.splice(0)) run();
  }
}

function open() {
  const schedule = new ManualSchedule();
  const target = new SlowTarget();
  return { schedule, target, painter: new Painter(target, schedule) };
}

describe('Painter', () => {
  it('paints the first frame whole and at once, then differences, at most one in 33 ms', () => {
    const { schedule, target, painter } = open();
    painter.show(['a', 'b']);
    expect(target.written).toHaveLength(1);
    expect(target.written[0]).toContain('\u001b[2J');
    for (let i = 0; i < 10; i++) {
      painter.show(['a', `b${i}`]);
      schedule.advance(3);
    }
    expect(target.written).toHaveLength(1);
    schedule.advance(33);
    expect(target.written).toHaveLength(2);
    expect(target.written[1]).toContain('b9');
    expect(target.written[1]).not.toContain('\u001b[1;1H');
  });

  it('paints at once when the last paint is long ago', () => {
    const { schedule, target, painter } = open();
    painter.show(['a']);
    schedule.advance(1000);
    painter.show(['b']);
    expect(target.written).toHaveLength(2);
  });

  it('does not let the answer to a key wait', () => {
    const { schedule, target, painter } = open();
    painter.show(['a']);
    schedule.advance(3);
    painter.show(['b']);
    painter.hurry();
    painter.show(['c']);
    expect(target.written).toHaveLength(2);
    expect(target.written[1]).toContain('c');
    schedule.advance(100);
    expect(target.written).toHaveLength(2);
  });

  it('keeps only the newest frame while the terminal does not read', () => {
    const { schedule, target, painter } = open();
    painter.show(['a']);
    target.isSlow = true;
    for (let i = 0; i < 100; i++) {
      schedule.advance(100);
      painter.show([`frame ${i}`]);
    }
    expect(target.written).toHaveLength(1);
    expect(target.waiting).toHaveLength(1);
    target.drain();
    expect(target.written).toHaveLength(2);
    expect(target.written[1]).toContain('frame 99');
  });

  it('paints whole after it was told to forget, and not at all while it is paused', () => {
    const { schedule, target, painter } = open();
    painter.show(['a', 'b']);
    schedule.advance(100);
    painter.pause();
    painter.show(['a', 'c']);
    schedule.advance(100);
    expect(target.written).toHaveLength(1);
    painter.resume();
    expect(target.written).toHaveLength(2);
    expect(target.written[1]).toContain('\u001b[2J');
    expect(target.written[1]).toContain('\u001b[1;1H');
  });
});
