// The Linux containerizer alone, without daemons: limits, verdicts of the kernel, ends, and what outlives the agent.
// The adopted containers of an agent that was killed with -9 are those of containerizer-victim.mjs.
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../dist/base/system/clock.js';
import { createLogger } from '../../dist/base/system/logger.js';
import { diagnose } from '../../dist/runtime/doctor/diagnose.js';
import { createLinuxContainerizer } from '../../dist/runtime/linux-containerizer.js';
import { isAlive, StartedProcess, sweep, until } from '../harness/process.mjs';
import * as checks from './guest-checks.mjs';

const { check, checkEqual, SLOW_MS } = checks;

/** A containerizer in a directory, with what terminated so far. */
export async function openContainerizer(dir) {
  const terminations = new Map();
  const containerizer = await createLinuxContainerizer({
    runtimeDir: join(dir, 'runtime'),
    cgroupsRoot: 'mesos-containerizer',
    enableCfs: false,
    pidsLimit: checks.PIDS_LIMIT,
    switchUser: true,
    maxLogSizeBytes: 1 << 20,
    maxLogFiles: 2,
    events: { onTerminated: (termination) => void terminations.set(termination.containerId, termination) },
    clock: systemClock,
    logger: createLogger({ name: 'guest', level: 'warn' }),
  });
  return { containerizer, terminations };
}

/** What to launch for a shell command. */
export function specOf(dir, command, options = {}) {
  const containerId = randomUUID();
  return {
    containerId,
    argv: ['sh', '-c', command],
    environment: { PATH: process.env.PATH, CONTAINER: containerId },
    sandboxDir: join(dir, 'sandboxes', containerId),
    requests: { cpus: options.cpus ?? 0.1, memMb: options.mem ?? 32, diskMb: 0 },
    limits: { cpus: options.limits?.cpus, memMb: options.limits?.mem },
  };
}

export function addContainerizerCases(tier) {
  let dir;
  let open;

  async function launch(command, options) {
    dir ??= mkdtempSync(join(tmpdir(), 'mesoctl-guest-'));
    if (open === undefined) {
      open = await openContainerizer(dir);
      await open.containerizer.recover([]);
    }
    return open.containerizer.launch(specOf(dir, command, options), () => Promise.resolve());
  }

  function endOf({ containerId }) {
    return until('the container ends', () => open.terminations.get(containerId), { deadlineMs: SLOW_MS });
  }

  async function destroy(container) {
    await open.containerizer.destroy(container.containerId);
    const end = await endOf(container);
    await checks.checkGone(container);
    return end;
  }

  const add = (name, run) => tier.add(`containerizer: ${name}`, run, { deadlineMs: 3 * SLOW_MS });

  add('the doctor finds nothing missing', async () => {
    const { rows, reduced } = await diagnose();
    const missing = rows.filter(({ group, state }) => group === 'isolator' && state !== 'ok');
    checkEqual(JSON.stringify([missing, reduced]), '[[],[]]', 'missing and reduced isolators');
  });

  add('a cpu hog limited to 0.5 cpu gets 0.5, give or take ten percent', async () => {
    const hog = await launch(checks.HOGS.cpu, { limits: { cpus: 0.5 } });
    const cpus = await checks.measureCpus(hog.cgroup);
    check(cpus > 0.45 && cpus < 0.55, `the hog got ${cpus.toFixed(3)} cpus`);
    checkEqual((await destroy(hog)).waitStatus, 9, 'wait status');
    return `${cpus.toFixed(3)} cpus`;
  });

  add('a memory hog is killed at its limit, its neighbour lives', async () => {
    const neighbour = await launch('exec sleep 10000', { mem: 64 });
    const hog = await launch(checks.HOGS.memory, { mem: 64 });
    const { limitation } = await endOf(hog);
    checkEqual(limitation?.reason, 'REASON_CONTAINER_LIMITATION_MEMORY', 'reason');
    checkEqual(limitation.resources[0]?.scalar?.value, 64, 'limit');
    await checks.checkGone(hog);
    check(isAlive(neighbour.pid), 'the neighbour died');
    await destroy(neighbour);
    return limitation.message;
  });

  add('a fork bomb stops at pids.max and its exit status is recorded', async () => {
    const stop = join(tmpdir(), `stop-${randomUUID()}`);
    const bomb = await launch(checks.HOGS.forks(stop), { mem: 256 });
    const most = await checks.watchBomb(bomb.cgroup, stop);
    checkEqual((await endOf(bomb)).waitStatus, 42 << 8, 'wait status');
    await checks.checkGone(bomb);
    return `${most} processes seen`;
  });

  add('destroy leaves no process: sessions of their own, double forks, ignored signals', async () => {
    const stubborn = await launch(checks.HOGS.stubborn);
    await checks.stubbornRuns(stubborn.cgroup);
    await open.containerizer.signal(stubborn.containerId, 15);
    await destroy(stubborn);
  });

  add('the files of the cgroup say what the formulas say', async () => {
    for (const row of checks.FORMULAS) {
      const container = await launch('exec sleep 10000', row);
      checks.checkFormulas(container.cgroup, row);
      await destroy(container);
    }
  });

  add('containers of an agent killed with -9 are adopted, and their ends are true', async () => {
    await open?.containerizer.close();
    open = undefined;
    dir ??= mkdtempSync(join(tmpdir(), 'mesoctl-guest-'));
    const victim = new StartedProcess({
      name: 'victim',
      logPath: join(dir, 'victim.log'),
      command: process.execPath,
      args: [new URL('containerizer-victim.mjs', import.meta.url).pathname, dir],
    });
    const explain = () => victim.log();
    const checkpoints = await until('the victim has launched', () => parse(victim.log()), {
      deadlineMs: SLOW_MS,
      explain,
    });
    await victim.end('SIGKILL');
    const [lasting, brief] = checkpoints;
    await until('the brief one ends alone', () => !isAlive(brief.initPid), { deadlineMs: SLOW_MS });
    open = await openContainerizer(dir);
    const recovered = await open.containerizer.recover(checkpoints);
    const stateOf = ({ containerId }) => recovered.find((one) => one.containerId === containerId);
    checkEqual(stateOf(lasting)?.state, 'running', 'state of the lasting one');
    checkEqual(stateOf(brief)?.state, 'ended', 'state of the brief one');
    checkEqual(stateOf(brief)?.termination.waitStatus, 7 << 8, 'wait status of the brief one');
    check(isAlive(lasting.initPid), 'the lasting one died');
    await destroy(lasting);
  });

  return async () => {
    await open?.containerizer.close();
    if (dir !== undefined) await sweep(dir);
  };
}

/** The victim prints its checkpoints as the last line. */
function parse(log) {
  const line = log.trim().split('\n').at(-1) ?? '';
  return line.startsWith('[') ? JSON.parse(line) : undefined;
}
