/** Where container records go: the same place after every restart, never a place that somebody else may write. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRuntimeDir, removeRuntimeDir } from '../../../src/runtime/runtime-dir.js';

const TMPFS_MAGIC = 0x01021994;
const MIN_FREE_BYTES = 256 * 1024 * 1024;
const SHM = '/dev/shm';

/** Why the cases in memory cannot run here. */
function findObstacle(): string | undefined {
  if (process.geteuid?.() !== 0) return 'not root';
  if (!existsSync(SHM)) return `no ${SHM}`;
  const { bavail, bsize, type } = statfsSync(SHM);
  return type === TMPFS_MAGIC && bavail * bsize >= MIN_FREE_BYTES ? undefined : `${SHM} is no tmpfs with enough room`;
}

const obstacle = findObstacle();
if (obstacle !== undefined) console.log(`runtime-dir: cases in memory skipped: ${obstacle}`);

let workDir: string;
let root: string;

beforeEach(() => {
  workDir = mkdtempSync(join(tmpdir(), 'mesoctl-runtime-dir-'));
  root = mkdtempSync(join(obstacle === undefined ? SHM : tmpdir(), 'mesoctl-runtime-dir-'));
});

afterEach(() => {
  for (const path of [workDir, root]) rmSync(path, { recursive: true, force: true });
});

describe('without memory', () => {
  it('is a private directory of the work directory', () => {
    expect(openRuntimeDir(workDir, { roots: ['/nowhere', tmpdir()] })).toBe(`${workDir}/runtime`);
    expect(lstatSync(`${workDir}/runtime`).mode & 0o777).toBe(0o700);
    expect(openRuntimeDir(workDir, { roots: [root] })).toBe(`${workDir}/runtime`);
  });

  it('says which directory cannot be made', () => {
    writeFileSync(`${workDir}/file`, '');
    expect(() => openRuntimeDir(`${workDir}/file`)).toThrow(expect.objectContaining({ code: 'DISK' }));
  });
});

describe.skipIf(obstacle !== undefined)('in memory', () => {
  const open = () => openRuntimeDir(workDir, { roots: ['/nowhere', root] });

  it('is private, linked from the work directory, and the same after a restart', () => {
    const target = open();
    expect(target.startsWith(`${root}/mesoctl/`)).toBe(true);
    expect(readlinkSync(`${workDir}/runtime`)).toBe(target);
    expect(lstatSync(target).mode & 0o777).toBe(0o700);
    writeFileSync(`${target}/kept`, '');
    expect(openRuntimeDir(workDir, { roots: [] })).toBe(target);
    expect(existsSync(`${target}/kept`)).toBe(true);
  });

  it('is another one for another work directory', () => {
    const other = mkdtempSync(join(tmpdir(), 'mesoctl-runtime-dir-'));
    expect(openRuntimeDir(other, { roots: [root] })).not.toBe(open());
    rmSync(other, { recursive: true });
  });

  it('is made again after a boot has emptied the memory', () => {
    const target = open();
    rmSync(`${root}/mesoctl`, { recursive: true });
    expect(open()).toBe(target);
    expect(lstatSync(target).mode & 0o777).toBe(0o700);
  });

  it('becomes a directory of the work directory when the memory is gone for good', () => {
    open();
    rmSync(root, { recursive: true });
    writeFileSync(root, '');
    expect(open()).toBe(`${workDir}/runtime`);
    expect(lstatSync(`${workDir}/runtime`).isDirectory()).toBe(true);
  });

  it('leaves the records where an agent has them already', () => {
    mkdirSync(`${workDir}/runtime`);
    expect(open()).toBe(`${workDir}/runtime`);
  });

  it('is not where others prepared a place for it', () => {
    mkdirSync(`${root}/mesoctl`);
    chmodSync(`${root}/mesoctl`, 0o777);
    expect(open()).toBe(`${workDir}/runtime`);
    rmSync(`${workDir}/runtime`, { recursive: true });
    rmSync(`${root}/mesoctl`, { recursive: true });
    symlinkSync(workDir, `${root}/mesoctl`);
    expect(open()).toBe(`${workDir}/runtime`);
  });

  it('is removed on request, and nothing else is', () => {
    const target = open();
    mkdirSync(`${target}/containers/c1`, { recursive: true });
    removeRuntimeDir(workDir);
    expect(existsSync(target)).toBe(false);
    expect(existsSync(`${workDir}/runtime`)).toBe(false);
    mkdirSync(`${workDir}/runtime`);
    removeRuntimeDir(workDir);
    expect(existsSync(`${workDir}/runtime`)).toBe(true);
  });
});
