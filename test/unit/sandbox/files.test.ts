import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  openSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { HTTP_STATUS_OF_REJECTION, isRejection } from '../../../src/base/rejection.js';
import { MAX_READ_BYTES, SandboxFiles } from '../../../src/runtime/sandbox/files.js';
import { accepted, scratchDirs } from './scratch.js';

const VIRTUAL = '/frameworks/F/executors/E/runs/latest';

function statusOf(value: unknown): number {
  return isRejection(value) ? HTTP_STATUS_OF_REJECTION[value.code] : 200;
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('SandboxFiles', () => {
  const scratch = scratchDirs();

  async function attached(): Promise<{ dir: string; outside: string; files: SandboxFiles }> {
    const top = scratch();
    const dir = `${top}/sandbox`;
    const outside = `${top}/outside`;
    mkdirSync(dir);
    mkdirSync(outside);
    writeFileSync(`${outside}/secret`, 'secret');
    const files = new SandboxFiles();
    expect(await files.attach(VIRTUAL, dir)).toBeUndefined();
    return { dir, outside, files };
  }

  it('reads at an offset, caps at sixteen pages and tells the size', async () => {
    const { dir, files } = await attached();
    writeFileSync(`${dir}/stdout`, 'x'.repeat(100_000));
    const first = accepted(await files.read(`${VIRTUAL}/stdout`, 0));
    expect(first).toMatchObject({ sizeBytes: 100_000 });
    expect(first.data.length).toBe(MAX_READ_BYTES);
    expect(accepted(await files.read(`${VIRTUAL}/stdout`, MAX_READ_BYTES)).data.length).toBe(100_000 - MAX_READ_BYTES);
    expect(accepted(await files.read(`${VIRTUAL}/stdout`, 99_990, 4)).data.toString()).toBe('xxxx');
    expect(accepted(await files.read(`${VIRTUAL}/stdout`, 0, 0)).data.length).toBe(0);
    expect(accepted(await files.read(`${VIRTUAL}/stdout`, 0n, 2n ** 63n)).data.length).toBe(MAX_READ_BYTES);
    expect(accepted(await files.read(`${VIRTUAL}/stdout`, 2n ** 64n - 1n)).data.length).toBe(0);
    expect(accepted(await files.read(`${VIRTUAL}/stdout`, undefined))).toEqual({
      sizeBytes: 100_000,
      data: Buffer.alloc(0),
    });
    expect(statusOf(await files.read(`${VIRTUAL}/stdout`, -5))).toBe(400);
  });

  it('answers 404 for what is missing and 400 for what is no file', async () => {
    const { dir, files } = await attached();
    mkdirSync(`${dir}/sub`);
    writeFileSync(`${dir}/plain`, '');
    execFileSync('mkfifo', [`${dir}/fifo`]);
    expect(statusOf(await files.read(`${VIRTUAL}/none`, 0))).toBe(404);
    expect(statusOf(await files.read(`${VIRTUAL}/plain/below`, 0))).toBe(404);
    expect(statusOf(await files.read('/elsewhere', 0))).toBe(404);
    expect(statusOf(await files.read(`${VIRTUAL}/sub`, 0))).toBe(400);
    expect(statusOf(await files.read(`${VIRTUAL}/fifo`, 0))).toBe(400);
    expect(statusOf(await files.list(`${VIRTUAL}/plain`))).toBe(400);
    expect(statusOf(await files.list(`${VIRTUAL}/none`))).toBe(404);
    expect(statusOf(await files.read('', 0))).toBe(400);
  });

  it.each([
    `${VIRTUAL}/../../latest/a`,
    `${VIRTUAL}/..`,
    '/..',
    `${VIRTUAL}/a\0b`,
    `${VIRTUAL}/${'n'.repeat(300)}`,
    `/${'p/'.repeat(3000)}`,
  ])('refuses the path %j with 400', async (path) => {
    const { files } = await attached();
    expect(statusOf(await files.read(path, 0))).toBe(400);
    expect(statusOf(await files.list(path))).toBe(400);
    expect(statusOf(await files.download(path))).toBe(400);
  });

  it('follows links inside and refuses those that lead outside', async () => {
    const { dir, outside, files } = await attached();
    mkdirSync(`${dir}/sub/deep`, { recursive: true });
    writeFileSync(`${dir}/sub/file`, 'inside');
    symlinkSync('sub/file', `${dir}/relative`);
    symlinkSync('../file', `${dir}/sub/deep/up`);
    symlinkSync(`${dir}/sub`, `${dir}/absolute`);
    symlinkSync(`${outside}/secret`, `${dir}/escape`);
    symlinkSync('../outside/secret', `${dir}/climb`);
    symlinkSync('../outside', `${dir}/climbdir`);
    symlinkSync(`${dir}-other`, `${dir}/sibling`);
    symlinkSync('/etc', `${dir}/etc`);
    symlinkSync('loop', `${dir}/loop`);
    const read = async (name: string) => await files.read(`${VIRTUAL}/${name}`, 0);
    for (const name of ['relative', 'sub/deep/up', 'absolute/file', 'absolute/deep/up'])
      expect(accepted(await read(name)).data.toString()).toBe('inside');
    for (const name of ['escape', 'climb', 'climbdir/secret', 'sibling', 'etc/passwd', 'loop'])
      expect(statusOf(await read(name)), name).toBe(400);
    expect(statusOf(await files.list(`${VIRTUAL}/climbdir`))).toBe(400);
  });

  it('lists entries sorted, with links as links, under the path that was asked for', async () => {
    const { dir, files } = await attached();
    writeFileSync(`${dir}/b`, 'four');
    chmodSync(`${dir}/b`, 0o640);
    mkdirSync(`${dir}/a`);
    symlinkSync('/etc/shadow', `${dir}/c`);
    const infos = accepted(await files.list(`${VIRTUAL}/`));
    expect(infos.map((info) => info.path)).toEqual(['a', 'b', 'c'].map((name) => `${VIRTUAL}/${name}`));
    const [a, b, c] = infos;
    expect((a?.mode ?? 0) & 0o170000).toBe(0o040000);
    expect(b).toMatchObject({ size: 4, nlink: 1, mode: 0o100640 });
    expect(Number(b?.mtime?.nanoseconds) / 1e6).toBeGreaterThan(Date.now() - 60_000);
    expect((c?.mode ?? 0) & 0o170000).toBe(0o120000);
    if (process.getuid?.() === 0) expect(b).toMatchObject({ uid: 'root', gid: 'root' });
  });

  it('streams a download of exactly the size at its start', async () => {
    const { dir, files } = await attached();
    writeFileSync(`${dir}/out`, 'hello');
    writeFileSync(`${dir}/empty`, '');
    const download = accepted(await files.download(`${VIRTUAL}/out`));
    expect(download).toMatchObject({ name: 'out', sizeBytes: 5 });
    writeSync(openSync(`${dir}/out`, 'a'), ' and more');
    expect(await text(download.stream)).toBe('hello');
    const empty = accepted(await files.download(`${VIRTUAL}/empty`));
    expect(empty.sizeBytes).toBe(0);
    expect(await text(empty.stream)).toBe('');
  });

  it('gives what is left of a file that shrinks', async () => {
    const { dir, files } = await attached();
    writeFileSync(`${dir}/out`, 'hello');
    truncateSync(`${dir}/out`, 2);
    expect(accepted(await files.read(`${VIRTUAL}/out`, 0)).data.toString()).toBe('he');
    expect(accepted(await files.read(`${VIRTUAL}/out`, 4)).data.length).toBe(0);
  });

  it('takes the longest attached prefix, attaches single files, forgets on detach', async () => {
    const { dir, outside, files } = await attached();
    writeFileSync(`${dir}/x`, 'outer');
    expect(await files.attach(`${VIRTUAL}/sub`, outside)).toBeUndefined();
    expect(await files.attach('/slave/log', `${dir}/x`)).toBeUndefined();
    expect(accepted(await files.read(`${VIRTUAL}/sub/secret`, 0)).data.toString()).toBe('secret');
    expect(accepted(await files.read('//slave//log/', 0)).data.toString()).toBe('outer');
    expect(statusOf(await files.read('/slave/log/x', 0))).toBe(404);
    expect(files.detach(`${VIRTUAL}/sub`)).toBe(true);
    expect(files.detach(`${VIRTUAL}/sub`)).toBe(false);
    expect(statusOf(await files.read(`${VIRTUAL}/sub/secret`, 0))).toBe(404);
    expect(statusOf(await files.attach('/x', `${dir}/none`))).toBe(404);
    expect([...files.attachments().keys()]).toEqual([VIRTUAL, '/slave/log']);
  });

  it('leaks no descriptor, whatever the answer', async () => {
    const { dir, files } = await attached();
    mkdirSync(`${dir}/a/b`, { recursive: true });
    writeFileSync(`${dir}/a/b/f`, 'x');
    symlinkSync('/etc/passwd', `${dir}/a/l`);
    const before = openDescriptors();
    for (let i = 0; i < 20; i++) {
      await files.read(`${VIRTUAL}/a/b/f`, 0);
      await files.read(`${VIRTUAL}/a/l`, 0);
      await files.read(`${VIRTUAL}/a/b`, 0);
      await files.read(`${VIRTUAL}/a/none/f`, 0);
      await files.list(`${VIRTUAL}/a`);
    }
    expect(openDescriptors()).toBe(before);
  });

  it('never shows the outside to an owner who swaps directories for links', async () => {
    const { dir, outside, files } = await attached();
    mkdirSync(`${dir}/d`);
    writeFileSync(`${dir}/d/secret`, 'inside');
    const swapper = spawn('sh', ['-c', `cd ${dir}; while :; do mv d e; ln -s ${outside} d; rm d; mv e d; done`]);
    try {
      const seen = new Set<string>();
      const deadline = performance.now() + 1500;
      while (performance.now() < deadline) {
        const read = await files.read(`${VIRTUAL}/d/secret`, 0);
        seen.add(isRejection(read) ? read.code : read.data.toString());
      }
      expect(seen).not.toContain('secret');
      expect(seen).toContain('inside');
    } finally {
      swapper.kill('SIGKILL');
      await new Promise((resolve) => swapper.once('exit', resolve));
    }
  });
});
