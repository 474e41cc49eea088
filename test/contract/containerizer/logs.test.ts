/** stdout and stderr of tasks: complete, bounded, followable, and safe from what the task does to its sandbox. */
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Agent, buildSupervisor, isRoot, until } from './fixture.js';

if (!isRoot) console.log('containerizer log tests: skipped, they need root');

describe.skipIf(!isRoot)('output of tasks', () => {
  let agent: Agent;
  beforeAll(buildSupervisor);
  beforeEach(async () => {
    agent = await Agent.open({ maxLogSizeBytes: 1000, maxLogFiles: 2 });
  });
  afterEach(() => agent.dispose());

  it('rotates at whole lines, keeps so many old files and no more', async () => {
    const { process } = await agent.run('i=1000; while [ $i -lt 1400 ]; do echo "line $i"; i=$((i+1)); done');
    const dir = process.checkpoint.sandboxDir;
    expect(readdirSync(dir).sort()).toEqual(['stderr', 'stdout', 'stdout.1', 'stdout.2']);
    const files = ['stdout.2', 'stdout.1', 'stdout'].map((name) => readFileSync(join(dir, name), 'utf8'));
    for (const text of files) {
      expect(text.length).toBeLessThanOrEqual(1000);
      expect(text).toMatch(/^(line \d+\n)+$/);
    }
    const numbers = files
      .join('')
      .trim()
      .split('\n')
      .map((line) => Number(line.slice(5)));
    expect(numbers).toEqual(numbers.map((_, i) => 1400 - numbers.length + i));
    expect(numbers.length).toBeGreaterThan(200);
  });

  it('loses nothing to a follower that reads across rotations', async () => {
    await agent.dispose();
    agent = await Agent.open({ maxLogSizeBytes: 4000, maxLogFiles: 5 });
    const launched = await agent.shell(
      'i=0; while [ $i -lt 600 ]; do echo "line $i of the task"; i=$((i+1)); [ $((i % 20)) = 0 ] && sleep 0.01; done',
    );
    const dir = launched.checkpoint.sandboxDir;
    const text = await follow(join(dir, 'stdout'), () => agent.ends.has(launched.containerId));
    expect(text).toBe(Array.from({ length: 600 }, (_, i) => `line ${i} of the task\n`).join(''));
    expect(existsSync(join(dir, 'stdout.2'))).toBe(true);
  });

  it('keeps every byte of a burst before the end, and of lines longer than a file', async () => {
    await agent.dispose();
    agent = await Agent.open({ maxLogSizeBytes: 10_000_000, maxLogFiles: 2 });
    const { stdout, stderr } = await agent.run(
      'head -c 3000000 /dev/zero | tr "\\0" x; head -c 70000 /dev/zero | tr "\\0" y >&2',
    );
    expect(stdout.length).toBe(3_000_000);
    expect(stderr.length).toBe(70_000);
    const { process } = await agent.run('head -c 200000 /dev/zero | tr "\\0" z; echo end');
    expect(statSync(join(process.checkpoint.sandboxDir, 'stdout')).size).toBe(200_004);
  });

  it('bounds lines longer than a file', async () => {
    const { process } = await agent.run('head -c 5500 /dev/zero | tr "\\0" z; echo end');
    const [last, ...old] = ['stdout', 'stdout.1', 'stdout.2'].map((name) =>
      readFileSync(join(process.checkpoint.sandboxDir, name), 'utf8'),
    );
    expect(last).toMatch(/^z{1,996}end\n$/);
    for (const text of old) expect(text).toMatch(/^z{1,1000}$/);
  });

  it('writes no file outside the sandbox, whatever the task puts in the place of its logs', async () => {
    const victim = join(agent.dir, 'victim');
    writeFileSync(victim, 'precious');
    const many = 'i=0; while [ $i -lt 500 ]; do echo "line $i"; i=$((i+1)); done';
    const { process, termination } = await agent.run(
      `rm stdout; ln -s ${victim} stdout; ln -s ${victim} stdout.1; ${many}; mkfifo fifo; mv fifo stderr; (${many}) >&2; exit 3`,
      { user: 'nobody' },
    );
    expect(termination.waitStatus).toBe(3 << 8);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(statSync(join(process.checkpoint.sandboxDir, 'stdout')).size).toBeLessThanOrEqual(1000);
  });

  it('stays bounded when the task obstructs the rotation', async () => {
    const script =
      'mkdir stdout.1 stdout.2; touch stdout.1/x stdout.2/x; i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); done; echo last';
    const { stdout } = await agent.run(script);
    expect(stdout.length).toBeLessThanOrEqual(1000);
    expect(stdout.endsWith('last\n')).toBe(true);
  });

  it('keeps nothing old when told so', async () => {
    await agent.dispose();
    agent = await Agent.open({ maxLogSizeBytes: 1000, maxLogFiles: 0 });
    const { process } = await agent.run('i=0; while [ $i -lt 500 ]; do echo "line $i"; i=$((i+1)); done');
    expect(readdirSync(process.checkpoint.sandboxDir).sort()).toEqual(['stderr', 'stdout']);
  });

  it('fails the launch when the logs cannot be opened', async () => {
    const spec = agent.spec(['true']);
    const { mkdirSync } = await import('node:fs');
    mkdirSync(join(spec.sandboxDir, 'stdout'), { recursive: true });
    await expect(agent.containerizer.launch(spec, () => Promise.resolve())).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
      message: expect.stringContaining('open stdout in the sandbox: EISDIR'),
    });
  });
});

/** As a follower does: reads an open file to its end, then the file that took its name. */
async function follow(path: string, isOver: () => boolean): Promise<string> {
  let text = '';
  let fd = await until('the log', () => (existsSync(path) ? openSync(path, 'r') : undefined));
  const chunk = Buffer.alloc(65536);
  const drain = (): void => {
    for (let got = readSync(fd, chunk); got > 0; got = readSync(fd, chunk)) text += chunk.toString('utf8', 0, got);
  };
  await until('the end of the task', () => {
    const over = isOver();
    drain();
    for (let next = openSync(path, 'r'); ; next = openSync(path, 'r')) {
      if (fstatSync(next).ino === fstatSync(fd).ino) {
        closeSync(next);
        break;
      }
      drain();
      closeSync(fd);
      fd = next;
      drain();
    }
    return over;
  });
  closeSync(fd);
  return text;
}
