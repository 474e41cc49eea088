// The rules of proto2 that properties over valid messages do not reach.
import { describe, expect, it } from 'vitest';
import { isRejection, type Rejection } from '../../../src/base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../../src/wire/codec.js';
import * as agent from '../../../src/wire/gen/agent.js';
import * as extension from '../../../src/wire/gen/mesoctl-api.js';
import * as mesos from '../../../src/wire/gen/mesos.js';
import * as scheduler from '../../../src/wire/gen/scheduler.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

function complaint(value: object | Rejection): string {
  if (!isRejection(value)) throw new Error(`not a rejection: ${JSON.stringify(value)}`);
  expect(value.code).toBe('malformed');
  return value.message;
}

describe('encodeProtobuf', () => {
  it('writes the bytes that protobuf prescribes', () => {
    expect([...encodeProtobuf(mesos.TaskID, { value: 'ab' })]).toEqual([0x0a, 2, 0x61, 0x62]);
    expect([...encodeProtobuf(mesos.Value_Scalar, { value: 1 })]).toEqual([0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
    expect([...encodeProtobuf(mesos.DurationInfo, { nanoseconds: -1 })]).toEqual([0x08, ...Array(9).fill(0xff), 0x01]);
    expect([...encodeProtobuf(mesos.Value_Range, { begin: 300, end: 18446744073709551615n })]).toEqual([
      0x08,
      0xac,
      0x02,
      0x10,
      ...Array(9).fill(0xff),
      0x01,
    ]);
  });

  it('writes repeated scalars one by one, with their tag', () => {
    expect([...encodeProtobuf(mesos.HealthCheck_HTTPCheckInfo, { port: 80, statuses: [1, 2] })]).toEqual([
      8, 80, 0x20, 1, 0x20, 2,
    ]);
  });

  it('does not write defaults', () => {
    expect([...encodeProtobuf(mesos.Filters, {})]).toEqual([]);
  });

  it('leaves one result alone when it makes the next', () => {
    const first = encodeProtobuf(mesos.TaskID, { value: 'first' });
    encodeProtobuf(mesos.TaskID, { value: 'XXXXXXXXXXX' });
    expect(decodeProtobuf(mesos.TaskID, first)).toEqual({ value: 'first' });
  });

  it('asserts what a type forbids, and works again afterwards', () => {
    expect(() => encodeProtobuf(mesos.TaskID, {} as mesos.TaskID)).toThrow(
      'mesos.v1.TaskID: required field value is not set',
    );
    const state = 'TASK_ODD' as mesos.TaskState;
    expect(() => encodeProtobuf(mesos.TaskStatus, { task_id: { value: 'a' }, state })).toThrow(
      'mesos.v1.TaskState has no value TASK_ODD',
    );
    expect([...encodeProtobuf(mesos.TaskID, { value: 'a' })]).toEqual([0x0a, 1, 0x61]);
  });

  it('grows beyond its scratch buffer', () => {
    const value = 'x'.repeat(9_000_000);
    const encoded = encodeProtobuf(mesos.TaskID, { value });
    expect(encoded.length).toBe(9_000_005);
    expect(decodeProtobuf(mesos.TaskID, encoded)).toEqual({ value });
  });
});

describe('decodeProtobuf', () => {
  it('reads repeated scalars packed and unpacked, mixed', () => {
    const wire = bytes(8, 80, 0x20, 1, 0x22, 3, 2, 0xac, 2, 0x20, 4);
    expect(decodeProtobuf(mesos.HealthCheck_HTTPCheckInfo, wire)).toEqual({ port: 80, statuses: [1, 2, 300, 4] });
  });

  it('reads repeated enums packed, without the unknown ones', () => {
    expect(decodeProtobuf(mesos.CSIPluginContainerInfo, bytes(0x0a, 3, 1, 9, 2))).toEqual({
      services: ['CONTROLLER_SERVICE', 'NODE_SERVICE'],
    });
  });

  it('skips unknown fields of every wire type, groups included', () => {
    const unknown = [
      ...[0xf8, 0x07, 0xff, 0x01], // field 127, varint
      ...[0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8], // fixed64
      ...[0xfa, 0x07, 2, 9, 9], // length
      ...[0xfb, 0x07, 0x08, 1, 0x13, 0x08, 1, 0x14, 0xfc, 0x07], // group with a group inside
      ...[0xfd, 0x07, 1, 2, 3, 4], // fixed32
    ];
    expect(decodeProtobuf(mesos.TaskID, bytes(...unknown, 0x0a, 1, 0x61, ...unknown))).toEqual({ value: 'a' });
  });

  it('treats a known field of another wire type as unknown', () => {
    expect(decodeProtobuf(mesos.TaskID, bytes(0x08, 5, 0x0a, 1, 0x61))).toEqual({ value: 'a' });
  });

  it('leaves a field with an unknown enum number unset', () => {
    expect(decodeProtobuf(scheduler.Call, bytes(0x10, 0x63))).toEqual({});
    expect(decodeProtobuf(scheduler.Call, bytes(0x10, 0x02, 0x10, 0x63))).toEqual({ type: 'TEARDOWN' });
    expect(complaint(decodeProtobuf(mesos.TaskStatus, bytes(0x0a, 3, 0x0a, 1, 0x61, 0x10, 0x63)))).toBe(
      'mesos.v1.TaskStatus: missing required fields: state',
    );
  });

  it('reads what an enum that grows does not have yet as its UNKNOWN', () => {
    const unknownType = bytes(0x08, 0x63, 0x11, 0, 0, 0, 0, 0, 0, 0, 0);
    expect(decodeProtobuf(extension.Event, unknownType)).toEqual({ type: 'UNKNOWN', time: 0 });
    expect(decodeProtobuf(extension.Call_Subscribe, bytes(0x08, 1, 0x08, 0x63))).toEqual({
      kinds: ['AGENTS', 'UNKNOWN_KIND'],
    });
  });

  it('keeps the last of singular scalars, and merges singular messages', () => {
    expect(decodeProtobuf(mesos.TaskID, bytes(0x0a, 1, 0x61, 0x0a, 1, 0x62))).toEqual({ value: 'b' });
    const port = [0x12, 3, 0x18, 0x80, 0x01];
    const hostname = [0x12, 3, 0x0a, 1, 0x68];
    const scheme = [0x0a, 1, 0x73];
    expect(decodeProtobuf(mesos.URL, bytes(...scheme, ...port, ...hostname))).toEqual({
      scheme: 's',
      address: { port: 128, hostname: 'h' },
    });
  });

  it('keeps the last member of a oneof', () => {
    const type = scheduler.AttributeConstraint_Selector;
    expect(decodeProtobuf(type, bytes(0x08, 1, 0x12, 1, 0x61))).toEqual({ attribute_name: 'a' });
    expect(decodeProtobuf(type, bytes(0x12, 1, 0x61, 0x08, 1))).toEqual({ pseudoattribute_type: 'HOSTNAME' });
    expect(decodeProtobuf(type, bytes(0x12, 1, 0x61, 0x08, 99))).toEqual({ attribute_name: 'a' });
  });

  it('reads map entries in any order, with defaults for what is left out, the last of a key', () => {
    const type = agent.Call_LaunchContainer;
    const limits = (...content: number[]): Uint8Array =>
      bytes(0x0a, 3, 0x0a, 1, 0x63, 0x2a, content.length, ...content);
    const scalar = [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f];
    expect(decodeProtobuf(type, limits(0x12, 9, ...scalar, 0x0a, 1, 0x6d))).toEqual({
      container_id: { value: 'c' },
      limits: { m: { value: 1 } },
    });
    expect(decodeProtobuf(type, limits(0x12, 9, ...scalar))).toEqual({
      container_id: { value: 'c' },
      limits: { '': { value: 1 } },
    });
    expect(complaint(decodeProtobuf(type, limits(0x0a, 1, 0x6d)))).toContain(
      'missing required fields: limits["m"].value',
    );
  });

  it('gives keys such as __proto__ no power', () => {
    const message = { container_id: { value: 'c' }, limits: Object.fromEntries([['__proto__', { value: 1 }]]) };
    const decoded = decodeProtobuf(
      agent.Call_LaunchContainer,
      encodeProtobuf(agent.Call_LaunchContainer, message),
    ) as agent.Call_LaunchContainer;
    expect(Object.keys(decoded.limits ?? {})).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).value).toBeUndefined();
    expect('constructor' in (decoded.limits ?? {})).toBe(false);
  });

  it('lists missing required fields with their paths', () => {
    const call = bytes(0x10, 3, 0x22, 6, 0x0a, 0, 0x12, 2, 0x12, 0);
    expect(complaint(decodeProtobuf(scheduler.Call, call))).toBe(
      'mesos.v1.scheduler.Call: missing required fields: accept.offer_ids[0].value',
    );
  });

  it('bounds the list of missing fields', () => {
    const offerIds = Array.from({ length: 1000 }, () => [0x0a, 0]).flat();
    const message = complaint(decodeProtobuf(scheduler.Call_Accept, bytes(...offerIds)));
    expect(message.split(',').length).toBe(20);
  });

  it('refuses broken input, saying where', () => {
    const refused: readonly (readonly [string, Uint8Array, string])[] = [
      ['truncated length', bytes(0x0a, 5, 0x61), 'truncated'],
      ['truncated fixed64', bytes(0x09, 1, 2), 'truncated'],
      ['truncated varint', bytes(0x0a, 0x80), 'truncated'],
      ['endless varint', bytes(0x08, ...Array(11).fill(0xff)), 'longer than 10 bytes'],
      ['field number 0', bytes(0x02, 0), 'field number 0'],
      ['wire type 6', bytes(0x0e), 'wire type 6'],
      ['end of a group that did not begin', bytes(0x0c), 'wire type 4'],
      ['group without end', bytes(0xfb, 0x07, 0x08, 1), 'truncated'],
      ['huge length', bytes(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f), 'truncated'],
      ['huge field number', bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0x01), 'field number'],
      ['broken UTF-8', bytes(0x0a, 2, 0xc3, 0x28), 'not valid UTF-8'],
      ['encoded surrogate', bytes(0x0a, 3, 0xed, 0xa0, 0x80), 'not valid UTF-8'],
    ];
    for (const [what, wire, text] of refused)
      expect(complaint(decodeProtobuf(mesos.TaskID, wire)), what).toContain(text);
    expect(complaint(decodeProtobuf(scheduler.Call, bytes(0x22, 5, 0x0a, 3, 0x0a, 9, 0x61)))).toBe(
      'Failed to parse mesos.v1.scheduler.Call from protobuf: accept.offer_ids[0].value: message is truncated',
    );
  });

  it('limits nesting, and reads what is within the limit', () => {
    const nested = (depth: number): Uint8Array => {
      let id: mesos.ContainerID = { value: 'c' };
      for (let level = 1; level < depth; level += 1) id = { value: 'c', parent: id };
      return encodeProtobuf(mesos.ContainerID, id);
    };
    expect(isRejection(decodeProtobuf(mesos.ContainerID, nested(101)))).toBe(false);
    expect(complaint(decodeProtobuf(mesos.ContainerID, nested(102)))).toContain('nested more than 100 levels');
    expect(complaint(decodeProtobuf(mesos.ContainerID, bytes(...Array(5000).fill(0x0b))))).toContain(
      'nested more than 100 levels',
    );
  });

  it('reads 64-bit integers exactly, in canonical form', () => {
    for (const value of [
      0,
      1,
      -1,
      2 ** 53 - 1,
      -(2 ** 53 - 1),
      2n ** 53n,
      -(2n ** 53n),
      2n ** 63n - 1n,
      -(2n ** 63n),
    ]) {
      expect(decodeProtobuf(mesos.TimeInfo, encodeProtobuf(mesos.TimeInfo, { nanoseconds: value }))).toEqual({
        nanoseconds: value,
      });
    }
    for (const value of [0, 2 ** 32, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n]) {
      const range = { begin: 0, end: value };
      expect(decodeProtobuf(mesos.Value_Range, encodeProtobuf(mesos.Value_Range, range))).toEqual(range);
    }
  });

  it('copies bytes out of its input', () => {
    const wire = encodeProtobuf(mesos.UUID, { value: bytes(1, 2, 3) });
    const decoded = decodeProtobuf(mesos.UUID, wire) as mesos.UUID;
    wire.fill(0);
    expect([...decoded.value]).toEqual([1, 2, 3]);
    expect(decoded.value.buffer.byteLength).toBe(3);
  });

  it('reads from the middle of a larger buffer', () => {
    const wire = encodeProtobuf(mesos.Value_Scalar, { value: 2.5 });
    const padded = new Uint8Array([9, 9, 9, ...wire, 9, 9]).subarray(3, 3 + wire.length);
    expect(decodeProtobuf(mesos.Value_Scalar, padded)).toEqual({ value: 2.5 });
  });
});
