/** What a raw wait(2) status says, in the words of Mesos (spec page 14, section 14.1; signal texts as in glibc). */

const SIGNAL_TEXTS: readonly string[] = [
  'Unknown signal 0',
  'Hangup',
  'Interrupt',
  'Quit',
  'Illegal instruction',
  'Trace/breakpoint trap',
  'Aborted',
  'Bus error',
  'Floating point exception',
  'Killed',
  'User defined signal 1',
  'Segmentation fault',
  'User defined signal 2',
  'Broken pipe',
  'Alarm clock',
  'Terminated',
  'Stack fault',
  'Child exited',
  'Continued',
  'Stopped (signal)',
  'Stopped',
  'Stopped (tty input)',
  'Stopped (tty output)',
  'Urgent I/O condition',
  'CPU time limit exceeded',
  'File size limit exceeded',
  'Virtual timer expired',
  'Profiling timer expired',
  'Window changed',
  'I/O possible',
  'Power failure',
  'Bad system call',
];
const FIRST_REAL_TIME_SIGNAL = 34;

/** Whether the process ended by itself with code 0. */
export function isSuccess(waitStatus: number): boolean {
  return waitStatus === 0;
}

/** "exited with status 3", "terminated with signal Killed", with " (core dumped)" where it was. */
export function describeWaitStatus(waitStatus: number): string {
  const signal = waitStatus & 0x7f;
  if (signal === 0) return `exited with status ${(waitStatus >> 8) & 0xff}`;
  if (signal === 0x7f) return `stopped on signal ${signalText((waitStatus >> 8) & 0xff)}`;
  return `terminated with signal ${signalText(signal)}${(waitStatus & 0x80) === 0 ? '' : ' (core dumped)'}`;
}

function signalText(signal: number): string {
  const known = SIGNAL_TEXTS[signal];
  if (known !== undefined) return known;
  return signal >= FIRST_REAL_TIME_SIGNAL
    ? `Real-time signal ${signal - FIRST_REAL_TIME_SIGNAL}`
    : `Unknown signal ${signal}`;
}
