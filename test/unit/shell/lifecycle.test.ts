import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { Lifecycle } from '../../../src/daemon/lifecycle/lifecycle.js';
import { checkListenAddress } from '../../../src/daemon/lifecycle/listen-address.js';
import { findOpenFileLimit } from '../../../src/daemon/lifecycle/open-files.js';
import { removeReadyFile, writeReadyFile } from '../../../src/daemon/lifecycle/ready-file.js';
import { silentLogger } from '../http/fixture.js';

const scratch = mkdtempSync(join(tmpdir(), 'mesoctl-lifecycle-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('lifecycle', () => {
  test('closers run once, in reverse, whatever each of them does', async () => {
    const lifecycle = new Lifecycle(silentLogger);
    const order: string[] = [];
    lifecycle.defer('first', () => void order.push(`first ${lifecycle.signal.aborted}`));
    lifecycle.defer('throws', () => {
      order.push('throws');
      throw new Error('x');
    });
    lifecycle.defer('hangs', () => new Promise(() => void order.push('hangs')), 20);
    lifecycle.defer('rejects', () => Promise.reject(new Error('x')));
    expect(lifecycle.signal.aborted).toBe(false);
    await Promise.all([lifecycle.stop('a'), lifecycle.stop('b')]);
    expect(order).toEqual(['hangs', 'throws', 'first true']);
    lifecycle.defer('late', () => void order.push('late'));
    await lifecycle.stop('c');
    expect(order.at(-1)).toBe('late');
  });

  test.each([
    ['127.0.0.1', false, undefined],
    ['127.9.9.9', false, undefined],
    ['::1', false, undefined],
    ['0.0.0.0', false, 'ADDRESS_NOT_ALLOWED'],
    ['10.0.0.1', false, 'ADDRESS_NOT_ALLOWED'],
    ['::', false, 'ADDRESS_NOT_ALLOWED'],
    ['10.0.0.1', true, undefined],
    ['localhost', true, 'BAD_INPUT'],
    ['127.0.0.1.evil', false, 'BAD_INPUT'],
  ])('listening on %s, insecure %s', (ip, insecure, code) => {
    if (code === undefined) checkListenAddress(ip, insecure);
    else expect(() => checkListenAddress(ip, insecure)).toThrow(expect.objectContaining({ code }));
  });

  test('a ready file is complete or absent', () => {
    const path = join(scratch, 'ready.json');
    const ready = { pid: 1, ip: '127.0.0.1', port: 5, url: 'http://127.0.0.1:5', id: 'x' };
    writeReadyFile(path, ready);
    writeReadyFile(path, { ...ready, port: 6 });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ ...ready, port: 6 });
    removeReadyFile(path);
    removeReadyFile(path);
    expect(readdirSync(scratch)).toEqual([]);
    const nowhere = join(scratch, 'no', 'such', 'directory');
    expect(() => writeReadyFile(nowhere, ready)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });

  test('the limit of open files is known here', () => {
    expect(findOpenFileLimit()).toBeGreaterThan(100);
  });
});

describe('signals', () => {
  const module = pathToFileURL(join(import.meta.dirname, '../../../src/daemon/lifecycle/run-daemon.ts')).href;

  /** `stop`: what stopping does. */
  async function daemon(stop: string) {
    const script = `
      const { runDaemon } = await import(${JSON.stringify(module)});
      await runDaemon((signal) => {
        let resolve;
        const ended = new Promise((r) => { resolve = r; });
        const work = setInterval(() => {}, 1000);
        const stop = async () => { ${stop} };
        signal.addEventListener('abort', () => { console.log('asked'); void stop().then(resolve); });
        console.log('ready');
        return Promise.resolve({ ended, stop: async () => {} });
      });
      console.log('done');`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const said = async (word: string) => {
      while (!output.includes(word)) await once(child.stdout, 'data');
    };
    await said('ready');
    return { child, said };
  }

  test('the first one stops gracefully', async () => {
    const { child, said } = await daemon('clearInterval(work);');
    child.kill('SIGTERM');
    const [code] = await once(child, 'close');
    await said('done');
    expect(code).toBe(0);
  });

  test('the second one ends at once', async () => {
    const { child, said } = await daemon('await new Promise(() => {});');
    child.kill('SIGTERM');
    await said('asked');
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
  });
});
