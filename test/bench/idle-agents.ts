/**
 * The cost of idle agents: N emulated agents, one connection each, registered and pinged at the default rate. Prints the
 * master's memory and processor time per agent. Both ends hold one open file
 * an agent, so a process limit of 20,000 bounds N. Run: node --import tsx test/bench/idle-agents.ts [AGENTS] [SECONDS]
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { startMaster } from '../harness/cluster.mjs';
import { sweep, until } from '../harness/process.mjs';
import { Emulator, scalar } from './emulator.js';
import { printHeader } from './report.js';

const agents = Number(process.argv[2] ?? 15_000);
const seconds = Number(process.argv[3] ?? 60);
const TICKS_PER_SECOND = 100;

/** Resident bytes and processor seconds of a process (proc(5): status, stat). */
function usageOf(pid: number): { readonly rssMb: number; readonly cpuSeconds: number } {
  const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    rssMb: Number(rss) / 1024,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}

printHeader(`idle agents: ${agents}, one connection each`);
const master = await startMaster();
const emulator = new Emulator({
  master: master.address,
  agents,
  agentsPerConnection: 1,
  resources: [scalar('cpus', 24), scalar('mem', 4096), scalar('disk', 4096)],
});
try {
  const before = usageOf(master.pid);
  const began = performance.now();
  emulator.start();
  await until('all agents are registered', () => emulator.registered === agents, {
    deadlineMs: 300_000,
    explain: () => `${emulator.registered} of ${agents}\n${master.log()}`,
  });
  console.log(`all registered, durably: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  await pause(5_000);
  const settled = usageOf(master.pid);
  console.log(
    `memory: ${before.rssMb.toFixed(0)} -> ${settled.rssMb.toFixed(0)} MB, ${(((settled.rssMb - before.rssMb) * 1024) / agents).toFixed(1)} KiB an agent`,
  );
  const pings = emulator.pings;
  await pause(seconds * 1000);
  const after = usageOf(master.pid);
  console.log(
    `idle: ${(((after.cpuSeconds - settled.cpuSeconds) / seconds) * 100).toFixed(1)} % of one core over ${seconds} s, ${emulator.pings - pings} pings`,
  );
} finally {
  emulator.close();
  await master.stop();
  await sweep(master.scratchDir);
}
