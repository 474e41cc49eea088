// A scheduler that may be killed with -9 at any moment: everything it must remember is in an append-only log, one JSON
// object a line, read again at the next start. Plain JSON over node:http (test/harness/api.mjs), no code of the project.
// Usage: node durable-scheduler.mjs MASTER_URL LOG_FILE TASKS_FILE
// Lines: {kind: framework, id} | {kind: launch, taskId, agentId} | {kind: status, taskId, state, uuid, message, source, reason}
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { scalars, TERMINAL_STATES, TestScheduler } from '../harness/api.mjs';

const [masterUrl, logPath, tasksPath] = process.argv.slice(2);
const tasks = JSON.parse(readFileSync(tasksPath, 'utf8'));
const RECONCILE_EVERY_MS = 2_000;
const RETRY_MS = 100;

const remembered = existsSync(logPath)
  ? readFileSync(logPath, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line))
  : [];
const remember = (line) => {
  appendFileSync(logPath, `${JSON.stringify(line)}\n`);
  remembered.push(line);
};
const launchedIds = () => new Set(remembered.filter((line) => line.kind === 'launch').map((line) => line.taskId));
const isOver = (taskId) =>
  remembered.some((line) => line.kind === 'status' && line.taskId === taskId && TERMINAL_STATES.has(line.state));

function frameworkInfo() {
  const known = remembered.find((line) => line.kind === 'framework');
  return {
    user: 'root',
    name: 'durable',
    failover_timeout: 3600,
    checkpoint: true,
    capabilities: [{ type: 'PARTITION_AWARE' }],
    ...(known === undefined ? {} : { id: { value: known.id } }),
  };
}

async function onStatus(scheduler, status) {
  // Written before it is acknowledged: an update that was acknowledged is never sent again.
  remember({
    kind: 'status',
    taskId: status.task_id.value,
    state: status.state,
    uuid: status.uuid,
    message: status.message,
    source: status.source,
    reason: status.reason,
  });
  await scheduler.acknowledge(status);
}

async function onOffer(scheduler, offer) {
  const room = Math.floor((offer.resources.find((one) => one.name === 'cpus')?.scalar.value ?? 0) / 0.1 + 1e-9);
  const launched = launchedIds();
  const chosen = tasks.filter((task) => !launched.has(task.taskId)).slice(0, room);
  if (chosen.length === 0) {
    await scheduler.call({ type: 'DECLINE', decline: { offer_ids: [offer.id], filters: { refuse_seconds: 3600 } } });
    return;
  }
  for (const task of chosen) remember({ kind: 'launch', taskId: task.taskId, agentId: offer.agent_id.value });
  const infos = chosen.map((task) => ({
    name: task.taskId,
    task_id: { value: task.taskId },
    resources: scalars({ cpus: 0.1, mem: 32 }),
    command: { shell: true, value: task.command },
  }));
  await scheduler.launch(offer, infos);
}

async function reconcile(scheduler) {
  const open = remembered.filter((line) => line.kind === 'launch' && !isOver(line.taskId));
  const named = open.map((line) => ({ task_id: { value: line.taskId }, agent_id: { value: line.agentId } }));
  if (named.length > 0) await scheduler.call({ type: 'RECONCILE', reconcile: { tasks: named } });
}

async function serve(scheduler) {
  if (!remembered.some((line) => line.kind === 'framework'))
    remember({ kind: 'framework', id: scheduler.frameworkId.value });
  let next = 0;
  let reconciledAt = 0;
  while (!scheduler.closed || next < scheduler.events.length) {
    for (; next < scheduler.events.length; next++) {
      const event = scheduler.events[next];
      if (event.type === 'UPDATE') await onStatus(scheduler, event.update.status);
      if (event.type === 'OFFERS') for (const offer of event.offers.offers) await onOffer(scheduler, offer);
      if (event.type === 'ERROR') remember({ kind: 'error', message: event.error.message });
    }
    if (performance.now() - reconciledAt > RECONCILE_EVERY_MS) {
      reconciledAt = performance.now();
      await reconcile(scheduler);
    }
    await pause(10);
  }
}

for (;;) {
  try {
    await serve(await TestScheduler.subscribe(masterUrl, frameworkInfo()));
  } catch (error) {
    console.error(String(error));
  }
  await pause(RETRY_MS);
}
