import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { type FileSource, LogFollower } from '../../../src/client/log-follower.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';

/** A sandbox whose stdout is rotated as the supervisor does it. */
class Sandbox implements FileSource {
  files: { bytes: Buffer; mtime: number }[] = [{ bytes: Buffer.alloc(0), mtime: 0 }];
  written = Buffer.alloc(0);
  /** Called before each answer: what happens in between. */
  between: () => void = () => undefined;
  #time = 1;
  readonly #keep: number;

  constructor(keep: number) {
    this.#keep = keep;
  }

  write(bytes: Buffer): void {
    const live = this.files[0];
    if (live === undefined) throw new Error('no live file');
    live.bytes = Buffer.concat([live.bytes, bytes]);
    live.mtime = this.#time++;
    this.written = Buffer.concat([this.written, bytes]);
  }

  rotate(): void {
    this.files.unshift({ bytes: Buffer.alloc(0), mtime: this.#time++ });
    this.files.length = Math.min(this.files.length, this.#keep + 1);
  }

  list(): Promise<readonly mesos.FileInfo[]> {
    this.between();
    return Promise.resolve(
      this.files.map(({ bytes, mtime }, i) => ({
        path: `/sandbox/stdout${i === 0 ? '' : `.${i}`}`,
        size: bytes.length,
        mtime: { nanoseconds: mtime },
      })),
    );
  }

  read(name: string, offset: number): Promise<{ sizeBytes: number; data: Uint8Array }> {
    this.between();
    const index = name === 'stdout' ? 0 : Number(name.slice('stdout.'.length));
    const file = this.files[index];
    if (file === undefined) return Promise.reject(new MesoError('NOT_FOUND', name));
    // Small parts, so that a file takes several reads.
    return Promise.resolve({ sizeBytes: file.bytes.length, data: file.bytes.subarray(offset, offset + 7) });
  }
}

async function readAll(follower: LogFollower, out: Buffer[]): Promise<boolean> {
  let skipped = false;
  for (let i = 0; i < 10_000; i++) {
    const step = await follower.step(true);
    skipped ||= step.skipped;
    for (const part of step.data) out.push(Buffer.from(part));
    if (step.isAtEnd) return skipped;
  }
  throw new Error('no end in sight');
}

/** A random number of bytes written, or a rotation, at each request. */
const actions = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.constant('rotate' as const) }),
  {
    maxLength: 300,
  },
);

