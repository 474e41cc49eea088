import { afterEach, describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { LogTail } from '../../../src/cli/top/log-tail.js';
import type { LogState } from '../../../src/views/tui/ui.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { until } from '../../harness/process.mjs';

/** Files of a sandbox in memory, 64 KB a read as agents give. */
class Files {
  readonly files: { bytes: Buffer; mtime: number }[] = [{ bytes: Buffer.alloc(0), mtime: 1 }];
  failure: MesoError | undefined;
  reads = 0;
  onRead: () => void = () => undefined;

  write(text: string): void {
    const live = this.files[0];
    if (live === undefined) throw new Error('no live file');
    live.bytes = Buffer.concat([live.bytes, Buffer.from(text)]);
    live.mtime += 1;
  }

  rotate(): void {
    this.files.unshift({ bytes: Buffer.alloc(0), mtime: (this.files[0]?.mtime ?? 0) + 1000 });
  }

  list(): Promise<readonly mesos.FileInfo[]> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return Promise.resolve(
      this.files.map(({ bytes, mtime }, i) => ({
        path: `/s/stdout${i === 0 ? '' : `.${i}`}`,
        size: bytes.length,
        mtime: { nanoseconds: mtime },
      })),
    );
  }

  read(name: string, offset: number): Promise<{ sizeBytes: number; data: Uint8Array }> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.reads += 1;
    this.onRead();
    const file = this.files[name === 'stdout' ? 0 : Number(name.slice(7))];
    if (file === undefined) return Promise.reject(new MesoError('NOT_FOUND', name));
    return Promise.resolve({ sizeBytes: file.bytes.length, data: file.bytes.subarray(offset, offset + 65_536) });
  }
}

const over: AbortController[] = [];
afterEach(() => {
  for (const one of over.splice(0)) one.abort();
});

function follow(files: Files, hasEnded = () => false) {
  const states: LogState[] = [];
  const controller = new AbortController();
  over.push(controller);
  const tail = new LogTail({
    taskKey: 'f/t',
    file: 'stdout',
    source: files,
    agent: 'node-09 (10.0.0.9:5051)',
    hasEnded,
    onState: (state) => states.push(state),
  });
  const running = tail.run(controller.signal);
  const state = (what: string, fits: (state: LogState) => boolean) =>
    until(what, () => states.findLast(fits), { explain: () => JSON.stringify(states.at(-1)).slice(0, 500) });
  return { states, running, state };
}

describe('LogTail', () => {
  it('begins with the last 64 KB, follows, and ends with the task', async () => {
    const files = new Files();
    files.write(Array.from({ length: 20_000 }, (_, i) => `line ${i + 1}\n`).join(''));
    let ended = false;
    const { state, running, states } = follow(files, () => ended);
    const first = await state('the end of the file', ({ lines }) => lines.at(-1) === 'line 20000');
    expect(first.lines.length).toBeLessThan(6000);
    expect(first.lines[0]).toMatch(/^line \d+$/);
    files.write('more\n');
    await state('what was added', ({ lines }) => lines.at(-1) === 'more');
    files.rotate();
    files.write('after rotation\n');
    await state('what came after a rotation', ({ lines }) => lines.at(-1) === 'after rotation');
    files.write('last words');
    ended = true;
    await running;
    expect(states.at(-1)).toMatchObject({ status: 'ended', note: 'task ended', skipped: 0 });
    expect(states.at(-1)?.lines.at(-1)).toBe('last words');
  });

  it('survives an agent that is away for a while, and says who it is', async () => {
    const files = new Files();
    files.write('one\n');
    const { state } = follow(files);
    await state('the first line', ({ lines, status }) => lines.length === 1 && status === 'following');
    files.failure = new MesoError('CONNECTION_LOST', 'READ_FILE: no answer from 10.0.0.9:5051 (refused)');
    const failed = await state('a failure', ({ status }) => status === 'failed');
    expect(failed.note).toContain('node-09 (10.0.0.9:5051)');
    expect(failed.lines).toEqual(['one']);
    files.failure = undefined;
    files.write('two\n');
    await state('the next line', ({ lines, status }) => lines.at(-1) === 'two' && status === 'following');
  });

  it('passes over what comes faster than it can read, and counts', async () => {
    const files = new Files();
    let line = 0;
    const burst = (count: number) => {
      let text = '';
      for (let i = 0; i < count; i++) text += `line ${++line} ${'.'.repeat(90)}\n`;
      files.write(text);
    };
    burst(100);
    const { state } = follow(files);
    await state('the first lines', ({ lines }) => lines.length === 100);
    // Each read finds more new lines than it takes.
    let left = 120;
    files.onRead = () => {
      if (left-- > 0) burst(1000);
    };
    burst(1);
    const last = await state(
      'the newest line',
      ({ lines }) => line > 120_000 && lines.at(-1)?.startsWith(`line ${line} `) === true,
    );
    expect(last.skipped).toBeGreaterThan(20_000);
    expect(last.skipped).toBeLessThan(line);
    expect(last.totalBytes).toBeGreaterThan(10_000_000);
  });

  it('says when there is no sandbox yet and when it is gone', async () => {
    const files = new Files();
    files.failure = new MesoError('NOT_FOUND', 'no such file');
    let ended = false;
    const { state, running, states } = follow(files, () => ended);
    await state('a note', ({ status, note }) => status === 'opening' && note !== '');
    ended = true;
    await running;
    expect(states.at(-1)).toMatchObject({ status: 'failed', note: 'its sandbox on node-09 (10.0.0.9:5051) is gone' });
  });
});
