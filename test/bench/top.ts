/**
 * `mesoctl top` before a large and busy cluster (issue 3, row b): processor time and memory of its process, time from a key
 * to the paint and from an event to the screen. The cluster is a generated stream from another process; the terminal is a
 * real pseudo terminal. Run: node --import tsx test/bench/top.ts [SECONDS] [AGENTS] [TASKS] [EVENTS]; needs a built dist/.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { mesoctlPath, projectRoot, until } from '../harness/process.mjs';
import { PtyProgram } from '../harness/pty.js';
import { printHeader, printSamples } from './report.js';

const [seconds = 60, agents = 10_000, tasks = 100_000, events = 1_000] = process.argv.slice(2).map(Number);
const SIZES = [
  [80, 24],
  [120, 40],
] as const;
const TICKS_PER_SECOND = 100;
const KEYS = 200;
const MARKS = 30;

interface Usage {
  readonly rssMb: number;
  readonly peakMb: number;
  readonly cpuSeconds: number;
}

/** Resident memory and processor time of a process (proc(5): status, stat). */
function usageOf(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    rssMb: kilobytes('VmRSS'),
    peakMb: kilobytes('VmHWM'),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}

async function startMaster(): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(join(projectRoot, 'test/bench/stream-master-process.ts'), [agents, tasks, events].map(String), {
    execArgv: ['--import', 'tsx'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { readonly port: number }) => resolve(message.port));
    child.once('exit', () => reject(new Error('the master ended')));
  });
  return { child, port };
}

async function measureIdle(top: PtyProgram, name: string): Promise<void> {
  const before = usageOf(top.pid);
  const bytes = top.raw.length;
  let highest = before.rssMb;
  for (let second = 0; second < seconds; second++) {
    await pause(1000);
    highest = Math.max(highest, usageOf(top.pid).rssMb);
  }
  const after = usageOf(top.pid);
  const percent = ((after.cpuSeconds - before.cpuSeconds) / seconds) * 100;
  console.log(
    `${name}: ${percent.toFixed(1)} % of one core over ${seconds} s; RSS ${after.rssMb.toFixed(0)} MB, highest ${highest.toFixed(0)}, peak since start ${after.peakMb.toFixed(0)}; ${((top.raw.length - bytes) / seconds).toFixed(0)} bytes/s to the terminal`,
  );
}

/** From writing the key to the first output that moves the selection. */
async function measureKeys(top: PtyProgram, name: string): Promise<void> {
  const samples: number[] = [];
  // Away from the first row: there, up is no key that changes anything.
  for (let i = 0; i < 20; i++) top.type('\u001b[6~');
  await pause(1_000);
  for (let i = 0; i < KEYS; i++) {
    await pause(100 + Math.random() * 100);
    const from = top.raw.length;
    const started = performance.now();
    top.type('j');
    while (!top.raw.slice(from).includes('\u001b[7m') && performance.now() - started < 2_000) await pause(1);
    samples.push(performance.now() - started);
  }
  printSamples(name, samples, 'ms');
}

async function measureEvents(top: PtyProgram, child: ChildProcess, name: string): Promise<void> {
  const samples: number[] = [];
  for (let i = 0; i < MARKS; i++) {
    await pause(300 + Math.random() * 700);
    const mark = `mark-${i}-${Math.random().toString(36).slice(2, 6)}`;
    const answer = new Promise<number>((resolve) => {
      child.once('message', (message: { readonly atUnixMs: number }) => resolve(message.atUnixMs));
    });
    child.send({ mark });
    const atUnixMs = await answer;
    while (!top.raw.slice(-20_000).includes(mark) && Date.now() - atUnixMs < 5_000) await pause(2);
    samples.push(Date.now() - atUnixMs);
  }
  printSamples(name, samples, 'ms');
}

printHeader(`top: ${agents} agents, ${tasks} tasks, ${events} events/s`);
const { child, port } = await startMaster();
try {
  for (const [columns, rows] of SIZES) {
    const size = `${columns}x${rows}`;
    const started = performance.now();
    const top = new PtyProgram({
      command: process.execPath,
      args: [mesoctlPath, 'top', '--master', `127.0.0.1:${port}`],
      columns,
      rows,
    });
    try {
      await until('the first frame', () => top.raw.includes('connecting to'), { pollMs: 1 });
      const first = performance.now() - started;
      await top.waitForText('live', 60_000);
      console.log(
        `${size}: first frame after ${first.toFixed(0)} ms, live after ${((performance.now() - started) / 1000).toFixed(1)} s`,
      );
      await pause(5_000);
      await measureIdle(top, `${size} overview`);
      top.type('5');
      await pause(2_000);
      await measureIdle(top, `${size} tasks`);
      await measureKeys(top, `${size} tasks: key to paint`);
      top.type('7/mark-\r');
      await pause(2_000);
      await measureEvents(top, child, `${size} events: event to screen`);
      top.type('q');
      await top.exited;
    } finally {
      await top.end();
    }
  }
} finally {
  child.kill();
}
