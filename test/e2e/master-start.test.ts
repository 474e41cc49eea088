// How a master starts, refuses to start and ends.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { messageOf } from '../../src/base/error.js';
import type { MasterConfig } from '../../src/daemon/config/master-config.js';
import { type MasterHandle, startMaster } from '../../src/daemon/master/main.js';
import { silentLogger, until } from '../unit/http/fixture.js';
import { ask, Framework, LinkedAgent, masterConfig, openHandles, post } from './bad-input-fixture.js';

let scratch = '';
const running: MasterHandle[] = [];

async function start(over: Partial<MasterConfig> = {}, signal?: AbortSignal): Promise<MasterHandle> {
  const config = { ...masterConfig(join(scratch, 'work')), ...over };
  const handle = await startMaster(config, silentLogger, { signal });
  running.push(handle);
  return handle;
}

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'mesoctl-start-'));
});

afterEach(async () => {
  for (const handle of running.splice(0)) await handle.stop();
  rmSync(scratch, { recursive: true, force: true });
});

describe('refusals', () => {
  test.each([
    ['a reachable address', { ip: '0.0.0.0' }, 'ADDRESS_NOT_ALLOWED'],
    ['a name as address', { ip: 'localhost' }, 'BAD_INPUT'],
    ['a whitelist that is not there', { whitelist: '/no/such/file' }, 'BAD_INPUT'],
    ['broken minimal resources', { minAllocatableResources: 'cpus' }, 'BAD_INPUT'],
    ['a ready file in no directory', { readyFile: '/no/such/dir/file' }, 'BAD_INPUT'],
    ['an address of another machine', { ip: '192.0.2.1', insecure: true }, 'BAD_INPUT'],
  ] as const)('%s', async (_what, over, code) => {
    const before = openHandles();
    await expect(start(over)).rejects.toMatchObject({ code });
    await until('nothing is left open', () => (openHandles().TCPSocketWrap ?? 0) <= (before.TCPSocketWrap ?? 0));
  });

  test('a port in use names its owner', async () => {
    const first = await start();
    const error = await start({ port: first.address.port, workDir: join(scratch, 'other') }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'PORT_IN_USE' });
    expect(messageOf(error)).toContain(`pid ${process.pid}`);
  });

  test('a work directory in use names its owner, and the first master does not notice', async () => {
    const first = await start();
    await expect(start()).rejects.toMatchObject({ code: 'WORK_DIR_LOCKED' });
    expect((await ask(first.address.port, { method: 'GET', path: '/state' })).status).toBe(200);
  });

  test('a damaged registry names the file and the repair', async () => {
    await (await start()).stop();
    const file = join(scratch, 'work/registry/registry.sqlite');
    writeFileSync(file, 'not a database, not at all');
    const error = await start().catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'WORK_DIR_CORRUPT' });
    expect(messageOf(error)).toContain(file);
  });
});

describe('life', () => {
  test('the ready file says where, and goes with the master', async () => {
    const readyFile = join(scratch, 'ready.json');
    const handle = await start({ readyFile });
    const ready = JSON.parse(readFileSync(readyFile, 'utf8'));
    expect(ready).toEqual({
      pid: process.pid,
      ip: '127.0.0.1',
      port: handle.address.port,
      url: handle.url,
      id: handle.memberId,
      raftAddress: handle.raftAddress,
    });
    await handle.stop();
    expect(existsSync(readyFile)).toBe(false);
  });

  test('a restart keeps cluster id, agents and frameworks, and has a higher term', async () => {
    const info = async (port: number) =>
      JSON.parse((await post(port, '/api/mesoctl/v1', { type: 'GET_INFO' })).body).info;
    const first = await start();
    const agent = new LinkedAgent(first.address.port, 'cpus:1;mem:64');
    const agentId = await agent.registered();
    const framework = new Framework(first.address.port, { failover_timeout: 600 });
    await framework.waitFor('SUBSCRIBED');
    const frameworkId = framework.id.value;
    const before = await info(first.address.port);
    agent.close();
    await first.stop();
    await until('the stream ended', () => framework.isClosed);
    const second = await start();
    const after = await info(second.address.port);
    expect([after.cluster_id, after.term]).toEqual([before.cluster_id, before.term + 1]);
    const { get_agents: agents } = JSON.parse(
      (await post(second.address.port, '/api/v1', { type: 'GET_AGENTS' })).body,
    );
    expect(agents.recovered_agents.map((each: { id: { value: string } }) => each.id.value)).toEqual([agentId]);
    const state = JSON.parse((await ask(second.address.port, { method: 'GET', path: '/state' })).body);
    expect(state.frameworks.map((each: { id: string; recovered: boolean }) => [each.id, each.recovered])).toEqual([
      [frameworkId, true],
    ]);
    const back = new Framework(second.address.port, { id: { value: frameworkId }, failover_timeout: 600 });
    expect((await back.waitFor('SUBSCRIBED')).subscribed.framework_id.value).toBe(frameworkId);
    back.disconnect();
  });

  test('an abort ends it gracefully: streams end, waiting calls are told, the port is free', async () => {
    const abort = new AbortController();
    const handle = await start({}, abort.signal);
    const { port } = handle.address;
    const framework = new Framework(port);
    await framework.waitFor('SUBSCRIBED');
    const agent = new LinkedAgent(port, 'cpus:1;mem:64');
    await agent.registered();
    abort.abort();
    await handle.ended;
    await until('the stream ended', () => framework.isClosed);
    agent.close();
    expect(handle.counts()).toEqual({
      connections: 0,
      bodyBytesInFlight: 0,
      pendingRequests: 0,
      streams: 0,
      agentLinks: 0,
    });
    const again = await start({ port });
    expect(again.address.port).toBe(port);
  });

  test('a whitelist of names decides who is offered', async () => {
    const whitelist = join(scratch, 'whitelist');
    writeFileSync(whitelist, 'somebody.else\n');
    const { address } = await start({ whitelist });
    const agent = new LinkedAgent(address.port, 'cpus:1;mem:64');
    await agent.registered();
    const why = { type: 'WHY', why: { resources: [{ name: 'cpus', type: 'SCALAR', scalar: { value: 1 } }] } };
    const reply = JSON.parse((await post(address.port, '/api/mesoctl/v1', why)).body);
    expect(reply.why.reasons.map((reason: { code: string }) => reason.code)).toContain('WHITELIST');
    agent.close();
  });
});
