// The interop tier: clients that nobody here wrote, taken as their registries hand them out, against real daemons.
// Installs nothing; what is missing is named and counted as skipped.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCluster } from '../harness/cluster.mjs';
import { StartedProcess } from '../harness/process.mjs';
import { Tier } from '../harness/tier.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const GO_PATH = '/usr/share/gocode';
const CLIENT_DEADLINE_MS = 90_000;
const BUILD_DEADLINE_MS = 300_000;

const tier = new Tier('interop');
let cluster;
let clients = 0;

async function sharedCluster() {
  cluster ??= await startCluster({ agents: 1, agent: { resources: 'cpus:2;mem:1024;disk:1024;ports:[31000-31100]' } });
  return cluster;
}

/** Runs a client to its end; fails with its output and the daemons' when it does not end well. */
async function runClient(command, args) {
  const { scratchDir, logs } = await sharedCluster();
  clients += 1;
  const client = new StartedProcess({
    name: command,
    logPath: join(scratchDir, `client${clients}.log`),
    command,
    args,
    cwd: here,
  });
  const timer = setTimeout(() => client.signal('SIGKILL'), CLIENT_DEADLINE_MS);
  const exit = await client.exited;
  clearTimeout(timer);
  if (exit.code !== 0) throw new Error(`${JSON.stringify(exit)}\n--- client\n${client.log()}\n${logs()}`);
  return client.log();
}

function missingForGo() {
  if (spawnSync('go', ['version']).status !== 0) return 'no Go compiler: apt-get install golang-go';
  if (!existsSync(`${GO_PATH}/src/github.com/mesos/mesos-go/api/v1/lib`))
    return 'no mesos-go: apt-get install golang-github-mesos-mesos-go-dev';
  return undefined;
}

const goPrograms = new Map();

/** `name`: its directory beside this file. */
async function buildGo(name) {
  const known = goPrograms.get(name);
  if (known !== undefined) return known;
  const { scratchDir } = await sharedCluster();
  const built = join(scratchDir, `interop-${name}`);
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: GO_PATH, GOFLAGS: '', CGO_ENABLED: '0' };
  const go = spawnSync('go', ['build', '-o', built, '.'], {
    cwd: join(here, name),
    env,
    encoding: 'utf8',
    timeout: BUILD_DEADLINE_MS,
  });
  if (go.status !== 0) throw new Error(`the Go program ${name} does not build: ${go.error?.message ?? go.stderr}`);
  goPrograms.set(name, built);
  return built;
}

async function runGo(name, ...args) {
  const { master } = await sharedCluster();
  return runClient(await buildGo(name), ['-master', master.address, ...args]);
}

function expectText(output, ...texts) {
  for (const text of texts) if (!output.includes(text)) throw new Error(`no "${text}" in\n${output}`);
}

tier.add('npm mesos-framework 0.5.3, JSON: subscribes, accepts, runs tasks to TASK_FINISHED', async () => {
  const { master, scratchDir } = await sharedCluster();
  const output = await runClient(process.execPath, ['mesos-framework.mjs', master.address, scratchDir]);
  expectText(output, 'subscribed as', 'accepted an offer', 'TASK_RUNNING', 'TASK_FINISHED', 'torn down');
});

const skip = missingForGo();
const options = { deadlineMs: BUILD_DEADLINE_MS + CLIENT_DEADLINE_MS, ...(skip === undefined ? {} : { skip }) };
for (const codec of ['protobuf', 'json']) {
  tier.add(
    `mesos-go, ${codec}: subscribes, launches, runs tasks to TASK_FINISHED`,
    async () => {
      const output = await runGo('go', '-codec', codec, '-tasks', '3');
      expectText(output, 'subscribed as', 'TASK_RUNNING', 'TASK_FINISHED', 'torn down');
    },
    options,
  );
  tier.add(
    `mesos-go, ${codec}: a role of its own, with refined reservations`,
    async () => {
      await runGo('go', '-codec', codec, '-tasks', '2', '-role', 'interop/go');
    },
    options,
  );
  tier.add(
    `mesos-go, ${codec}: a killed task is TASK_KILLED`,
    async () => {
      await runGo('go', '-codec', codec, '-tasks', '1', '-command', 'sleep 1000', '-kill', '-want', 'TASK_KILLED');
    },
    options,
  );
  tier.add(
    `mesos-go, ${codec}: a failing task is TASK_FAILED`,
    async () => {
      await runGo('go', '-codec', codec, '-tasks', '1', '-command', 'exit 3', '-want', 'TASK_FAILED');
    },
    options,
  );
  tier.add(
    `mesos-go, ${codec}: RESERVE, CREATE, two tasks with the volume, DESTROY, UNRESERVE`,
    async () => {
      await runGo('go-volume', '-codec', codec);
    },
    options,
  );
}
// In JSON it cannot read an agent of today: its ffjson fails at every capability that is younger than itself.
tier.add(
  "mesos-go, protobuf: an operator's reservations, volumes, quota and maintenance",
  async () => {
    const output = await runGo('go-operator');
    expectText(output, 'held: a reservation and a volume', 'held: quota', 'held: a maintenance schedule');
  },
  options,
);

await tier.run(() => cluster?.stop());
