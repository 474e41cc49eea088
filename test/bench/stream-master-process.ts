/**
 * A StreamMaster in a process of its own, so that its work is not counted as anybody else's. Started by `fork`; arguments:
 * AGENTS TASKS EVENTS_PER_SECOND. Sends { port } when it listens; on { mark } it says in the stream that an agent of that
 * name is unreachable, and answers { marked, atUnixMs }.
 */
import { StreamMaster } from '../harness/stream-master.js';

const [agents = 10_000, tasks = 100_000, eventsPerSecond = 1_000] = process.argv.slice(2).map(Number);
const master = await StreamMaster.start({ agents, tasks, frameworks: 200, eventsPerSecond, completedTasks: 1_000 });

process.on('message', (message: { readonly mark?: string }) => {
  const { mark } = message;
  if (mark === undefined) return;
  const atUnixMs = Date.now();
  master.publish({
    type: 'AGENTS_UPDATED',
    time: atUnixMs / 1000,
    agents_updated: {
      reason: 'UNREACHABLE',
      agents: [{ agent_id: { value: mark }, state: 'UNREACHABLE', hostname: mark, since: atUnixMs / 1000 }],
    },
  });
  master.publish({
    type: 'AGENT_REMOVED',
    time: atUnixMs / 1000,
    agent_removed: { agent_id: { value: mark }, reason: 'GONE', hostname: mark },
  });
  process.send?.({ marked: mark, atUnixMs });
});
process.on('disconnect', () => process.exit());
process.send?.({ port: master.port });
