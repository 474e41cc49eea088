// Processes of a test: started with their output in a file, waited for with a deadline, ended by pid. Ends only what it
// started itself. Plain JavaScript, because the guest and interop tiers run it without a compiler; types in process.d.mts.
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root directory. */
export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** The command under test. */
export const mesoctlPath = join(projectRoot, 'bin/run.js');

const LOG_TAIL_CHARS = 8000;
const POLL_MS = 20;

/** Resolves with the first value of `probe` that is neither undefined nor false; throws at the deadline. */
export async function until(what, probe, options = {}) {
  const deadlineMs = options.deadlineMs ?? 20_000;
  const started = performance.now();
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() - started > deadlineMs) {
      const explain = options.explain === undefined ? '' : `\n${await options.explain()}`;
      throw new Error(`${what}: not within ${deadlineMs} ms${explain}`);
    }
    await new Promise((resolve) => setTimeout(resolve, options.pollMs ?? POLL_MS));
  }
}

/** Whether a process exists that can still run (a zombie cannot). */
export function isAlive(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const state = stat.slice(stat.lastIndexOf(')') + 2)[0];
    return state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}

/** Pids whose command line or environment holds `text`, this process excepted. */
export function findProcesses(text) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(
      (pid) => pid !== process.pid && (holds(pid, 'cmdline', text) || holds(pid, 'environ', text)) && isAlive(pid),
    );
}

function holds(pid, file, text) {
  try {
    return readFileSync(`/proc/${pid}/${file}`).includes(text);
  } catch {
    return false;
  }
}

const live = new Set();
let hooked = false;

/** A process that a failing test forgot must not outlive the test run. */
function endWithUs(started) {
  live.add(started);
  if (hooked) return;
  hooked = true;
  process.on('exit', () => {
    for (const one of live) one.signal('SIGKILL');
  });
}

/**
 * One started process. `exited` resolves, never rejects, with {code, signal}.
 */
export class StartedProcess {
  #child;

  constructor(options) {
    this.name = options.name;
    this.logPath = options.logPath;
    mkdirSync(dirname(options.logPath), { recursive: true });
    const log = openSync(options.logPath, 'a');
    this.#child = spawn(options.command, options.args, {
      cwd: options.cwd ?? projectRoot,
      env: options.env ?? process.env,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.pid = this.#child.pid;
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        live.delete(this);
        resolve({ code: null, signal: null, error });
      });
      this.#child.once('exit', (code, signal) => {
        live.delete(this);
        resolve({ code, signal });
      });
    });
    endWithUs(this);
  }

  get running() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The end of what it wrote to stdout and stderr. */
  log() {
    if (!existsSync(this.logPath)) return '';
    return readFileSync(this.logPath, 'utf8').slice(-LOG_TAIL_CHARS);
  }

  /** Sends a signal; a process that ended is left alone. */
  signal(signal) {
    if (this.running) this.#child.kill(signal);
  }

  /** Sends `signal`, waits, sends SIGKILL at the deadline. */
  async end(signal = 'SIGTERM', deadlineMs = 15_000) {
    this.signal(signal);
    const timer = setTimeout(() => this.signal('SIGKILL'), deadlineMs);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }
}

/** Reads a ready file once it is there and complete. */
export async function readReadyFile(started, path, deadlineMs) {
  const explain = () => `--- ${started.name}, last output:\n${started.log()}`;
  let ended;
  void started.exited.then((exit) => {
    ended = exit;
  });
  return until(
    `${started.name} writes ${path}`,
    () => {
      const ready = parseReady(path);
      if (ready === undefined && ended !== undefined)
        throw new Error(`${started.name} ended before it was ready: ${JSON.stringify(ended)}\n${explain()}`);
      return ready;
    },
    { deadlineMs, explain },
  );
}

function parseReady(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Kills (-9, by pid) everything that names `dir` in its command line or environment, then removes `dir` and the cgroups
 * that are named after it.
 */
export async function sweep(dir) {
  await until(
    `no process of ${dir} is left`,
    () => {
      const pids = findProcesses(dir);
      for (const pid of pids) endPid(pid);
      return pids.length === 0;
    },
    { deadlineMs: 20_000, explain: () => findProcesses(dir).map(describe).join('\n') },
  );
  removeRuntimeDirs(dir);
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  const mount = cgroupMount();
  if (mount === undefined) return;
  for (const name of readdirSync(mount)) if (name.startsWith(`${basename(dir)}-`)) removeCgroup(join(mount, name));
}

/** What agents with work directories in `dir` keep in memory: <work dir>/runtime links to it. */
function removeRuntimeDirs(dir) {
  if (!existsSync(dir)) return;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const link = join(dir, entry.name, 'runtime');
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink())
      rmSync(readlinkSync(link), { recursive: true, force: true });
  }
}

/** Where cgroup v2 is mounted. */
function cgroupMount() {
  const line = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((one) => one.includes(' - cgroup2 '));
  return line?.split(' ')[4];
}

/** Deepest first; one that still has processes is an error, since everything was killed. */
function removeCgroup(path) {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  rmdirSync(path);
}

function endPid(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function describe(pid) {
  try {
    return `${pid}: ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`;
  } catch {
    return `${pid}: gone`;
  }
}
