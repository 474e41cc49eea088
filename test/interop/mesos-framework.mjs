// A framework on the npm package mesos-framework, unmodified, over JSON. Runs a few tasks to TASK_FINISHED and prints one
// line per fact; ends with status 0 only when every task did. Arguments: host:port of the master, a directory for its log.
import { createRequire } from 'node:module';
import { userInfo } from 'node:os';

const [master, logDir] = process.argv.slice(2);
const [host, port] = master.split(':');
const { Scheduler, Mesos } = createRequire(import.meta.url)('mesos-framework');
const mesos = Mesos.getMesos();

const INSTANCES = 3;
const DEADLINE_MS = 60_000;

const scheduler = new Scheduler({
  masterUrl: host,
  port,
  frameworkName: 'interop npm',
  user: userInfo().username,
  // Longer than the interval of heartbeats: its default of ten seconds gives a quiet master up.
  masterConnectionTimeout: 60,
  logging: { path: logDir, fileName: 'mesos-framework.log', level: 'error' },
  tasks: {
    greeting: {
      priority: 1,
      instances: INSTANCES,
      commandInfo: new mesos.CommandInfo(null, null, true, 'test -n "$HOST" && echo greetings', null, null),
      resources: { cpus: 0.1, mem: 32, ports: 1, disk: 0 },
    },
  },
});

const ends = new Map();

function fail(text) {
  console.log(`failed: ${text}`);
  process.exit(1);
}

setTimeout(() => fail(`not done within ${DEADLINE_MS} ms; ended: ${JSON.stringify([...ends])}`), DEADLINE_MS).unref();

scheduler.on('ready', () => scheduler.subscribe());
scheduler.on('subscribed', ({ frameworkId, mesosStreamId }) => {
  if (!frameworkId || !mesosStreamId) fail('subscribed without framework id or stream id');
  console.log(`subscribed as ${frameworkId}`);
});
scheduler.on('sent_accept', () => console.log('accepted an offer'));
scheduler.on('update', ({ status }) => {
  console.log(`${status.task_id.value} ${status.state} ${status.message ?? ''}`);
  if (!status.agent_id?.value) fail('an update names no agent');
  if (status.state === 'TASK_FINISHED') ends.set(status.task_id.value, status.state);
  else if (!['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING'].includes(status.state))
    fail(`a task ended as ${status.state}`);
  if (ends.size === INSTANCES) scheduler.teardown();
});
scheduler.on('sent_teardown', () => {
  console.log('torn down');
  process.exit(0);
});
scheduler.on('error', (error) => fail(`the library reports ${error.message ?? JSON.stringify(error)}`));
