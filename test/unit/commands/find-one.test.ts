/** From what the user wrote to the one thing that is meant. */
import { describe, expect, it } from 'vitest';
import {
  AGENT_REFERENCE,
  findOne,
  nearest,
  type ReferenceKind,
  TASK_REFERENCE,
} from '../../../src/cli/cluster/find-one.js';
import { agentOf, FakeCluster, frameworkOf, PREFIX, taskOf } from './support/fake-cluster.js';

const cluster = new FakeCluster({
  agents: [agentOf(17), agentOf(1)],
  frameworks: [frameworkOf(1, { name: 'shop' }), frameworkOf(2)],
  tasks: [
    taskOf('web.7f3a'),
    taskOf('web.11d0', { state: 'TASK_FAILED' }),
    taskOf('etl.44'),
    taskOf('etl.44', { framework_id: { value: `${PREFIX}-0002` } }),
  ],
});
const find = (of: ReferenceKind, reference: string, frameworkId?: string) =>
  findOne(cluster, of, reference, { signal: new AbortController().signal, frameworkId });

describe('findOne', () => {
  it.each(['web.7f3a', 'web.7', '7f3a'])('knows a task by %s', async (reference) => {
    expect((await find(TASK_REFERENCE, reference)).task?.task_id.value).toBe('web.7f3a');
  });

  it.each([`${PREFIX}-S17`, 'S17', 'node-17'])('knows an agent by %s', async (reference) => {
    expect((await find(AGENT_REFERENCE, reference)).agent?.hostname).toBe('node-17');
  });

  it('refuses several with the candidates', async () => {
    await expect(find(TASK_REFERENCE, 'web')).rejects.toMatchObject({
      code: 'AMBIGUOUS',
      message: '"web" matches 2 tasks: web.7f3a RUNNING node-1 shop · web.11d0 FAILED node-1 shop.',
      suggestions: ['the full id'],
      details: { total: 2, candidates: [{ id: 'web.7f3a' }, { id: 'web.11d0' }] },
    });
  });

  it('tells tasks of one id apart by their framework', async () => {
    await expect(find(TASK_REFERENCE, 'etl.44')).rejects.toMatchObject({
      code: 'AMBIGUOUS',
      suggestions: ['--framework ID with the id of its framework'],
    });
    const found = await find(TASK_REFERENCE, 'etl.44', `${PREFIX}-0002`);
    expect(found.task?.framework_id.value).toBe(`${PREFIX}-0002`);
  });

  it('says what may have been meant', async () => {
    await expect(find(AGENT_REFERENCE, 'nod-17')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'no agent "nod-17". Did you mean node-17?',
      suggestions: ['mesoctl agent list'],
    });
    await expect(find(AGENT_REFERENCE, 'zebra')).rejects.toMatchObject({ message: 'no agent "zebra".' });
    await expect(find(AGENT_REFERENCE, ' ')).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('nearest takes one mistake in three letters, two at most', () => {
    expect(nearest('wbe', ['web'])).toBeUndefined();
    expect(nearest('nod-17', ['node-71', 'node-17', undefined])).toBe('node-17');
    expect(nearest('ab', ['ac', 'cd'])).toBe('ac');
    expect(nearest('abcdefghijkl', ['abcdefghixyz'])).toBeUndefined();
  });
});
