/** A disk that is full when a task ends must delay the news of its end, never falsify it. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Agent, buildSupervisor, isAlive, isRoot, until } from './fixture.js';

if (!isRoot) console.log('full disk test: skipped, it mounts a small file system and needs root');

describe.skipIf(!isRoot)('a full disk', () => {
  let agent: Agent;
  let dir: string;
  beforeAll(buildSupervisor);
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'mesoctl-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'none', dir]);
    agent = await Agent.open({ runtimeDir: join(dir, 'runtime') });
  });
  afterEach(async () => {
    try {
      await agent.dispose();
    } finally {
      execFileSync('umount', ['--lazy', dir]);
      rmSync(dir, { recursive: true });
    }
  });

  it('keeps an exit status until there is room for it', async () => {
    mkdirSync(join(agent.dir, 'go'));
    const launched = await agent.shell(`while [ -e ${agent.dir}/go ]; do sleep 0.02; done; exit 5`);
    const filler = join(dir, 'filler');
    expect(() => {
      for (;;) appendFileSync(filler, Buffer.alloc(4096));
    }).toThrow(/ENOSPC/);
    rmSync(join(agent.dir, 'go'), { recursive: true });
    await until('init has ended', () => !isAlive(launched.pid));
    await until('the status is being written', () => existsSync(join(launched.checkpoint.runtimeDir, 'status.tmp')));
    expect(agent.reported).toEqual([]);
    expect(isAlive(launched.checkpoint.supervisorPid)).toBe(true);
    rmSync(filler);
    expect((await agent.ended(launched.containerId)).waitStatus).toBe(5 << 8);
  });

  it('costs a task its output and nothing else, and output goes on when there is room again', async () => {
    const sandboxDir = join(dir, 'sandbox');
    const go = join(agent.dir, 'go');
    const flooded = join(agent.dir, 'flooded');
    const flood = `head -c 3000000 /dev/zero; head -c 100000 /dev/zero >&2; mkdir ${flooded}`;
    const launched = await agent.shell(`${flood}; while [ ! -e ${go} ]; do sleep 0.02; done; echo room; exit 6`, {
      sandboxDir,
    });
    await until('the disk is full', () => statfsSync(dir).bavail === 0);
    await until('the flood is over', () => existsSync(flooded));
    expect(isAlive(launched.checkpoint.supervisorPid)).toBe(true);
    truncateSync(join(sandboxDir, 'stdout'), 0);
    mkdirSync(go);
    expect((await agent.ended(launched.containerId)).waitStatus).toBe(6 << 8);
    expect(readFileSync(join(sandboxDir, 'stdout'), 'utf8')).toBe('room\n');
  });
});
