/** Names of the cluster: asked once in five seconds, none when nobody answers. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LiveQuestion, liveNames } from '../../../src/cli/completion/live-names.js';
import { encodeProtobuf } from '../../../src/wire/codec.js';
import * as extension from '../../../src/wire/gen/mesoctl-api.js';
import { FakeMaster } from '../client/fake-master.js';
import { FakeMasters, memberOf } from '../commands/support/fake-masters.js';

const GENERATION = '9d4be1c0-7a30-4f6e-b52c-1c2d3e4ff0ca';
const TASKS: readonly extension.Response_Match[] = ['web.7f3a', 'web.90b1', 'db 1'].map((id) => ({
  task: { framework_id: { value: 'f' }, task_id: { value: id }, state: 'TASK_RUNNING', name: id.slice(0, 2) },
  agent: { agent_id: { value: 'a' }, state: 'ACTIVE', hostname: 'node-17' },
}));

let master: FakeMaster;
let home: string;
let now: number;
let matches: readonly extension.Response_Match[];
let total: number | undefined;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'mesoctl-completion-'));
  now = 1_000_000;
  matches = TASKS;
  total = undefined;
  master = await FakeMaster.start((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/x-protobuf' });
    const find = { total: total ?? matches.length, matches: [...matches] };
    response.end(encodeProtobuf(extension.Response, { type: 'FIND', find }));
  });
});
afterEach(async () => {
  await master.close();
  rmSync(home, { recursive: true, force: true });
});

function names(reference: string, kind: LiveQuestion['kind'] = 'TASKS') {
  return liveNames(
    { kind, reference, masters: master.address },
    { env: { XDG_CACHE_HOME: home }, nowUnixMs: () => now, timeoutMs: 10_000 },
  );
}

describe('liveNames', () => {
  it('asks for what begins like the word, and says what it is', async () => {
    expect(await names('web')).toEqual([
      { value: 'web.7f3a', description: 'RUNNING  we  node-17' },
      { value: 'web.90b1', description: 'RUNNING  we  node-17' },
    ]);
    expect(master.seen.map(({ call }) => call.find)).toEqual([
      { kind: 'TASKS', reference: 'web', limit: 100, complete: true },
    ]);
  });

  it('never offers what the command would read as a flag, or as stdin', async () => {
    matches = ['-y', '--yes', '-', 'a-y'].map((id) => ({
      task: { framework_id: { value: 'f' }, task_id: { value: id }, state: 'TASK_RUNNING' },
    }));
    expect((await names('')).map(({ value }) => value)).toEqual(['a-y']);
    expect(await names('-')).toEqual([]);
  });

  it('asks again after five seconds only', async () => {
    await names('');
    now += 4999;
    expect((await names('db')).map(({ value }) => value)).toEqual(['db 1']);
    expect(master.seen.length).toBe(1);
    now += 1;
    await names('db');
    expect(master.seen.length).toBe(2);
  });

  it('asks again where the answer was not whole', async () => {
    total = 5000;
    await names('');
    await names('web');
    expect(master.seen.length).toBe(2);
    await names('web');
    expect(master.seen.length).toBe(2);
  });

  it('keeps nothing of one cluster or kind for another', async () => {
    await names('', 'TASKS');
    await names('', 'ROLES');
    expect(master.seen.length).toBe(2);
    const files = readdirSync(join(home, 'mesoctl/completion'));
    expect(files.length).toBe(2);
    for (const file of files) expect(statSync(join(home, 'mesoctl/completion', file)).mode & 0o077).toBe(0);
  });

  it('offers short ids, and names where a name was begun', async () => {
    matches = ['S1', 'S2'].map((end, i) => ({
      agent: { agent_id: { value: `${GENERATION}-${end}` }, state: 'ACTIVE', hostname: `node-0${i + 1}` },
    }));
    expect((await names('', 'AGENTS')).map(({ value }) => value)).toEqual(['S1', 'S2']);
    expect(await names('node-02', 'AGENTS')).toEqual([{ value: 'node-02', description: 'node-02  ACTIVE' }]);
    expect((await names('9d4b', 'AGENTS')).map(({ value }) => value)).toEqual([`${GENERATION}-S1`, `${GENERATION}-S2`]);
    expect(master.seen.length).toBe(1);
  });

  it('offers masters by name, whoever leads', async () => {
    const masters = await FakeMasters.start();
    try {
      const { name, raft_address } = memberOf('m1');
      masters.members = [memberOf('m1', { self: true }), memberOf('m2', { role: 'LEARNER' })];
      const question = { kind: 'MASTERS', reference: '', masters: masters.address } as const;
      const around = { env: { XDG_CACHE_HOME: home }, nowUnixMs: () => now, timeoutMs: 10_000 };
      expect(await liveNames(question, around)).toEqual([
        { value: name, description: `voter  ${raft_address}` },
        { value: 'm2', description: 'learner  10.0.0.2:5060' },
      ]);
      expect((await liveNames({ ...question, reference: 'm2' }, around)).length).toBe(1);
    } finally {
      await masters.close();
    }
  });

  it('has none when nobody answers in time, and when nobody is there', async () => {
    master.handler = () => undefined;
    const surroundings = { env: { XDG_CACHE_HOME: home }, nowUnixMs: () => now };
    const question = { kind: 'TASKS', reference: '', masters: master.address } as const;
    expect(await liveNames(question, { ...surroundings, timeoutMs: 50 })).toEqual([]);
    for (const masters of ['127.0.0.1:1', 'not an address', ''])
      expect(await liveNames({ ...question, masters }, { ...surroundings, timeoutMs: 5000 })).toEqual([]);
  });

  it('does without a cache that cannot be read or written', async () => {
    await names('');
    const [file = ''] = readdirSync(join(home, 'mesoctl/completion'));
    writeFileSync(join(home, 'mesoctl/completion', file), 'not JSON');
    expect((await names('web')).length).toBe(2);
    rmSync(join(home, 'mesoctl'), { recursive: true });
    writeFileSync(join(home, 'mesoctl'), 'a file');
    expect((await names('web')).length).toBe(2);
  });
});
