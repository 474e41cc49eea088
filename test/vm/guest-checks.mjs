// What the cases of the guest share: limits of the emulated machine, checks, and looking into cgroups.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { findProcesses, until } from '../harness/process.mjs';

export const MIB = 1024 ** 2;
/** pids.max of every container of the suite. */
export const PIDS_LIMIT = 150;
/** The emulated machine is ten to twenty times slower than the real one, which may be busy as well. */
export const SLOW_MS = 150_000;
const MEASURE_MS = 5000;

/** Commands that misbehave, each in its own way. */
export const HOGS = {
  cpu: 'while :; do :; done',
  memory: 'exec tail /dev/zero',
  /** Goes on until the file `stop` exists. The first shell forks only once: its own end needs no fork that is refused. */
  forks: (stop) => `(bomb() { bomb & bomb & wait; }; bomb) 2>/dev/null & while [ ! -e ${stop} ]; do :; done; exit 42`,
  stubborn: [
    'trap "" TERM INT HUP',
    'setsid sh -c \'trap "" TERM; sleep 20001 & sleep 20002 & wait\' &',
    '(setsid sh -c "(sleep 20003 &) ; exec sleep 20004" &)',
    'sleep 20005 &',
    'while :; do sleep 1; done',
  ].join('\n'),
};
/** Processes of HOGS.stubborn that must be seen before it is killed. */
const STUBBORN_SLEEPS = [20001, 20002, 20003, 20004, 20005];

/** Requests and limits with what the files of the cgroup must say; bytes of memory in MB, undefined: max. */
export const FORMULAS = [
  { cpus: 0.25, mem: 100, expect: { weight: '25', max: 'max 100000', low: 100, high: 100 } },
  { cpus: 0.001, mem: 1, expect: { weight: '1', max: 'max 100000', low: 32, high: 32 } },
  {
    cpus: 0.1,
    mem: 40,
    limits: { cpus: 1.5, mem: 256 },
    expect: { weight: '10', max: '150000 100000', low: 40, high: 256 },
  },
  {
    cpus: 2,
    mem: 64,
    limits: { cpus: Number.POSITIVE_INFINITY, mem: Number.POSITIVE_INFINITY },
    expect: { weight: '200', max: 'max 100000', low: 64, high: undefined },
  },
];

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

export function checkEqual(actual, expected, what) {
  check(actual === expected, `${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

export function read(cgroup, file) {
  return readFileSync(`${cgroup}/${file}`, 'utf8').trim();
}

/** One counter of a file such as cpu.stat. */
export function counter(cgroup, file, name) {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(read(cgroup, file))?.[1]);
}

/** Cores that a cgroup got over a few seconds. */
export async function measureCpus(cgroup) {
  const usec = counter(cgroup, 'cpu.stat', 'usage_usec');
  const started = performance.now();
  await new Promise((resolve) => setTimeout(resolve, MEASURE_MS));
  return (counter(cgroup, 'cpu.stat', 'usage_usec') - usec) / 1000 / (performance.now() - started);
}

/** Waits until the fork bomb hit its limit, then lets its first shell end; the most processes that were seen at once. */
export async function watchBomb(cgroup, stop) {
  let most = 0;
  await until(
    'the bomb hits its limit',
    () => {
      check(existsSync(cgroup), 'the bomb ended before it hit its limit');
      most = Math.max(most, Number(read(cgroup, 'pids.current')));
      return counter(cgroup, 'pids.events', 'max') > 0;
    },
    { deadlineMs: SLOW_MS },
  );
  check(most <= PIDS_LIMIT, `${most} processes, more than ${PIDS_LIMIT}`);
  writeFileSync(stop, '');
  return most;
}

/** Waits until everything that HOGS.stubborn starts is there. */
export async function stubbornRuns(cgroup) {
  const commands = () =>
    read(cgroup, 'cgroup.procs')
      .split('\n')
      .map((pid) => readOrEmpty(`/proc/${pid}/cmdline`));
  await until('all of them run', () => STUBBORN_SLEEPS.every((seconds) => commands().includes(`sleep\0${seconds}\0`)), {
    deadlineMs: SLOW_MS,
    explain: () => commands().join('\n'),
  });
}

function readOrEmpty(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Nothing of the container is left: no process that names it, no cgroup. */
export async function checkGone({ containerId, cgroup }) {
  await until(
    `nothing of ${containerId} is left`,
    () => findProcesses(containerId).length === 0 && !existsSync(cgroup),
    {
      deadlineMs: SLOW_MS,
      explain: () => `processes ${findProcesses(containerId)}, cgroup ${existsSync(cgroup)}`,
    },
  );
}

export function checkFormulas(cgroup, { expect, ...request }) {
  const what = JSON.stringify(request);
  checkEqual(read(cgroup, 'cpu.weight'), expect.weight, `cpu.weight of ${what}`);
  checkEqual(read(cgroup, 'cpu.max'), expect.max, `cpu.max of ${what}`);
  checkEqual(read(cgroup, 'memory.low'), String(expect.low * MIB), `memory.low of ${what}`);
  const high = expect.high === undefined ? 'max' : String(expect.high * MIB);
  checkEqual(read(cgroup, 'memory.max'), high, `memory.max of ${what}`);
}
