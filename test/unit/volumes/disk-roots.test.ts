/** Which disks an agent may be configured with, on the directories and mounts of this machine. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isMountPoint, requireDiskRoots } from '../../../src/runtime/volumes/disk-roots.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';

/** Mounted on every Linux. */
const MOUNTED = '/proc';

describe('disks of --resources', () => {
  let scratch: string;
  let workDir: string;

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'mesoctl-disks-'));
    workDir = join(scratch, 'work');
    mkdirSync(workDir);
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  const disk = (source: mesos.Resource_DiskInfo_Source, more: Partial<mesos.Resource> = {}): mesos.Resource => ({
    name: 'disk',
    type: 'SCALAR',
    scalar: { value: 100 },
    disk: { source },
    ...more,
  });
  const path = (root: string) => disk({ type: 'PATH', path: { root } });
  const mount = (root: string) => disk({ type: 'MOUNT', mount: { root } });
  const check = (...resources: mesos.Resource[]) => requireDiskRoots(resources, workDir);

  test('are there: the work directory, a directory, a mount point, and links to them', async () => {
    symlinkSync(MOUNTED, join(scratch, 'link'));
    await check({ name: 'disk', type: 'SCALAR', scalar: { value: 1 } }, path(scratch), mount(join(scratch, 'link')));
    expect([await isMountPoint(join(scratch, 'link')), await isMountPoint(scratch)]).toEqual([true, false]);
  });

  test('of the agent itself are made', async () => {
    await check(path('roots/a'), path('roots/b/'));
    expect([existsSync(join(workDir, 'roots/a')), existsSync(join(workDir, 'roots/b'))]).toEqual([true, true]);
  });

  test('may be one directory, reserved to several roles', async () => {
    const reservations: mesos.Resource_ReservationInfo[] = [{ type: 'STATIC', role: 'eng' }];
    await check(path(scratch), { ...path(scratch), reservations });
  });

  test.each<[string, (dir: string) => mesos.Resource[], RegExp]>([
    ['a PATH disk that is not there', (dir) => [path(`${dir}/none`)], /PATH disk .*none cannot be used: ENOENT/],
    ['a PATH disk that is a file', (dir) => [path(`${dir}/file`)], /it is no directory/],
    ['a PATH disk without root', () => [disk({ type: 'PATH' })], /PATH disk of 100 MB has no root/],
    ['a root outside of the work directory', () => [path('a/../../b')], /leads out of the work directory/],
    ['a MOUNT disk that is not there', (dir) => [mount(`${dir}/none`)], /MOUNT disk .*none cannot be used: ENOENT/],
    ['a MOUNT disk that is not mounted', (dir) => [mount(dir)], /nothing is mounted there/],
    ['a MOUNT disk without root', () => [disk({ type: 'MOUNT', mount: {} })], /MOUNT disk of 100 MB has no root/],
    ['a MOUNT disk twice', (dir) => [mount(MOUNTED), mount(`${dir}/link`)], /is one disk, as a whole/],
    ['a disk inside a MOUNT disk', () => [mount(MOUNTED), path(`${MOUNTED}/self`)], /is one disk, as a whole/],
    ['a MOUNT disk around the work directory', () => [mount('/')], /holds the work directory/],
    ['a RAW disk', () => [disk({ type: 'RAW' })], /RAW disks are not supported/],
    ['a BLOCK disk', () => [disk({ type: 'BLOCK' })], /BLOCK disks are not supported/],
    [
      'a volume',
      () => [{ ...path('a'), disk: { persistence: { id: 'v' }, volume: { container_path: 'd', mode: 'RW' } } }],
      /made with CREATE/,
    ],
    [
      'a dynamic reservation',
      () => [{ ...path('a'), reservations: [{ type: 'DYNAMIC', role: 'eng' }] }],
      /made with RESERVE/,
    ],
  ])('cannot be %s', async (_, resourcesIn, message) => {
    writeFileSync(join(scratch, 'file'), '');
    symlinkSync(MOUNTED, join(scratch, 'link'));
    await expect(check(...resourcesIn(scratch))).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(message),
    });
  });
});