/** Four bytes that never come again, as in real output with line numbers or times. */
function blockOf(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

function play(sandbox: Sandbox, script: readonly (number | 'rotate')[]): void {
  let at = 0;
  let block = 0;
  sandbox.between = () => {
    const action = script[at++];
    if (action === 'rotate') sandbox.rotate();
    else if (action !== undefined && action > 0)
      sandbox.write(Buffer.concat(Array.from({ length: action }, () => blockOf(block++))));
  };
}

describe('LogFollower', () => {
  it('gives every byte once and in order while files rotate under it', async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (script) => {
        // Empty files of one size and time cannot be told apart; real ones are never rotated empty.
        const clean = script.filter(
          (action, i) => action !== 'rotate' || (script[i - 1] !== 'rotate' && script[i - 1] !== 0),
        );
        const sandbox = new Sandbox(1000);
        play(sandbox, clean);
        const follower = new LogFollower(sandbox, 'stdout');
        const out: Buffer[] = [];
        for (let i = 0; i < clean.length; i++)
          for (const part of (await follower.step()).data) out.push(Buffer.from(part));
        sandbox.between = () => undefined;
        expect(await readAll(follower, out)).toBe(false);
        expect(Buffer.concat(out).equals(sandbox.written)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('says so when old files went before they were read, and goes on with what is there', async () => {
    await fc.assert(
      fc.asyncProperty(actions, fc.integer({ min: 1, max: 3 }), async (script, keep) => {
        const sandbox = new Sandbox(keep);
        play(sandbox, script);
        const follower = new LogFollower(sandbox, 'stdout');
        const out: Buffer[] = [];
        let skipped = false;
        for (let i = 0; i < script.length; i++) {
          const step = await follower.step();
          skipped ||= step.skipped;
          for (const part of step.data) out.push(Buffer.from(part));
        }
        sandbox.between = () => undefined;
        skipped = (await readAll(follower, out)) || skipped;
        const kept = Buffer.concat(sandbox.files.map(({ bytes }) => bytes).reverse());
        const got = Buffer.concat(out);
        // What is still there when all is over has been delivered, at the end.
        expect(got.subarray(Math.max(0, got.length - kept.length)).equals(kept)).toBe(true);
        expect(got.length).toBeLessThanOrEqual(sandbox.written.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('begins the given number of bytes before the end, whatever the files are', async () => {
    await fc.assert(
      fc.asyncProperty(actions, fc.nat(400), async (script, lastBytes) => {
        const sandbox = new Sandbox(1000);
        play(sandbox, script);
        for (let i = 0; i < script.length; i++) sandbox.between();
        sandbox.between = () => undefined;
        const out: Buffer[] = [];
        const follower = new LogFollower(sandbox, 'stdout', { lastBytes });
        expect(await readAll(follower, out)).toBe(false);
        sandbox.write(Buffer.from('more'));
        await readAll(follower, out);
        const expected = sandbox.written.subarray(Math.max(0, sandbox.written.length - 4 - lastBytes));
        expect(Buffer.concat(out).equals(expected)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('passes over all but the newest bytes when asked to, and says how many', async () => {
    await fc.assert(
      fc.asyncProperty(actions, fc.nat(400), fc.nat(60), async (script, keep, stepsBefore) => {
        const sandbox = new Sandbox(1000);
        const follower = new LogFollower(sandbox, 'stdout');
        play(sandbox, script);
        const before: Buffer[] = [];
        for (let i = 0; i < stepsBefore; i++)
          for (const part of (await follower.step()).data) before.push(Buffer.from(part));
        sandbox.between = () => undefined;
        const passed = await follower.skipToLast(keep);
        const after: Buffer[] = [];
        await readAll(follower, after);
        const [got, rest] = [Buffer.concat(before), Buffer.concat(after)];
        expect(got.length + passed + rest.length).toBe(sandbox.written.length);
        expect(got.equals(sandbox.written.subarray(0, got.length))).toBe(true);
        expect(rest.equals(sandbox.written.subarray(got.length + passed))).toBe(true);
        if (passed > 0) expect(rest.length).toBe(keep);
      }),
      // Two rotations within one step once made it read a file again that it had read.
      { numRuns: 1000, examples: [[[1, 0, 0, 'rotate', 0, 'rotate'], 0, 2]] },
    );
  });

  it('knows its file again by its last bytes when everything older is gone', async () => {
    const sandbox = new Sandbox(1);
    const follower = new LogFollower(sandbox, 'stdout');
    sandbox.write(Buffer.from('one'));
    sandbox.rotate();
    sandbox.write(Buffer.from('two-a '));
    const out: Buffer[] = [];
    await readAll(follower, out);
    sandbox.write(Buffer.from('two-b '));
    sandbox.rotate();
    sandbox.write(Buffer.from('three'));
    expect(await readAll(follower, out)).toBe(false);
    expect(Buffer.concat(out).toString()).toBe('onetwo-a two-b three');
  });

  it('starts over, saying so, in a file that was emptied in place', async () => {
    const sandbox = new Sandbox(1);
    const follower = new LogFollower(sandbox, 'stdout');
    sandbox.write(Buffer.from('before'));
    const out: Buffer[] = [];
    await readAll(follower, out);
    sandbox.files = [{ bytes: Buffer.from('new'), mtime: 99 }];
    expect(await readAll(follower, out)).toBe(true);
    expect(Buffer.concat(out).toString()).toBe('beforenew');
  });

  it('waits for a file that is not there yet', async () => {
    const sandbox = new Sandbox(1);
    sandbox.files = [];
    const follower = new LogFollower(sandbox, 'stdout');
    expect(await follower.step()).toEqual({ data: [], skipped: false, isAtEnd: true });
    sandbox.files = [{ bytes: Buffer.from('x'), mtime: 1 }];
    expect((await follower.step()).data).toHaveLength(1);
  });
});
