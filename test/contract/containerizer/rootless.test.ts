/** An agent without root: everything inside a user namespace, tracked by the pid namespace. Runs as user nobody. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildSupervisor, isRoot, until } from './fixture.js';

const NOBODY = 65534;
if (!isRoot) console.log('rootless containerizer tests: skipped, only root can become another user');

describe.skipIf(!isRoot)('an agent without root', () => {
  let dir: string;
  beforeAll(buildSupervisor);
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mesoctl-rootless-'));
    chownSync(dir, NOBODY, NOBODY);
    chmodSync(dir, 0o755);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function start(isolation: readonly string[]) {
    const script = fileURLToPath(new URL('./agent-process.ts', import.meta.url));
    const settings = JSON.stringify({ dir, cgroupsRoot: 'mesoctl-rootless', isolation });
    const child = spawn(process.execPath, ['--import', 'tsx', script, settings], {
      stdio: ['pipe', 'pipe', 'pipe'],
      uid: NOBODY,
      gid: NOBODY,
      env: { ...process.env, HOME: dir, TMPDIR: dir },
    });
    const events: { event: string; message?: string; termination?: { containerId: string; waitStatus: number } }[] = [];
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line)));
    return { child, events, stderr: () => stderr };
  }

  function spec(script: string, user?: string) {
    const containerId = randomUUID();
    return {
      containerId,
      argv: ['sh', '-c', script],
      environment: { PATH: '/usr/bin:/bin' },
      sandboxDir: join(dir, 'sandboxes', containerId),
      requests: { cpus: 0.1, memMb: 32, diskMb: 0 },
      limits: {},
      user,
    };
  }

  it('runs tasks in namespaces of their own, without any privilege, and kills all of them', async () => {
    const agent = start([
      'posix/cpu',
      'posix/mem',
      'namespaces/user',
      'namespaces/pid',
      'namespaces/mnt',
      'namespaces/ipc',
      'namespaces/uts',
    ]);
    const seen = spec(
      `id -u; grep CapEff /proc/self/status; ps -e -o comm=; umount ${dir}/runtime 2>&1; ls ${dir}/runtime; setsid sleep 1000 & exit 9`,
    );
    agent.child.stdin.write(`${JSON.stringify({ do: 'launch', spec: seen })}\n`);
    agent.child.stdin.write(`${JSON.stringify({ do: 'launch', spec: spec('true', 'root') })}\n`);
    const end = await until('the end', () => agent.events.find((each) => each.event === 'terminated')?.termination);
    expect(end.waitStatus).toBe(9 << 8);
    const stdout = readFileSync(join(seen.sandboxDir, 'stdout'), 'utf8');
    expect(stdout).toMatch(/^65534\nCapEff:\t0{16}\nmesoctl-init\nsh\nps\n/);
    expect(stdout).toMatch(/umount: .*\n$/);
    const refused = await until('the refusal', () => agent.events.find((each) => each.event === 'failed'));
    expect(refused.message).toContain('cannot run a task as user 0');
    agent.child.stdin.end();
    await until('the agent ends', () => agent.child.exitCode !== null);
  });

  it('is told that namespaces need namespaces/user', async () => {
    const agent = start(['namespaces/pid', 'namespaces/mnt']);
    await until('the agent ends', () => agent.child.exitCode !== null);
    expect(agent.stderr()).toMatch(/without root these need namespaces\/user/);
  });
});
