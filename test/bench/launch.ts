/**
 * G1: start and end of a static `true` in fresh pid, mount, ipc, uts and cgroup namespaces: ours (with a fresh cgroup where
 * the machine has cgroup v2, log files, a durable exit status) beside unshare, bubblewrap, crun and runc, interleaved.
 * Ours is timed from `launch` to `onTerminated`, the others from spawn to exit; "bare spawn" is what a spawn alone costs.
 * unshare, bubblewrap and ours run on the root file system of the host; crun and runc pivot into a directory.
 * A peer that is not installed or does not run here is left out, with its reason. crun refuses hybrid cgroups: run this
 * in a mount namespace that shows cgroup v2 only to have it too. Needs root and a C compiler.
 * Run: node --import tsx test/bench/launch.ts [ROUNDS] [CONTAINERS_IN_FLIGHT]
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/system/clock.js';
import { createLogger } from '../../src/base/system/logger.js';
import { findStrongestIsolation } from '../../src/runtime/isolators/requirements.js';
import { createLinuxContainerizer, type LinuxContainerizer } from '../../src/runtime/linux-containerizer.js';
import { printHeader, printSamples } from './report.js';

const rounds = Number(process.argv[2] ?? 300);
const inFlight = Number(process.argv[3] ?? 8);
const dir = mkdtempSync(join(tmpdir(), 'mesoctl-bench-launch-'));
const rootfs = join(dir, 'rootfs');
const program = join(rootfs, 'true');
const ends = new Map<string, () => void>();

interface Contender {
  readonly name: string;
  run(): Promise<void>;
}

function makeRootfs(): void {
  for (const name of ['proc', 'dev/shm']) mkdirSync(join(rootfs, name), { recursive: true });
  const source = join(dir, 'true.c');
  writeFileSync(source, 'int main(void) { return 0; }\n');
  execFileSync('cc', ['-O2', '-static', '-s', '-o', program, source]);
}

function spawned(name: string, command: string, args: () => readonly string[]): Contender {
  return {
    name,
    run: () =>
      new Promise((resolve, reject) => {
        const child = spawn(command, args(), { stdio: ['ignore', 'ignore', 'pipe'] });
        let stderr = '';
        child.stderr.on('data', (chunk) => {
          stderr += String(chunk);
        });
        child.on('error', reject);
        child.on('exit', (status) =>
          status === 0 ? resolve() : reject(new Error(stderr.trim() || `exit status ${status}`)),
        );
      }),
  };
}

/** An OCI bundle with the same namespaces, no capability or seccomp work. */
function makeBundle(): string {
  const bundle = join(dir, 'bundle');
  mkdirSync(bundle);
  const namespaces = ['pid', 'mount', 'ipc', 'uts', 'cgroup'].map((type) => ({ type }));
  const config = {
    ociVersion: '1.0.2',
    process: { terminal: false, user: { uid: 0, gid: 0 }, args: ['/true'], env: ['PATH=/'], cwd: '/' },
    root: { path: rootfs, readonly: false },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'nodev', 'noexec'] },
    ],
    linux: { namespaces },
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return bundle;
}

function peers(): readonly Contender[] {
  const bundle = makeBundle();
  const oci = (name: string, extra: readonly string[]) =>
    spawned(name, name, () => [
      '--root',
      join(dir, name),
      ...extra,
      'run',
      '--bundle',
      bundle,
      `bench-${randomUUID()}`,
    ]);
  const unshare = ['--pid', '--mount', '--ipc', '--uts', '--cgroup', '--fork', '--kill-child', '--mount-proc'];
  const bwrap = [
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup',
    '--dev-bind',
    '/',
    '/',
    '--proc',
    '/proc',
  ];
  return [
    spawned('bare spawn', program, () => []),
    spawned('unshare', 'unshare', () => [...unshare, program]),
    spawned('bubblewrap', 'bwrap', () => [...bwrap, '--tmpfs', '/dev/shm', program]),
    oci('crun', ['--cgroup-manager=disabled']),
    oci('runc', []),
  ];
}

async function runOne(containerizer: LinuxContainerizer): Promise<void> {
  const containerId = randomUUID();
  const ended = new Promise<void>((resolve) => ends.set(containerId, resolve));
  const spec = {
    containerId,
    argv: [program],
    environment: {},
    sandboxDir: join(dir, 'sandboxes', containerId),
    requests: { cpus: 0.1, memMb: 32, diskMb: 0 },
    limits: {},
  };
  await containerizer.launch(spec, () => Promise.resolve());
  await ended;
}

async function openOurs(name: string, records: string, cgroupMount?: null): Promise<LinuxContainerizer> {
  const { isolation } = await findStrongestIsolation({ cgroupMount, cgroupsRoot: name });
  return createLinuxContainerizer({
    runtimeDir: join(records, name),
    isolation,
    cgroupsRoot: name,
    cgroupMount,
    enableCfs: false,
    pidsLimit: 4096,
    switchUser: true,
    maxLogSizeBytes: 1 << 20,
    maxLogFiles: 2,
    events: { onTerminated: ({ containerId }) => ends.get(containerId)?.() },
    clock: systemClock,
    logger: createLogger({ name: 'bench', level: 'warn' }),
  });
}

async function runsHere(contender: Contender): Promise<boolean> {
  try {
    for (let i = 0; i < 3; i++) await contender.run();
    return true;
  } catch (error) {
    console.log(`${contender.name}: left out, ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    return false;
  }
}

async function compare(contenders: readonly Contender[]): Promise<void> {
  const samples = new Map(contenders.map(({ name }): [string, number[]] => [name, []]));
  for (let i = 0; i < rounds; i++)
    for (const { name, run } of contenders) {
      const started = performance.now();
      await run();
      samples.get(name)?.push(performance.now() - started);
    }
  for (const [name, times] of samples) printSamples(name, times, 'ms');
}

async function throughput(what: string, containerizer: LinuxContainerizer): Promise<void> {
  const count = 10 * rounds;
  let begun = 0;
  const started = performance.now();
  const worker = async () => {
    while (begun++ < count) await runOne(containerizer);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const seconds = (performance.now() - started) / 1000;
  console.log(`ours, ${what}, ${inFlight} in flight: ${(count / seconds).toFixed(0)} containers/s (n=${count})`);
}

printHeader('G1: start and end of a static true');
makeRootfs();
const memory = mkdtempSync('/dev/shm/mesoctl-bench-');
const name = `mesoctl-bench-${process.pid}`;
const full = await openOurs(name, dir);
const inMemory = await openOurs(`${name}-memory`, memory);
const bare = await openOurs(`${name}-bare`, memory, null);
console.log(`# ours: ${full.isolation.join(',')}`);
try {
  const ours = [
    { name: 'ours, namespaces and cgroup', run: () => runOne(full) },
    { name: 'ours, the same with records on tmpfs', run: () => runOne(inMemory) },
    { name: 'ours, namespaces only, records on tmpfs', run: () => runOne(bare) },
  ];
  const contenders: Contender[] = [];
  for (const contender of [...ours, ...peers()]) if (await runsHere(contender)) contenders.push(contender);
  await compare(contenders);
  await throughput('records on disk', full);
  await throughput('records on tmpfs', inMemory);
} finally {
  for (const containerizer of [full, inMemory, bare]) await containerizer.close();
  rmSync(dir, { recursive: true, force: true });
  rmSync(memory, { recursive: true, force: true });
}
