/** Beginnings that many tests share. */
import type * as mesos from '../../../../src/wire/gen/mesos.js';
import type { FakeAgent, FakeAgentOptions } from './fake-agent.js';
import { type FakeScheduler, taskInfo } from './fake-scheduler.js';
import { Harness, type HarnessOptions } from './harness.js';

export const PARTITION_AWARE: mesos.FrameworkInfo_Capability[] = [{ type: 'PARTITION_AWARE' }];

export interface Pair {
  readonly harness: Harness;
  readonly scheduler: FakeScheduler;
  readonly agent: FakeAgent;
}

/** A subscribed scheduler that was offered the whole of one agent. */
export function offeredPair(
  info: Partial<mesos.FrameworkInfo> = {},
  options: HarnessOptions = {},
  agentOptions: FakeAgentOptions = {},
): Pair {
  const harness = new Harness(options);
  const agent = harness.agent(agentOptions).register();
  const scheduler = harness.scheduler({ failover_timeout: 3600, ...info });
  scheduler.subscribe();
  harness.settle();
  return { harness, scheduler, agent };
}

/** The same, with tasks running whose RUNNING update is acknowledged. */
export function runningPair(
  taskIds: readonly string[],
  info: Partial<mesos.FrameworkInfo> = {},
  options: HarnessOptions = {},
  agentOptions: FakeAgentOptions = {},
): Pair {
  const pair = offeredPair(info, options, agentOptions);
  const offer = pair.scheduler.takeOffer();
  pair.scheduler.launch(offer, ...taskIds.map((id) => taskInfo(offer, id)));
  for (const id of taskIds) {
    pair.agent.update(id, 'TASK_RUNNING');
    pair.scheduler.acknowledge(pair.scheduler.lastUpdate);
  }
  return pair;
}
