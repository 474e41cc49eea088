/**
 * What a TaskStatus says about the end of a task. The API has no field for the exit status: agents write it into `message`,
 * in words that have not changed in the life of Mesos (spec page 14), and this is the one place that reads them. Pure.
 */
import type * as mesos from '../wire/gen/mesos.js';

/** How the task's process ended; undefined where the status does not tell. */
export type ProcessEnd =
  | { readonly kind: 'exited'; readonly exitStatus: number }
  | { readonly kind: 'signaled'; readonly signal: number };

/** The names that strsignal(3) of glibc gives; real-time signals have a number in theirs. */
const SIGNAL_OF_NAME: Readonly<Record<string, number>> = {
  Hangup: 1,
  Interrupt: 2,
  Quit: 3,
  'Illegal instruction': 4,
  'Trace/breakpoint trap': 5,
  Aborted: 6,
  'Bus error': 7,
  'Floating point exception': 8,
  Killed: 9,
  'User defined signal 1': 10,
  'Segmentation fault': 11,
  'User defined signal 2': 12,
  'Broken pipe': 13,
  'Alarm clock': 14,
  Terminated: 15,
  'Stack fault': 16,
  'Child exited': 17,
  Continued: 18,
  'Stopped (signal)': 19,
  Stopped: 20,
  'Stopped (tty input)': 21,
  'Stopped (tty output)': 22,
  'Urgent I/O condition': 23,
  'CPU time limit exceeded': 24,
  'File size limit exceeded': 25,
  'Virtual timer expired': 26,
  'Profiling timer expired': 27,
  'Window changed': 28,
  'I/O possible': 29,
  'Power failure': 30,
  'Bad system call': 31,
};

export function findProcessEnd({ message }: Pick<mesos.TaskStatus, 'message'>): ProcessEnd | undefined {
  if (message === undefined) return undefined;
  const exited = /\bexited with status (\d{1,3})\b/.exec(message)?.[1];
  if (exited !== undefined) return { kind: 'exited', exitStatus: Number(exited) };
  const name = /\bterminated with signal (.+?)(?: \(core dumped\))?(?:[;.]|$)/m.exec(message)?.[1]?.trim();
  if (name === undefined) return undefined;
  const number = SIGNAL_OF_NAME[name] ?? numberedSignal(name);
  return number === undefined ? undefined : { kind: 'signaled', signal: number };
}

/** The first real-time signal that programs can use. */
const SIGRTMIN = 34;

function numberedSignal(name: string): number | undefined {
  const match = /^(Real-time|Unknown) signal (\d+)$/.exec(name);
  if (match === null) return undefined;
  return Number(match[2]) + (match[1] === 'Real-time' ? SIGRTMIN : 0);
}
