/** How a container sees its volumes: mounted where it has a mount namespace, linked where it has none. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerVolume } from '../../../src/runtime/containerizer.js';
import type { LinuxContainerizerOptions } from '../../../src/runtime/linux-containerizer-options.js';
import { ACCOUNTING, Agent, buildSupervisor, isRoot, NAMESPACES } from './fixture.js';

if (!isRoot) console.log('containerizer volume tests: skipped, they need root');

describe.skipIf(!isRoot)('volumes', () => {
  let agent: Agent;
  let scratch: string;

  beforeAll(buildSupervisor);
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'mesoctl-volumes-'));
  });
  afterEach(async () => {
    await agent.dispose();
    rmSync(scratch, { recursive: true });
  });

  async function open(isolation: readonly string[]): Promise<void> {
    const options: Partial<LinuxContainerizerOptions> = { isolation: [...ACCOUNTING, ...isolation] };
    agent = await Agent.open(options);
  }

  function volume(name: string, containerPath: string, readOnly = false): ContainerVolume {
    const source = join(scratch, name);
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, 'old'), 'kept\n');
    return { source, containerPath, readOnly };
  }

  it.each([
    ['a mount namespace', [...NAMESPACES]],
    ['a user namespace, too', [...NAMESPACES, 'namespaces/user']],
    ['neither', []],
  ])('are read and written by a task with %s', async (_, isolation) => {
    await open(isolation);
    const { stdout, stderr, termination } = await agent.run('cat data/old a/b/old && echo new > data/new', {
      volumes: [volume('one', 'data'), volume('two', 'a/b')],
    });
    expect([stdout, stderr, termination.waitStatus]).toEqual(['kept\nkept\n', '', 0]);
    expect(readFileSync(join(scratch, 'one/new'), 'utf8')).toBe('new\n');
  });

  it('are not to be seen in the sandbox from outside', async () => {
    await open(NAMESPACES);
    const { process } = await agent.run('touch data/new', { volumes: [volume('one', 'data')] });
    expect(readdirSync(join(process.checkpoint.sandboxDir, 'data'))).toEqual([]);
    expect(existsSync(join(scratch, 'one/new'))).toBe(true);
  });

  it('that are read-only cannot be written', async () => {
    await open(NAMESPACES);
    const { stdout, stderr } = await agent.run('cat data/old; touch data/new; touch a/new', {
      volumes: [volume('one', 'data', true), volume('two', 'a')],
    });
    expect(stdout).toBe('kept\n');
    expect(stderr).toContain('Read-only file system');
    expect([readdirSync(join(scratch, 'one')), readdirSync(join(scratch, 'two'))]).toEqual([['old'], ['new', 'old']]);
  });

  it('that are read-only are refused where nothing holds a task to it', async () => {
    await open([]);
    await expect(agent.run('true', { volumes: [volume('one', 'data', true)] })).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
      message: expect.stringContaining('disk.volume.mode RO (needs --isolation with namespaces/mnt)'),
    });
  });

  it.each([
    ['a mount namespace', NAMESPACES],
    ['none', []],
  ])('are not put where a link of the sandbox leads, with %s', async (_, isolation) => {
    await open(isolation);
    const sandboxDir = join(agent.dir, 'sandbox-with-link');
    const outside = join(scratch, 'outside');
    mkdirSync(sandboxDir);
    mkdirSync(outside);
    symlinkSync(outside, join(sandboxDir, 'a'));
    await expect(agent.run('true', { sandboxDir, volumes: [volume('one', 'a/b')] })).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
      message: expect.stringContaining("disk.volume.container_path 'a/b'"),
    });
    expect(readdirSync(outside)).toEqual([]);
  });
});
