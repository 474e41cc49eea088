/**
 * A complete framework in one file: runs N tasks and reports how each ended.
 *
 *   mesoctl dev --port 5050                                   a cluster to try it on, in another terminal
 *   npx tsx examples/run-tasks.ts 127.0.0.1:5050 10 'sleep 1; exit $((RANDOM % 2))'
 *
 * What a framework has to do, in the order in which it does it below:
 *   1. subscribe, and stay subscribed: `events()` reconnects and finds the new leader by itself;
 *   2. answer every offer: use it or decline it, what is held back is lost to others;
 *   3. acknowledge every status update once it is safe with you: the next one comes only then;
 *   4. after a reconnection, reconcile: updates may have been lost;
 *   5. tear down when there is nothing left to do.
 */
import { findProcessEnd, isTerminal, MesoError, type mesos, SchedulerClient, takeScalars } from 'mesoctl/client';

const [masters = '127.0.0.1:5050', count = '5', command = 'echo hello from $(hostname)'] = process.argv.slice(2);
const NEEDED = { cpus: 0.1, mem: 32 };

/** What this framework must not forget. A real one would keep it on disk, with the framework id. */
const waiting = Array.from({ length: Number(count) }, (_, i) => `task-${i + 1}`);
const running = new Map<string, mesos.AgentID>();
const ended = new Map<string, mesos.TaskStatus>();
const total = waiting.length;

const client = new SchedulerClient({
  masters,
  framework: {
    name: 'run-tasks example',
    user: process.env.USER ?? 'root',
    roles: ['*'],
    // How long the tasks outlive a broken connection to us.
    failover_timeout: 60,
    capabilities: [{ type: 'MULTI_ROLE' }, { type: 'RESERVATION_REFINEMENT' }, { type: 'PARTITION_AWARE' }],
  },
});
process.once('SIGINT', () => void client.teardown().finally(() => client.close()));

/** Puts as many waiting tasks on an offer as fit, and gives the rest back. */
async function takeOffer(offer: mesos.Offer): Promise<void> {
  const tasks: mesos.TaskInfo[] = [];
  let free = offer.resources ?? [];
  while (waiting.length > 0) {
    const resources = takeScalars(free, NEEDED);
    const id = resources === undefined ? undefined : waiting.shift();
    if (resources === undefined || id === undefined) break;
    free = subtract(free, resources);
    running.set(id, offer.agent_id);
    tasks.push({
      name: id,
      task_id: { value: id },
      agent_id: offer.agent_id,
      resources,
      command: { shell: true, value: command },
    });
  }
  if (tasks.length > 0) await client.launch([offer.id], tasks);
  // Nothing to run now: let others have it, and do not ask again for a minute.
  else await client.decline([offer.id], { refuse_seconds: 60 });
}

/** Scalars only, which is all that `takeScalars` takes. */
function subtract(from: readonly mesos.Resource[], taken: readonly mesos.Resource[]): mesos.Resource[] {
  const left = new Map(taken.map((resource) => [resource.name, resource.scalar?.value ?? 0]));
  return from.map((resource) => {
    const amount = Math.min(left.get(resource.name) ?? 0, resource.scalar?.value ?? 0);
    left.set(resource.name, (left.get(resource.name) ?? 0) - amount);
    return resource.scalar === undefined
      ? resource
      : { ...resource, scalar: { value: resource.scalar.value - amount } };
  });
}

async function onUpdate(status: mesos.TaskStatus): Promise<void> {
  const id = status.task_id.value;
  if (status.state === 'TASK_DROPPED') {
    // The offer was gone before the launch arrived: nothing ran, so it is safe to try again.
    running.delete(id);
    waiting.push(id);
    await client.revive();
  } else if (isTerminal(status.state) && !ended.has(id)) {
    running.delete(id);
    ended.set(id, status);
    const end = findProcessEnd(status);
    const how =
      end === undefined
        ? (status.message ?? '')
        : end.kind === 'exited'
          ? `exit ${end.exitStatus}`
          : `signal ${end.signal}`;
    console.log(`${id}  ${status.state}  ${how}`);
  }
  await client.acknowledge(status);
}

try {
  for await (const event of client.events()) {
    // An update that was told twice may follow the teardown.
    if (ended.size === total) break;
    switch (event.type) {
      case 'SUBSCRIBED':
        await client.reconcile([...running].map(([id, agent_id]) => ({ task_id: { value: id }, agent_id })));
        break;
      case 'OFFERS':
        for (const offer of event.offers) await takeOffer(offer);
        break;
      case 'UPDATE':
        await onUpdate(event.status);
        if (ended.size === total) await client.teardown();
        break;
      case 'DISCONNECTED':
        console.error(`${event.error.message}; trying again in ${event.retryInMs} ms`);
        break;
      default:
        break;
    }
  }
} catch (error) {
  if (!(error instanceof MesoError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
const finished = [...ended.values()].filter(({ state }) => state === 'TASK_FINISHED').length;
console.log(`${finished} of ${total} tasks finished`);
