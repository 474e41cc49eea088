/** `mesoctl simulate` from the scenario to what is printed, in this process. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import type { ClusterClient } from '../../../src/cli/cluster/session.js';
import { runSimulate, type SimulateOptions } from '../../../src/cli/simulate/run-simulate.js';
import { widthOf } from '../../../src/views/text/width.js';
import type * as master from '../../../src/wire/gen/master.js';
import { schemaErrors } from '../../harness/schemas.js';
import { FakeConsole } from '../commands/support/fake-console.js';
import { res } from '../offers/fixtures.js';

const SCENARIO = `
name: test
duration: 10m
agents:
  - { name: node, count: 5, resources: "cpus:4;mem:4000", attributes: "rack:r1" }
roles:
  web: { weight: 2 }
frameworks:
  - name: web
    tasks: { resources: cpus:1;mem:500, length: 30s }
  - name: batch
    count: 2
    role: batch
    tasks: { resources: cpus:1;mem:500, length: { recorded: lengths.csv } }
    arrivals: { recorded: jobs.json }
`;

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'simulate-'));
  file = join(directory, 'test.yaml');
  await writeFile(file, SCENARIO);
  await writeFile(join(directory, 'lengths.csv'), '# from the night of the 3rd\nlength\n10s\n20\n');
  await writeFile(join(directory, 'jobs.json'), '[{"at": 0, "tasks": 3}, {"at": "2m", "length": "40s"}]');
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function run(options: Partial<SimulateOptions>, columns?: number): Promise<FakeConsole> {
  const console = new FakeConsole(columns === undefined ? {} : { columns });
  await runSimulate({ json: false, ...options }, { console, nowMs: () => 0, env: {}, session: undefined });
  return console;
}

async function runJson(options: Partial<SimulateOptions>) {
  return JSON.parse((await run({ ...options, json: true })).stdout);
}

async function complaintAbout(text: string): Promise<string> {
  await writeFile(file, text);
  const failure = await run({ file }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(MesoError);
  expect(failure).toMatchObject({ code: 'BAD_INPUT' });
  return (failure as MesoError).message.replaceAll(`${directory}/`, '');
}

describe('simulate', () => {
  it('prints the same bytes for the same seed', async () => {
    const [first, second] = [await run({ file, json: true }), await run({ file, json: true })];
    expect(second.stdout).toBe(first.stdout);
    expect((await run({ file, json: true, seed: 2 })).stdout).not.toBe(first.stdout);
  });

  it('answers as docs/schemas/simulate.json says', async () => {
    const record = await runJson({ file });
    expect(schemaErrors('simulate', record)).toEqual([]);
    expect(record).toMatchObject({ name: 'test', seed: 1, duration_seconds: 600, agents: 5, partitions: null });
    expect(record.frameworks.map(({ name }: { name: string }) => name)).toEqual(['web', 'batch-1', 'batch-2']);
    // Three tasks and one of each of two frameworks, as recorded.
    expect(record.roles[1]).toMatchObject({ name: 'batch', frameworks: 2, launched: 8, jobs_done: 4 });
    expect(record.frameworks[1].job_seconds.max).toBeGreaterThanOrEqual(40);
  });

  it('fits any terminal, in ASCII where there is nothing else', async () => {
    for (const columns of [60, 80, 120, 200]) {
      const lines = (await run({ file }, columns)).stdout.split('\n');
      expect({ columns, wide: lines.filter((line) => widthOf(line) > columns) }).toEqual({ columns, wide: [] });
      expect(lines.join('')).toMatch(/^[\x20-\x7e]*$/);
    }
  });

  it('tells what people ask', async () => {
    const { stdout } = await run({ file }, 100);
    for (const text of [
      'test: 5 agents, 3 frameworks, 10m of virtual time, seed 1',
      'USED cpus',
      'RESOURCE ',
      'FRAMEWORK ',
      'ROLE ',
      'WAIT P50',
      'always',
      'Distance from ideal DRF:',
    ])
      expect(stdout).toContain(text);
  });

  it('makes a scenario of flags', async () => {
    const record = await runJson({ agents: 3, frameworks: 2, 'agent-resources': 'cpus:2;mem:4096', duration: '20m' });
    expect(record).toMatchObject({ agents: 3, duration_seconds: 1200 });
    expect(record.frameworks).toHaveLength(2);
    expect(record.resources[0].used_mean).toBeCloseTo(1, 3);
  });

  it('makes as much work as is asked for', async () => {
    const record = await runJson({ agents: 20, frameworks: 2, load: 50, duration: '3hrs' });
    // The first of its mean task lengths the cluster fills up.
    expect(record.resources[0].used_mean).toBeGreaterThan(0.4);
    expect(record.resources[0].used_mean).toBeLessThan(0.6);
  });

  it('changes single fields', async () => {
    const record = await runJson({ file, set: ['agents.0.count=2', 'frameworks.*.start=5m', 'seed=9'] });
    expect(record).toMatchObject({ agents: 2, seed: 9 });
    expect(record.frameworks[0].share[0]).toBe(0);
  });

  it('says what is wrong with aliases and with an empty recording', async () => {
    expect(await complaintAbout('agents: *none\n')).toContain('test.yaml: ');
    const tens = (of: string) => `[${Array.from({ length: 10 }, () => of).join(', ')}]`;
    const bomb = `a: &a ${tens('x')}\nb: &b ${tens('*a')}\nc: &c ${tens('*b')}\nagents: ${tens('*c')}\n`;
    expect(await complaintAbout(bomb)).toMatch(/^test.yaml: .*alias/);
    await writeFile(join(directory, 'lengths.csv'), '# nothing\n');
    expect(await complaintAbout(SCENARIO)).toBe('lengths.csv: there is nothing in it');
  });

  it('writes series as CSV', async () => {
    const csv = join(directory, 'out.csv');
    await run({ file, csv });
    const [head, ...lines] = (await readFile(csv, 'utf8')).trimEnd().split('\n');
    expect(head).toMatch(/^time_seconds,used_cpus,used_mem,fairness_error,share_web,share_batch-1,/);
    expect(lines).toHaveLength(240);
    expect(lines.at(-1)).toMatch(/^600,/);
    await expect(run({ file, csv: join(directory, 'no/such/dir.csv') })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('compares with partitions', async () => {
    const partitions = [
      { frameworks: ['web'], agents: 2 },
      { frameworks: ['batch'], agents: 3 },
    ];
    const record = await runJson({ file, set: [`compare_partitions=${JSON.stringify(partitions)}`] });
    expect(schemaErrors('simulate', record)).toEqual([]);
    expect(record.partitions.resources[0].used_shared).toBeGreaterThan(record.partitions.resources[0].used_partitioned);
    expect(record.partitions.frameworks[1]).toMatchObject({ name: 'batch', jobs_shared: 4, jobs_partitioned: 4 });
  });
});

describe('a live cluster', () => {
  const agent = (id: string, active: boolean): master.Response_GetAgents_Agent => ({
    agent_info: { id: { value: id }, hostname: 'host', attributes: [] },
    active,
    version: '1',
    total_resources: res('cpus:2;mem:1000;cpus(web):1').toWire(),
  });

  async function runOn(client: Pick<ClusterClient, 'call'>, options: Partial<SimulateOptions> = { file }) {
    const console = new FakeConsole();
    const session = { client: client as ClusterClient, timeoutMs: 5_000 };
    await runSimulate({ json: true, ...options }, { console, nowMs: () => 0, env: {}, session });
    return JSON.parse(console.stdout);
  }

  it('gives its active agents, its weights and its quotas', async () => {
    const asked: string[] = [];
    const record = await runOn({
      call: ({ type = 'UNKNOWN' }) => {
        asked.push(type);
        return Promise.resolve({
          get_agents: { agents: [agent('S0', true), agent('S1', false), agent('S2', true)] },
          get_weights: { weight_infos: [{ role: 'batch', weight: 5 }] },
          get_quota: { status: { configs: [{ role: 'web', limits: { cpus: { value: 3 } } }] } },
        });
      },
    });
    expect(asked).toEqual(['GET_AGENTS', 'GET_WEIGHTS', 'GET_QUOTA']);
    expect(record).toMatchObject({
      agents: 2,
      resources: [
        { name: 'cpus', total: 6 },
        { name: 'mem', total: 2000 },
      ],
    });
    // The file's own weight of web stays, and so does its lack of a limit.
    expect(record.roles.map(({ weight }: { weight: number }) => weight)).toEqual([2, 5]);
  });

  it('takes no agents of flags', async () => {
    const nothing = { call: () => Promise.resolve({}) };
    await expect(runOn(nothing, { agents: 3 })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('without agents is no cluster to simulate', async () => {
    await expect(runOn({ call: () => Promise.resolve({}) })).rejects.toMatchObject({ code: 'REFUSED' });
  });
});

describe('what is wrong in a scenario', () => {
  it.each([
    ['weight: 2', 'weigth: 2', 'test.yaml line 7: roles.web: there is no field "weigth" here. Did you mean "weight"?'],
    ['length: 30s', 'length: soon', 'test.yaml line 10: frameworks[0].tasks.length: "soon" is not a duration'],
    ['length: 30s', 'length: { normal: { mean: 3 } }', 'frameworks[0].tasks.length.normal.sd: a duration is wanted'],
    ['length: 30s', 'length: { normal: { mean: 3, sd: 1 }, constant: 3 }', 'exactly one of these is wanted'],
    ['count: 5', 'count: 0', 'agents[0].count: at least 1 is wanted'],
    ['cpus:4;mem:4000', 'cpus=4', 'agents[0].resources: "cpus=4" is no resource'],
    ['cpus:1;mem:500, length: 30s', 'cpus(web):1, length: 30s', 'a task names amounts only'],
    ['role: batch', 'role: a//b', 'frameworks[1].role: '],
    ['name: web\n', 'name: batch-1\n', 'frameworks: two of them are called "batch-1"'],
    ['duration: 10m', 'duration: 0s', 'test.yaml line 3: duration: it must be longer than 0'],
    ['duration: 10m', 'sample_interval: 1ms', 'sample_interval: more than 100000 points'],
    ['duration: 10m', 'policies: { role_sorter: fifo }', 'policies.role_sorter: '],
    ['duration: 10m', 'policies: { min_allocatable_resources: x }', 'policies.min_allocatable_resources: '],
    ['duration: 10m', 'compare_partitions: [{ frameworks: [web], agents: 5 }]', '"batch" is in none of the partitions'],
    ['count: 2', 'start: 2s\n    end: 1s', 'frameworks[1].end: it is not after start'],
    ['length: 30s }', 'length: 30s }\n    scheduler: { locality: {} }', 'tasks with a preferred place come in jobs'],
    ['length: 30s }', 'length: 30s }\n    jobs: { stages: 2 }', 'a backlog has no jobs with an end'],
    ['duration: 10m', 'duration: [', 'test.yaml line '],
  ])('%s -> %s', async (from, to, complaint) => {
    expect(SCENARIO).toContain(from);
    expect(await complaintAbout(SCENARIO.replace(from, to))).toContain(complaint);
  });

  it('names the line of a trace', async () => {
    await writeFile(join(directory, 'lengths.csv'), 'length\n10s\nlong\n');
    expect(await complaintAbout(SCENARIO)).toContain('lengths.csv line 3: length: "long" is not a duration');
    await writeFile(join(directory, 'lengths.csv'), 'lenght\n10s\n');
    expect(await complaintAbout(SCENARIO)).toContain('there is no column "lenght". Did you mean "length"?');
    await writeFile(join(directory, 'lengths.csv'), 'length\n10s\n');
    await writeFile(join(directory, 'jobs.json'), '[{"tasks": 3}]');
    expect(await complaintAbout(SCENARIO)).toContain('jobs.json row 1: at is missing');
    await rm(join(directory, 'jobs.json'));
    await expect(run({ file })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is told for flags as well', async () => {
    await expect(run({ file, agents: 3 })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(run({ 'task-resources': 'x' })).rejects.toThrow('frameworks[0].tasks.resources');
    await expect(run({ set: ['agents.7.count=1'] })).rejects.toThrow('"7" is none of the 1 of the list');
    await expect(run({ set: ['nonsense'] })).rejects.toThrow('PATH=VALUE');
    await expect(run({ file: join(directory, 'none.yaml') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await complaintAbout('just text')).toContain('this takes fields (name, ');
  });
});
