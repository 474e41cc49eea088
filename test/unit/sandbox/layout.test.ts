import { existsSync, lstatSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { AccountNames } from '../../../src/runtime/sandbox/account-names.js';
import { createAgentDir, createSandbox } from '../../../src/runtime/sandbox/create.js';
import * as paths from '../../../src/runtime/sandbox/paths.js';
import { scratchDirs } from './scratch.js';

const IDS = { agentId: 'A', frameworkId: 'F', executorId: 'task.1', containerId: 'c1' };

describe('sandbox layout', () => {
  const scratch = scratchDirs();

  it('has the paths of the Mesos work directory', () => {
    expect(paths.runDir('/w', IDS)).toBe('/w/slaves/A/frameworks/F/executors/task.1/runs/c1');
    expect(paths.latestRunLink('/w', IDS)).toBe('/w/slaves/A/frameworks/F/executors/task.1/runs/latest');
    expect(paths.latestAgentLink('/w')).toBe('/w/slaves/latest');
    expect(paths.virtualLatestPath(IDS)).toBe('/frameworks/F/executors/task.1/runs/latest');
    expect(paths.virtualRunPath(IDS)).toBe('/frameworks/F/executors/task.1/runs/c1');
  });

  it.each(['', '.', '..', 'a/b', 'a\0b', 'x'.repeat(256), 'é'.repeat(128)])('builds no path from the id %j', (id) => {
    expect(paths.isPathComponent(id)).toBe(false);
    expect(() => paths.runDir('/w', { ...IDS, executorId: id })).toThrow(MesoError);
  });

  it('creates the sandbox private, with latest links, twice without harm', async () => {
    const workDir = scratch();
    createAgentDir(workDir, 'A');
    const sandbox = createSandbox({ workDir, ids: IDS });
    writeFileSync(`${sandbox}/kept`, '');
    expect(createSandbox({ workDir, ids: IDS })).toBe(sandbox);
    expect(existsSync(`${sandbox}/kept`)).toBe(true);
    expect(statSync(sandbox).mode & 0o777).toBe(0o750);
    expect(readlinkSync(paths.latestRunLink(workDir, IDS))).toBe('c1');
    createSandbox({ workDir, ids: { ...IDS, containerId: 'c2' } });
    expect(readlinkSync(paths.latestRunLink(workDir, IDS))).toBe('c2');
    expect(readlinkSync(paths.latestAgentLink(workDir))).toBe('A');
    expect(lstatSync(paths.latestAgentLink(workDir)).isSymbolicLink()).toBe(true);
  });

  it.skipIf(process.getuid?.() !== 0)('gives the sandbox alone to its owner (needs root)', async () => {
    const workDir = scratch();
    const sandbox = createSandbox({ workDir, ids: IDS, owner: { uid: 65534, gid: 65534 } });
    expect(statSync(sandbox)).toMatchObject({ uid: 65534, gid: 65534 });
    expect(statSync(`${sandbox}/..`)).toMatchObject({ uid: 0, gid: 0 });
  });

  it('says which directory cannot be made', async () => {
    const workDir = scratch();
    writeFileSync(`${workDir}/slaves`, '');
    expect(() => createSandbox({ workDir, ids: IDS })).toThrow(expect.objectContaining({ code: 'DISK' }));
  });
});

describe('AccountNames', () => {
  const names = new AccountNames(
    'root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\nbroken line\nodd:x:y:z::/:\n',
    'root:x:0:\nusers:x:100:ann\n',
  );

  it('names numbers, the first line winning', () => {
    expect(names.userName(0)).toBe('root');
    expect(names.userName(7)).toBe('7');
    expect(names.groupName(100)).toBe('users');
  });
});
