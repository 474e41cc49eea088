/** Directories of persistent volumes on a real file system. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Volume, VolumePlace } from '../../../src/runtime/volumes/volume.js';
import { VolumeDirectories } from '../../../src/runtime/volumes/volume-directories.js';
import { silentLogger } from '../http/fixture.js';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log('owners of volumes: skipped, only root gives directories away');

describe('directories of volumes', () => {
  let scratch: string;
  let workDir: string;
  let directories: VolumeDirectories;

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'mesoctl-volumes-'));
    workDir = join(scratch, 'work');
    mkdirSync(workDir);
    directories = new VolumeDirectories({
      workDir,
      logger: silentLogger,
      isMountPoint: async (path) => !path.endsWith('bare'),
    });
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  const volume = (id = 'v', place: VolumePlace = { kind: 'root' }, role = 'eng/web'): Volume => ({ role, id, place });
  const create = (...volumes: Volume[]) => directories.change({ key: 'op', create: volumes, destroy: [] });
  const destroy = (...volumes: Volume[]) => directories.change({ key: 'op', create: [], destroy: volumes });
  const disk = (kind: 'path' | 'mount', name = 'disk1'): VolumePlace => {
    const root = join(scratch, name);
    mkdirSync(root, { recursive: true });
    return { kind, root };
  };

  test('lie below the work directory, below the root of a PATH disk, or are the mount point', async () => {
    const [path, mount] = [disk('path'), disk('mount', 'disk2')];
    await create(volume(), volume('v', path), volume('v', mount));
    expect(directories.path(volume())).toBe(`${workDir}/volumes/roles/eng web/v`);
    expect(directories.path(volume('v', path))).toBe(`${scratch}/disk1/volumes/roles/eng web/v`);
    expect(directories.path(volume('v', mount))).toBe(`${scratch}/disk2`);
    expect(directories.path(volume('v', { kind: 'path', root: 'sub/' }))).toBe(
      `${workDir}/sub/volumes/roles/eng web/v`,
    );
    expect(statSync(directories.path(volume())).mode & 0o7777).toBe(0o750);
    expect(existsSync(directories.path(volume('v', path)))).toBe(true);
  });

  test('are made and destroyed again with the same result, as after a crash', async () => {
    await create(volume());
    await create(volume());
    writeFileSync(join(directories.path(volume()), 'data'), 'x');
    await destroy(volume());
    await destroy(volume());
    expect(readdirSync(`${workDir}/volumes/roles/eng web`)).toEqual([]);
    expect(readdirSync(`${workDir}/volumes/destroyed`)).toEqual([]);
  });

  test('are not made of a directory that holds something', async () => {
    mkdirSync(directories.path(volume('old')), { recursive: true });
    writeFileSync(join(directories.path(volume('old')), 'data'), 'of somebody else');
    await expect(create(volume('new'), volume('old'))).rejects.toMatchObject({
      code: 'DISK',
      message: expect.stringContaining('is not empty'),
    });
    expect(existsSync(directories.path(volume('new')))).toBe(false);
    expect(readFileSync(join(directories.path(volume('old')), 'data'), 'utf8')).toBe('of somebody else');
  });

  test('do not stay when making the others fails, not even those of an earlier try', async () => {
    await create(volume('a'), volume('b'));
    writeFileSync(join(directories.path(volume('b')), 'data'), 'x');
    await expect(create(volume('a'), volume('b'))).rejects.toMatchObject({ code: 'DISK' });
    expect([existsSync(directories.path(volume('a'))), existsSync(directories.path(volume('b')))]).toEqual([
      false,
      true,
    ]);
  });

  test('are not made of a link, nor on a disk that is not there', async () => {
    mkdirSync(`${workDir}/volumes/roles/eng web`, { recursive: true });
    symlinkSync(scratch, directories.path(volume()));
    await expect(create(volume())).rejects.toMatchObject({ code: 'DISK' });
    for (const kind of ['path', 'mount'] as const)
      await expect(create(volume('v', { kind, root: join(scratch, 'nothing') }))).rejects.toMatchObject({
        message: expect.stringContaining('nothing'),
      });
    expect(existsSync(join(scratch, 'nothing'))).toBe(false);
  });

  test('are neither made, used nor destroyed where nothing is mounted any more', async () => {
    const bare = volume('v', disk('mount', 'bare'));
    writeFileSync(join(scratch, 'bare/data'), 'of another disk');
    const nothing = { code: 'DISK', message: expect.stringContaining(`nothing is mounted on ${scratch}/bare`) };
    await expect(create(bare)).rejects.toMatchObject(nothing);
    await expect(directories.give(bare, undefined)).rejects.toMatchObject(nothing);
    await expect(destroy(bare)).rejects.toMatchObject(nothing);
    expect(await directories.findMissing([bare])).toEqual([bare]);
    expect(readdirSync(join(scratch, 'bare'))).toEqual(['data']);
  });

  test('are deleted without following links', async () => {
    await create(volume());
    const outside = join(scratch, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'precious'), 'x');
    symlinkSync(outside, join(directories.path(volume()), 'link'));
    mkdirSync(join(directories.path(volume()), 'deep/er'), { recursive: true });
    await destroy(volume());
    expect(existsSync(directories.path(volume()))).toBe(false);
    expect(readdirSync(outside)).toEqual(['precious']);
  });

  test('that are mount points are emptied and stay, and so does lost+found', async () => {
    const mount = disk('mount');
    const path = directories.path(volume('v', mount));
    mkdirSync(join(path, 'lost+found'));
    await create(volume('v', mount));
    writeFileSync(join(path, 'data'), 'x');
    writeFileSync(join(path, 'lost+found/hidden'), 'x');
    await destroy(volume('v', mount));
    expect([readdirSync(path), readdirSync(join(path, 'lost+found'))]).toEqual([['lost+found'], []]);
  });

  test('are all there still when one of them cannot be destroyed', async () => {
    await create(volume('a'), volume('b'));
    writeFileSync(join(directories.path(volume('a')), 'data'), 'kept');
    // Where the second is to be moved there is something that cannot be replaced.
    mkdirSync(`${workDir}/volumes/destroyed/op-1/full`, { recursive: true });
    await expect(destroy(volume('a'), volume('b'))).rejects.toMatchObject({
      code: 'DISK',
      message: expect.stringContaining("volume 'b' of role 'eng/web' cannot be destroyed"),
    });
    expect(readFileSync(join(directories.path(volume('a')), 'data'), 'utf8')).toBe('kept');
    expect(readdirSync(directories.path(volume('b')))).toEqual([]);
  });

  test('that were destroyed and not yet deleted go at the next start, those of interrupted operations excepted', async () => {
    for (const name of ['old-0', 'old-1', 'again-0'])
      mkdirSync(`${workDir}/volumes/destroyed/${name}/data`, { recursive: true });
    const places: VolumePlace[] = [{ kind: 'root' }, disk('path'), disk('mount')];
    await directories.remove(await directories.findLeftovers(places, new Set(['again'])));
    expect(readdirSync(`${workDir}/volumes/destroyed`)).toEqual(['again-0']);
  });

  test('are not made up when a task needs one that is gone', async () => {
    await expect(directories.give(volume(), undefined)).rejects.toMatchObject({
      message: expect.stringContaining("volume 'v' of role 'eng/web' cannot be used"),
    });
    expect(existsSync(directories.path(volume()))).toBe(false);
    await create(volume('there'));
    const missing = await directories.findMissing([volume('there'), volume(), volume('v', disk('mount'))]);
    expect(missing).toEqual([volume()]);
  });

  test.skipIf(!isRoot)('are given to the user of the task, what is in them is not', async () => {
    await create(volume());
    const path = directories.path(volume());
    writeFileSync(join(path, 'data'), 'x');
    expect(await directories.give(volume(), { uid: 65_534, gid: 65_533 })).toBe(path);
    expect([statSync(path).uid, statSync(path).gid, statSync(join(path, 'data')).uid]).toEqual([65_534, 65_533, 0]);
  });
});
