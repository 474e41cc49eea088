import { expect, test } from 'vitest';
import { Channels } from '../../../src/daemon/link/channels.js';

test('sequences run per channel and direction, from 1, without gaps', () => {
  const channels = new Channels();
  expect(channels.receive(1, 1)).toBe('deliver');
  expect(channels.receive(1, 2)).toBe('deliver');
  expect(channels.receive(2, 1)).toBe('deliver');
  expect(channels.receive(1, 2)).toBe('gap');
  expect(channels.receive(1, 4)).toBe('gap');
  expect(channels.receive(3, 2)).toBe('gap');
  expect(channels.nextSent(1)).toBe(1);
  expect(channels.nextSent(1)).toBe(2);
  expect(channels.nextSent(2)).toBe(1);
});

test('a closed channel drops what is under way, sends nothing and never opens again', () => {
  const channels = new Channels();
  channels.receive(1, 1);
  channels.receive(2, 1);
  expect(channels.openCount).toBe(2);
  expect(channels.close(1)).toBe(true);
  expect(channels.close(1)).toBe(false);
  expect(channels.close(9)).toBe(false);
  expect(channels.openCount).toBe(1);
  expect(channels.receive(1, 2)).toBe('drop');
  expect(channels.receive(1, 4)).toBe('gap');
  expect(channels.nextSent(1)).toBeUndefined();
});
