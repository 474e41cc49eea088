/** `mesoctl simulate` as its users run it: files, pipes, exit statuses, the agents of a living master. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { schemaErrors } from '../harness/schemas.js';
import { CliRun, mesoctl } from './cli-process.js';

const SMALL = ['simulate', '--agents', '10', '--frameworks', '2', '--duration', '10m'];

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'mesoctl-simulate-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe('mesoctl simulate', () => {
  it('prints the same bytes twice, and they are as documented', async () => {
    const first = await mesoctl([...SMALL, '--json']);
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(schemaErrors('simulate', JSON.parse(first.stdout))).toEqual([]);
    expect((await mesoctl([...SMALL, '--json'])).stdout).toBe(first.stdout);
  });

  it('reads a scenario from stdin', async () => {
    const text = JSON.stringify({
      name: 'piped',
      duration: 60,
      agents: [{ resources: 'cpus:2' }],
      frameworks: [{ name: 'a', tasks: { resources: 'cpus:1', length: 10 } }],
    });
    const { status, stdout } = await new CliRun(['simulate', '-'], {}, undefined, text).done;
    expect(status).toBe(0);
    expect(stdout).toContain('piped: 1 agent, 1 framework, 60s of virtual time, seed 1');
  });

  it('says what is wrong, with the exit status of it', async () => {
    const file = join(scratch, 'wrong.yaml');
    writeFileSync(file, 'agents:\n  - resources: cpus:2\nframeworks:\n  - name: a\n    task: x\n');
    const wrong = await mesoctl(['simulate', file]);
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
    expect(wrong.stderr).toContain('wrong.yaml line 4: frameworks[0]: there is no field "task" here');
    const absent = await mesoctl(['simulate', join(scratch, 'none.yaml'), '--json']);
    expect(absent).toMatchObject({ status: 3, stdout: '' });
    expect(schemaErrors('error', JSON.parse(absent.stderr))).toEqual([]);
    const nobody = await mesoctl(['simulate', '--master', '127.0.0.1:1']);
    expect(nobody.status).toBe(5);
  });
});

describe('mesoctl simulate --master', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ agents: 2, agent: { resources: 'cpus:3;mem:1024;disk:1024' } });
  });
  afterAll(() => cluster.stop());

  it('takes the agents of the cluster and leaves it alone', async () => {
    const { address } = cluster.master;
    const { status, stdout } = await mesoctl(['simulate', '--master', address, '--duration', '10m', '--json']);
    expect(status).toBe(0);
    const cpus = { name: 'cpus', total: 6 };
    expect(JSON.parse(stdout)).toMatchObject({
      agents: 2,
      resources: expect.arrayContaining([expect.objectContaining(cpus)]),
    });
    const { stdout: frameworks } = await mesoctl(['framework', 'list', '--master', address, '--json']);
    expect(JSON.parse(frameworks)).toEqual([]);
  });
});
