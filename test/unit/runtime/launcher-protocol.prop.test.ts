import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import { describeLaunchFailure, launchError } from '../../../src/runtime/launcher/failure.js';
import { encodeLaunchPlan, type LaunchPlan } from '../../../src/runtime/launcher/launch-plan.js';
import { EventDecoder, encodeFrame, type LauncherEvent } from '../../../src/runtime/launcher/protocol.js';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const ready = Buffer.from([1, 0, 0, 0]);
const events = fc.array(
  fc.oneof(
    u32.map((token) => encodeFrame(0x83, token)),
    u32.map((token) => encodeFrame(0x85, token)),
    fc
      .tuple(u32, fc.string({ maxLength: 100 }))
      .map(([token, text]) => encodeFrame(0x84, token, Buffer.concat([Buffer.alloc(8, 1), Buffer.from(text)]))),
    fc.constant(encodeFrame(0x81, 0, ready)),
  ),
);

function decode(chunks: readonly Buffer[]): readonly LauncherEvent[] | undefined {
  const decoder = new EventDecoder();
  const all: LauncherEvent[] = [];
  for (const chunk of chunks) {
    const some = decoder.push(chunk);
    if (isRejection(some)) return undefined;
    all.push(...some);
  }
  return all;
}

describe('events of the launcher', () => {
  it('are the same however the stream is cut', () => {
    fc.assert(
      fc.property(events, fc.array(fc.integer({ min: 1, max: 50 })), (frames, cuts) => {
        const stream = Buffer.concat(frames);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(stream.subarray(at, at + cut));
          at = Math.min(stream.length, at + cut);
        }
        chunks.push(stream.subarray(at));
        expect(decode(chunks)).toEqual(decode([stream]));
        expect(decode([stream])).toHaveLength(frames.length);
      }),
    );
  });

  it('never make garbage into a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decode([Buffer.from(bytes)]);
      }),
    );
  });

  it('are refused when out of step', () => {
    expect(decode([Buffer.from([0xff, 0xff, 0, 0, 0x83])])).toBeUndefined();
    expect(decode([encodeFrame(0x99, 1)])).toBeUndefined();
    expect(decode([encodeFrame(0x82, 1, Buffer.alloc(3))])).toBeUndefined();
  });
});

describe('a launch plan', () => {
  const plan: LaunchPlan = {
    containerId: 'id',
    bootId: 'boot',
    recordDir: '/r',
    sandboxDir: '/s',
    argv: ['a'],
    environment: {},
    cgroupWrites: [],
    cloneFlags: 0,
    mounts: [],
    rlimits: [],
    maxLogSizeBytes: 1,
    maxLogFiles: 1,
  };
  /** Field numbers and their bytes. */
  const fieldsOf = (bytes: Buffer): [number, Buffer][] => {
    const fields: [number, Buffer][] = [];
    for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt32LE(at + 1))
      fields.push([bytes.readUInt8(at), bytes.subarray(at + 5, at + 5 + bytes.readUInt32LE(at + 1))]);
    return fields;
  };

  it('carries arguments and environment byte for byte', () => {
    const text = fc.string({ unit: 'binary', maxLength: 50 }).filter((value) => !value.includes('\0'));
    const name = text.filter((value) => value !== '' && !value.includes('='));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), fc.dictionary(name, text), (argv, environment) => {
        const fields = fieldsOf(encodeLaunchPlan({ ...plan, argv, environment }));
        const of = (field: number) =>
          fields.filter(([number]) => number === field).map(([, bytes]) => bytes.toString('hex'));
        expect(of(5)).toEqual(argv.map((arg) => Buffer.from(`${arg}\0`).toString('hex')));
        expect(of(6)).toEqual(
          Object.entries(environment).map(([name, value]) => Buffer.from(`${name}=${value}\0`).toString('hex')),
        );
      }),
    );
  });

  it('refuses what no program can be given', () => {
    expect(() => encodeLaunchPlan({ ...plan, environment: { A: 'x\0y' } })).toThrow(/NUL/);
    for (const name of ['', '=', 'A=B'])
      expect(() => encodeLaunchPlan({ ...plan, environment: { [name]: 'x' } })).toThrow(
        /name of an environment variable/,
      );
    expect(() => encodeLaunchPlan({ ...plan, argv: ['x'.repeat(5 << 20)] })).toThrow(
      /more than a program can be given/,
    );
  });
});

describe('a launch failure', () => {
  it('says what was tried and why it failed', () => {
    expect(describeLaunchFailure({ stage: 18, errno: 2, detail: '/bin/x' })).toBe(
      'cannot execute "/bin/x": ENOENT: no such file or directory',
    );
    expect(describeLaunchFailure({ stage: 19, errno: 0, detail: '' })).toBe(
      'cannot finish: the container was killed before its program ran',
    );
    expect(describeLaunchFailure({ stage: 77, errno: 9999, detail: 'x' })).toBe(
      'cannot do step 77 (x): errno 9999: unknown error',
    );
    expect(launchError('c', { stage: 17, errno: 13, detail: '/s' })).toMatchObject({
      code: 'LAUNCH_FAILED',
      details: { containerId: 'c', errno: 13 },
    });
  });
});
