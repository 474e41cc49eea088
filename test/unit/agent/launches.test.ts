import { describe, expect, test } from 'vitest';
import type { AgentEvent, LaunchRequest } from '../../../src/daemon/agent/core/protocol.js';
import { Launches } from '../../../src/daemon/agent/shell/launches.js';
import type { ContainerSpec } from '../../../src/runtime/containerizer.js';
import { frameworkInfo, taskInfo } from './core-harness.js';
import { FakeContainerizer } from './fake-containerizer.js';

function request(containerId: string): LaunchRequest {
  return { containerId, agentId: 'S0', framework: frameworkInfo(), task: taskInfo('t') };
}

function spec(containerId: string): ContainerSpec {
  return {
    containerId,
    argv: ['true'],
    environment: {},
    sandboxDir: '/s',
    requests: { cpus: 1, memMb: 1, diskMb: 0 },
    limits: {},
  };
}

async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

function create(maxConcurrent = 2) {
  const events: AgentEvent[] = [];
  const containerizer = new FakeContainerizer();
  const launches = new Launches({
    containerizer,
    maxConcurrent,
    prepare: async ({ containerId }) => spec(containerId),
    post: (event) => events.push(event),
  });
  const kinds = () => events.map(({ kind }) => kind);
  return { containerizer, events, kinds, launches };
}

describe('launches', () => {
  test('hold the task until it is released', async () => {
    const { containerizer, kinds, launches } = create();
    launches.begin(request('c1'));
    await turns();
    expect(kinds()).toEqual(['container-starting']);
    expect(containerizer.running).toEqual([]);
    launches.release('c1');
    await turns();
    expect(kinds()).toEqual(['container-starting', 'container-launched']);
    expect(containerizer.running).toEqual(['c1']);
    expect(launches.size).toBe(0);
  });

  test('are so many at a time', async () => {
    const { kinds, launches } = create(2);
    for (const id of ['c1', 'c2', 'c3']) launches.begin(request(id));
    await turns();
    expect(kinds()).toHaveLength(2);
    launches.release('c1');
    await turns();
    expect(kinds()).toHaveLength(4);
  });

  test('can be given up before they begin, while they are made and while they are held', async () => {
    const { containerizer, events, launches } = create(2);
    for (const id of ['c1', 'c2', 'c3']) launches.begin(request(id));
    launches.abort('c3');
    launches.abort('c2');
    await turns();
    launches.abort('c1');
    await turns();
    const failed = events.flatMap((event) => (event.kind === 'container-launch-failed' ? [event.containerId] : []));
    expect(failed.sort()).toEqual(['c1', 'c2', 'c3']);
    expect(containerizer.running).toEqual([]);
    expect(launches.size).toBe(0);
  });

  test('that were released cannot be given up', async () => {
    const { containerizer, kinds, launches } = create();
    launches.begin(request('c1'));
    await turns();
    launches.release('c1');
    launches.abort('c1');
    await turns();
    expect(kinds()).toContain('container-launched');
    expect(containerizer.running).toEqual(['c1']);
  });

  test('that fail say why', async () => {
    const { containerizer, events, launches } = create();
    containerizer.failNext = 'no such user';
    launches.begin(request('c1'));
    await turns();
    expect(events).toEqual([{ kind: 'container-launch-failed', containerId: 'c1', message: 'no such user' }]);
  });

  test('say nothing once closed, and run nothing', async () => {
    const { containerizer, kinds, launches } = create(1);
    launches.begin(request('c1'));
    launches.begin(request('c2'));
    await turns();
    launches.close();
    launches.release('c1');
    await turns();
    expect(kinds()).toEqual(['container-starting']);
    expect(containerizer.running).toEqual([]);
  });
});
