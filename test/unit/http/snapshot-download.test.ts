// The registry as one file over HTTP: whole, one at a time, and nothing of it stays behind.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { createSnapshotDownload, type SnapshotSite } from '../../../src/daemon/master/http/snapshot-download.js';
import { rawClient, startServer, type TestServer, until } from './fixture.js';

const MIB = 1024 * 1024;
const PATH = '/api/mesoctl/v1/snapshot';

let workDir: string;
let server: TestServer;
let saved: Buffer;
/** Taking it waits for this. */
let gate: Promise<void>;
let failure: MesoError | undefined;
let taken: number;

beforeEach(async () => {
  workDir = mkdtempSync(join(tmpdir(), 'mesoctl-download-'));
  mkdirSync(join(workDir, 'registry'));
  saved = Buffer.alloc(20 * MIB, 'registry ');
  gate = Promise.resolve();
  failure = undefined;
  taken = 0;
  const site: SnapshotSite = {
    config: { workDir },
    registry: {
      saveSnapshot: async (path) => {
        taken += 1;
        await gate;
        if (failure !== undefined) throw failure;
        // As the log worker does: never over a file.
        writeFileSync(path, saved, { flag: 'wx' });
        return { index: 812, sizeBytes: saved.length };
      },
    },
  };
  const handle = createSnapshotDownload();
  server = await startServer({ [PATH]: { methods: ['GET'], handle: (exchange) => handle(site, exchange) } });
});
afterEach(async () => {
  await server.server.close(0);
  rmSync(workDir, { recursive: true, force: true });
});

const left = () => readdirSync(join(workDir, 'registry'));
const get = () => fetch(`${server.url}${PATH}`);

/** A reader may have its last byte before the server knows that. */
async function statusOnceFree(): Promise<number> {
  const endMs = performance.now() + 10_000;
  for (;;) {
    const response = await get();
    await response.arrayBuffer();
    if (response.status !== 503 || performance.now() > endMs) return response.status;
  }
}

describe('GET snapshot', () => {
  it('is the whole file, with its size and index', async () => {
    const response = await get();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(response.headers.get('content-length')).toBe(String(saved.length));
    expect(response.headers.get('mesoctl-snapshot-index')).toBe('812');
    expect(Buffer.from(await response.arrayBuffer()).equals(saved)).toBe(true);
    expect(left()).toEqual([]);
  });

  it('is taken for one at a time', async () => {
    let open: () => void = () => undefined;
    gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const first = get();
    await until('the first is being taken', () => taken === 1);
    const second = await get();
    expect([second.status, await second.text()]).toEqual([503, 'another snapshot is being taken']);
    open();
    await (await first).arrayBuffer();
    expect(await statusOnceFree()).toBe(200);
    expect(taken).toBe(2);
  });

  it('leaves nothing for a reader that does not read and goes, and lets the next one have it', async () => {
    const slow = rawClient(server.port, `GET ${PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    await until('it has begun', () => slow.text().includes('200 OK'));
    slow.socket.pause();
    expect(left()).toEqual([]);
    expect((await get()).status).toBe(503);
    slow.socket.destroy();
    expect(await statusOnceFree()).toBe(200);
  });

  it('says why none can be taken, and removes what a crash left', async () => {
    writeFileSync(join(workDir, 'registry', 'download.snapshot'), 'half');
    failure = new MesoError('DISK', 'no room left for it');
    const refused = await get();
    expect([refused.status, await refused.text()]).toEqual([503, 'no snapshot can be taken: no room left for it']);
    expect(left()).toEqual([]);
    failure = undefined;
    writeFileSync(join(workDir, 'registry', 'download.snapshot'), 'half');
    const response = await get();
    expect(response.status).toBe(200);
    expect((await response.arrayBuffer()).byteLength).toBe(saved.length);
    expect(left()).toEqual([]);
  });
});
