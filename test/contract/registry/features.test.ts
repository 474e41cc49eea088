// A cluster of two versions: what one of its masters could not apply is not proposed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openWorker } from '../../../src/base/system/worker.js';
import { DEFAULT_LIMITS, DEFAULT_TIMING } from '../../../src/raft/core/options.js';
import { RaftMember } from '../../../src/raft/node/raft-member.js';
import type * as registry from '../../../src/wire/gen/mesoctl-registry.js';
import { SoloRegistry } from './solo-registry.js';

const registryModules = new URL('../../../src/daemon/master/registry/open-raft.ts', import.meta.url).href;

const directories: string[] = [];
const closing: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((each) => each.close()));
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mesoctl-registry-'));
  directories.push(directory);
  return directory;
}

/** A master of an older version: it announces less than it could do. */
function openOlderMember(name: string, joined: string, features: number): RaftMember {
  const member = new RaftMember({
    settings: {
      name,
      ip: '127.0.0.1',
      port: 0,
      advertisedHost: undefined,
      peers: undefined,
      join: joined,
      features,
      credential: undefined,
      timing: DEFAULT_TIMING,
      limits: DEFAULT_LIMITS,
      reads: 'quorum',
    },
    openLogWorker: (port) =>
      openWorker(registryModules, 'log-worker', {
        name: 'log',
        workerData: { port, workDir: temporary() },
        transferList: [port],
      }),
    observer: { onLeadership: () => undefined, onLog: () => undefined, onEnded: () => undefined },
  });
  closing.push(member);
  return member;
}

test('a leader does not propose what a member does not know, and goes on with the rest', async () => {
  const leader = new SoloRegistry(temporary(), { id: 'm', ip: 16777343, port: 5050 });
  closing.push(leader);
  await leader.lead();
  const drain: registry.Operation = { drain_agent: { agent_id: { value: 'a' }, config: {} } };
  const admit = (id: string): registry.Operation => ({
    admit_agent: { agent_info: { hostname: 'h', id: { value: id } } },
  });
  expect(await leader.propose([admit('a'), drain])).toEqual([{ ok: true }, { ok: true }]);
  const older = openOlderMember('m2', await leader.address(), 1);
  const { raftAddress } = await older.opened();
  await leader.addMember('m2', raftAddress);
  // Each on its own: what came along with it is done.
  expect(await leader.propose([admit('b'), drain, admit('c')])).toEqual([
    { ok: true },
    { ok: false, message: expect.stringContaining('m2') as unknown },
    { ok: true },
  ]);
  expect(await leader.propose([admit('b')])).toEqual([{ ok: false, message: 'Agent b is admitted already' }]);
});

test('an operation that no entry can hold is refused without its neighbours', async () => {
  const leader = new SoloRegistry(temporary(), { id: 'm', ip: 16777343, port: 5050 });
  closing.push(leader);
  await leader.lead();
  const admit = (id: string, hostname = 'h'): registry.Operation => ({
    admit_agent: { agent_info: { hostname, id: { value: id } } },
  });
  const huge = admit('huge', 'h'.repeat(DEFAULT_LIMITS.maxEntryBytes));
  expect(await leader.propose([admit('a'), huge, admit('b')])).toEqual([
    { ok: true },
    { ok: false, message: 'the entry is larger than the log takes' },
    { ok: true },
  ]);
  expect(await leader.propose([admit('huge')])).toEqual([{ ok: true }]);
});
