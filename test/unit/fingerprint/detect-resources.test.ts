import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import type { Resources } from '../../../src/offers/resources/resources.js';
import { detectResources } from '../../../src/runtime/fingerprint/detect-resources.js';
import { scratchDirs } from '../sandbox/scratch.js';

const GIB = 1024 ** 3;
const CAPACITY = { onlineCpus: 4, memTotalBytes: 8 * GIB, workDirDiskBytes: 20 * GIB };

async function detect(flagText?: string, defaultRole = '*'): Promise<Resources> {
  const found = await detectResources({ flagText, defaultRole, workDir: '/tmp', capacity: CAPACITY });
  if (isRejection(found)) throw new Error(found.message);
  return found;
}

describe('detectResources', () => {
  const scratch = scratchDirs();

  it('detects everything when nothing is listed', async () => {
    const found = await detect();
    expect(Object.fromEntries(found.scalars())).toEqual({ cpus: 4, mem: 7168, disk: 15360 });
    expect(found.toString()).toContain('[31000-32000]');
  });

  it('lets the list win, zero included', async () => {
    const found = await detect('cpus:1.5;mem:0;ports:[1-2]');
    expect(Object.fromEntries(found.scalars())).toEqual({ cpus: 1.5, disk: 15360 });
    expect(found.toString()).not.toContain('31000');
  });

  it('reads a JSON array and a file', async () => {
    const json =
      '[{"name":"cpus","type":"SCALAR","scalar":{"value":2}},{"name":"disk","type":"SCALAR","scalar":{"value":9}}]';
    expect(Object.fromEntries((await detect(json)).scalars())).toEqual({ cpus: 2, disk: 9, mem: 7168 });
    const path = `${scratch()}/resources`;
    writeFileSync(path, 'cpus:3\n');
    expect((await detect(pathToFileURL(path).href)).scalar('cpus')).toBe(3);
  });

  it('gives what is detected the default role', async () => {
    const found = await detect('cpus(*):1', 'eng');
    expect(found.reservedTo('eng').scalar('mem')).toBe(7168);
    expect(found.unreserved().scalar('cpus')).toBe(1);
  });

  it.each(['cpus', 'cpus:x', 'cpus:-1', '[', '{}', 'file:///no/such/file'])('rejects %j', async (flagText) => {
    const found = await detectResources({ flagText, defaultRole: '*', workDir: '/tmp', capacity: CAPACITY });
    expect(isRejection(found)).toBe(true);
  });
});
