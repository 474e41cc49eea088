import { expect, test } from 'vitest';
import { describeWaitStatus, isSuccess } from '../../../src/daemon/agent/core/tasks/wait-status.js';

test.each([
  [0, 'exited with status 0'],
  [10 << 8, 'exited with status 10'],
  [255 << 8, 'exited with status 255'],
  [9, 'terminated with signal Killed'],
  [15, 'terminated with signal Terminated'],
  [6 | 0x80, 'terminated with signal Aborted (core dumped)'],
  [31, 'terminated with signal Bad system call'],
  [35, 'terminated with signal Real-time signal 1'],
  [33, 'terminated with signal Unknown signal 33'],
  [(19 << 8) | 0x7f, 'stopped on signal Stopped (signal)'],
])('%i reads "%s"', (status, text) => {
  expect(describeWaitStatus(status)).toBe(text);
  expect(isSuccess(status)).toBe(status === 0);
});
