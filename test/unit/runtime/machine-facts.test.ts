import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/system/clock.js';
import { runCommand } from '../../../src/runtime/process/run-command.js';
import {
  findProcess,
  isNamespaceInit,
  isSameProcess,
  parseProcessStat,
  processTree,
} from '../../../src/runtime/process-tree.js';
import { findGroupsOf, findPasswdEntry, Users } from '../../../src/runtime/users.js';

describe('processes', () => {
  it('reads a stat line whose program name holds anything', () => {
    const fields = ['S', '42', ...Array.from({ length: 30 }, (_, i) => String(i + 100))];
    expect(parseProcessStat(`7 (a) b (c) ${fields.join(' ')}\n`)).toEqual({
      state: 'S',
      parentPid: 42,
      userTicks: 109,
      systemTicks: 110,
      startTicks: 117,
      residentPages: 119,
    });
    expect(parseProcessStat('7 (x) S 1')).toBeUndefined();
    expect(parseProcessStat('')).toBeUndefined();
  });

  it('knows a process by its start, and a zombie for dead', async () => {
    const self = await findProcess(process.pid);
    expect(await isSameProcess(process.pid, self?.startTicks ?? 0)).toBe(true);
    expect(await isSameProcess(process.pid, (self?.startTicks ?? 0) + 1)).toBe(false);
    expect(await findProcess(2 ** 22 + 1)).toBeUndefined();
    expect(await isNamespaceInit(process.pid)).toBe(false);
  });

  it('walks a tree', async () => {
    const child = spawn('sh', ['-c', 'sleep 100 & echo; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    expect(await processTree(process.pid)).toContain(child.pid);
    expect(await processTree(child.pid ?? 0)).toHaveLength(1);
    for (const pid of await processTree(child.pid ?? 0)) process.kill(pid);
    child.kill();
    await once(child, 'exit');
    expect(await processTree(child.pid ?? 0)).toEqual([]);
  });
});

describe('users', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001:::\n1000x:x:5:5:::\nbroken\n';
  const group = 'root:x:0:\nusers:x:100:bob,alice\nwheel:x:10:alice\nempty:x:11:\nnot:x:12:malice\n';

  it('finds entries by name and by number, and groups by member', () => {
    expect(findPasswdEntry(passwd, 'alice')).toEqual({ name: 'alice', uid: 1000, gid: 1001 });
    expect(findPasswdEntry(passwd, '1000')).toEqual({ name: 'alice', uid: 1000, gid: 1001 });
    expect(findPasswdEntry(passwd, 'broken')).toBeUndefined();
    expect(findGroupsOf(group, 'alice')).toEqual([100, 10]);
    expect(findGroupsOf(group, 'bob')).toEqual([100]);
  });

  it('resolves users of this machine, bare numbers, and refuses others', async () => {
    const users = new Users(systemClock);
    expect(await users.resolve('root')).toMatchObject({ uid: 0, gid: 0 });
    expect(await users.resolve('54321')).toEqual({ uid: 54321, gid: 54321, groups: [] });
    for (const user of ['no-such-user', '99999999999', '-1', '4294967295', '--help'])
      await expect(users.resolve(user)).rejects.toMatchObject({ code: 'LAUNCH_FAILED' });
  });
});

describe('commands', () => {
  it('returns any exit status, with output and input', async () => {
    const result = await runCommand('sh', ['-c', 'cat; echo $A >&2; exit 3'], {
      timeoutMs: 5000,
      input: 'in',
      environment: { A: 'b', PATH: '/bin:/usr/bin' },
    });
    expect(result).toMatchObject({ exitStatus: 3, stdout: 'in', stderr: 'b\n' });
    expect(await runCommand('sh', ['-c', 'kill -9 $$'], { timeoutMs: 5000 })).toMatchObject({
      exitStatus: undefined,
      signal: 'SIGKILL',
    });
  });

  it('says why there is no result', async () => {
    await expect(runCommand('/no/such/program', [], { timeoutMs: 5000 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(runCommand('sleep', ['100'], { timeoutMs: 50 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect(runCommand('cat', ['/dev/zero'], { timeoutMs: 5000, maxOutputBytes: 1000 })).rejects.toMatchObject({
      code: 'PROTOCOL',
    });
  });
});
