import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isAlive, projectRoot, readReadyFile, StartedProcess, sweep, until } from './process.mjs';

function scratch(): string {
  return mkdtempSync(join(tmpdir(), 'mesoctl-harness-'));
}

describe('the harness', () => {
  it('explains a wait that was in vain', async () => {
    const waiting = until('the moon is blue', () => false, { deadlineMs: 30, explain: () => 'it is grey' });
    await expect(waiting).rejects.toThrow(/the moon is blue: not within 30 ms\nit is grey/);
    expect(await until('zero counts as a value', () => 0)).toBe(0);
  });

  it('shows the output of a process that ended before it was ready', async () => {
    const dir = scratch();
    const started = new StartedProcess({
      name: 'mayfly',
      logPath: join(dir, 'log'),
      command: 'sh',
      args: ['-c', 'echo dying; exit 3'],
    });
    const ready = readReadyFile(started, join(dir, 'ready'), 10_000);
    await expect(ready).rejects.toThrow(/mayfly ended before it was ready: .*"code":3[\s\S]*dying/);
    await sweep(dir);
  });

  it('kills what does not end on request', async () => {
    const dir = scratch();
    const started = new StartedProcess({
      name: 'stubborn',
      logPath: join(dir, 'log'),
      command: 'sh',
      args: ['-c', 'trap "" TERM; echo up; while :; do sleep 0.1; done'],
    });
    await until('it is up', () => started.log().includes('up'));
    expect(await started.end('SIGTERM', 100)).toMatchObject({ signal: 'SIGKILL' });
    await sweep(dir);
  });

  it('sweeps away what names its directory, and nothing else', async () => {
    const dir = scratch();
    const named = spawn('sleep', ['1000'], { env: { ...process.env, SANDBOX: `${dir}/x` }, stdio: 'ignore' });
    const other = spawn('sleep', ['1000'], { stdio: 'ignore' });
    writeFileSync(join(dir, 'file'), '');
    try {
      await sweep(dir);
      expect(isAlive(named.pid ?? 0)).toBe(false);
      expect(isAlive(other.pid ?? 0)).toBe(true);
      expect(existsSync(dir)).toBe(false);
    } finally {
      other.kill('SIGKILL');
    }
  });

  it('counts the cases of a tier and fails when one fails or none ran', () => {
    const tier = pathToFileURL(join(projectRoot, 'test/harness/tier.mjs')).href;
    const run = (cases: string) => {
      const program = `import { Tier } from '${tier}'; const tier = new Tier('t', undefined); ${cases} await tier.run();`;
      const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
        encoding: 'utf8',
      });
      return { last: stdout.trim().split('\n').at(-1), status };
    };
    const pass = "tier.add('a', async () => {});";
    const fail = "tier.add('b', async () => { throw new Error('no'); });";
    const skip = "tier.add('c', async () => {}, { skip: 'because' });";
    const late = "tier.add('d', () => new Promise((resolve) => setTimeout(resolve, 500)), { deadlineMs: 20 });";
    expect(run(pass + skip)).toEqual({ last: '1 passed, 0 failed, 1 skipped', status: 0 });
    expect(run(pass + fail + late)).toEqual({ last: '1 passed, 2 failed, 0 skipped', status: 1 });
    expect(run('')).toEqual({ last: '0 passed, 0 failed, 0 skipped', status: 1 });
  });
});
