// Golden samples of the Mesos JSON dialect: every output rule and every leniency of spec/proto-mesos.md and spec/13.
import { describe, expect, it } from 'vitest';
import { isRejection, type Rejection } from '../../../src/base/rejection.js';
import * as agent from '../../../src/wire/gen/agent.js';
import * as master from '../../../src/wire/gen/master.js';
import * as extension from '../../../src/wire/gen/mesoctl-api.js';
import * as mesos from '../../../src/wire/gen/mesos.js';
import * as scheduler from '../../../src/wire/gen/scheduler.js';
import {
  decodeJson,
  decodeJsonValue,
  encodeJson,
  formatDouble,
  parseJsonText,
  quoteJson,
} from '../../../src/wire/json.js';
import type { MessageType } from '../../../src/wire/schema.js';

function complaint(value: unknown): string {
  if (!isRejection(value)) throw new Error('not a rejection');
  expect(value.code).toBe('malformed');
  return value.message;
}

function decoded<T extends object>(type: MessageType<T>, text: string): T {
  const value: T | Rejection = decodeJson(type, text);
  if (isRejection(value)) throw new Error(value.message);
  return value;
}

const range = (text: string): unknown => decodeJson(mesos.Value_Range, text);

describe('encodeJson', () => {
  const golden: readonly (readonly [string, string, string])[] = [
    [
      'explicit defaults of optional fields',
      encodeJson(mesos.FrameworkInfo, { user: 'u', name: 'n' }),
      '{"user":"u","name":"n","failover_timeout":0.0,"checkpoint":false}',
    ],
    [
      'a set field instead of its default',
      encodeJson(mesos.FrameworkInfo, { user: 'u', name: 'n', checkpoint: true, failover_timeout: 15 }),
      '{"user":"u","name":"n","failover_timeout":15.0,"checkpoint":true}',
    ],
    [
      'defaults of commands and URIs',
      encodeJson(mesos.CommandInfo, { uris: [{ value: 'x' }] }),
      '{"uris":[{"value":"x","extract":true}],"shell":true}',
    ],
    [
      'defaults that are enum names',
      encodeJson(mesos.Environment_Variable, { name: 'A', value: 'b' }),
      '{"name":"A","value":"b","type":"VALUE"}',
    ],
    [
      'defaults of addresses',
      encodeJson(mesos.NetworkInfo_IPAddress, { ip_address: '10.0.0.1' }),
      '{"protocol":"IPv4","ip_address":"10.0.0.1"}',
    ],
    [
      'defaults of Docker containers',
      encodeJson(mesos.ContainerInfo_DockerInfo, { image: 'i' }),
      '{"image":"i","network":"HOST","privileged":false}',
    ],
    [
      'no default for a deprecated field',
      encodeJson(mesos.Resource, { name: 'cpus', type: 'SCALAR', scalar: { value: 0.5 } }),
      '{"name":"cpus","type":"SCALAR","scalar":{"value":0.5}}',
    ],
    [
      'a deprecated field that is set',
      encodeJson(mesos.Resource, { name: 'cpus', type: 'SCALAR', role: '*' }),
      '{"name":"cpus","type":"SCALAR","role":"*"}',
    ],
    [
      'nothing for empty lists and maps',
      encodeJson(mesos.TaskInfo, {
        name: 'n',
        task_id: { value: 't' },
        agent_id: { value: 'a' },
        resources: [],
        limits: {},
      }),
      '{"name":"n","task_id":{"value":"t"},"agent_id":{"value":"a"}}',
    ],
    [
      'maps as objects',
      encodeJson(mesos.OfferFilters_ResourceQuantities, { quantities: { cpus: { value: 1 }, 'a"b': { value: 0.25 } } }),
      '{"quantities":{"cpus":{"value":1.0},"a\\"b":{"value":0.25}}}',
    ],
    [
      '64-bit integers as bare numbers',
      encodeJson(mesos.Value_Range, { begin: 31000, end: 18446744073709551615n }),
      '{"begin":31000,"end":18446744073709551615}',
    ],
    [
      'negative 64-bit integers',
      encodeJson(mesos.DurationInfo, { nanoseconds: -9223372036854775808n }),
      '{"nanoseconds":-9223372036854775808}',
    ],
    ['bytes as base64', encodeJson(mesos.UUID, { value: Uint8Array.from([0xff, 0xfe, 0, 1]) }), '{"value":"//4AAQ=="}'],
    ['empty messages', encodeJson(mesos.Resource_SharedInfo, {}), '{}'],
    [
      'infinities as bare words',
      encodeJson(mesos.Value_Scalar, { value: Number.POSITIVE_INFINITY }),
      '{"value":Infinity}',
    ],
    [
      'text in ASCII',
      encodeJson(mesos.TaskID, { value: 'é"\\/\n\u0001漢🚀\u2028' }),
      '{"value":"\\u00e9\\"\\\\/\\n\\u0001\\u6f22\\ud83d\\ude80\\u2028"}',
    ],
    ['a heartbeat without a body', encodeJson(scheduler.Event, { type: 'HEARTBEAT' }), '{"type":"HEARTBEAT"}'],
    ['CamelCase names where the proto has them', encodeJson(mesos.IpStatistics, { InReceives: 5 }), '{"InReceives":5}'],
    [
      'one member of a oneof',
      encodeJson(scheduler.AttributeConstraint_Selector, { attribute_name: 'rack' }),
      '{"attribute_name":"rack"}',
    ],
  ];
  it.each(golden)('writes %s', (_what, actual, expected) => {
    expect(actual).toBe(expected);
  });

  it('asserts what a type forbids', () => {
    expect(() => encodeJson(mesos.TaskID, {} as mesos.TaskID)).toThrow('required field value is not set');
    expect(() => encodeJson(mesos.Volume, { container_path: 'x', mode: 'WO' as 'RW' })).toThrow(
      'mesos.v1.Volume.Mode has no value WO',
    );
  });
});

describe('formatDouble', () => {
  it.each([
    [15, '15.0'],
    [0, '0.0'],
    [-0, '-0.0'],
    [-3, '-3.0'],
    [0.1, '0.1'],
    [1e20, '100000000000000000000.0'],
    [1e21, '1e21'],
    [1.5e300, '1.5e300'],
    [1e-7, '1e-7'],
    [0.000001, '0.000001'],
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [1700000000.25, '1700000000.25'],
  ])('prints %d as %s', (value, text) => {
    expect(formatDouble(value)).toBe(text);
  });
});

describe('quoteJson', () => {
  it('is JSON, in ASCII', () => {
    for (const text of ['', 'a', '"', '\\', '\u007f', '\ud800', 'é', '\r\n']) {
      expect(quoteJson(text)).toMatch(/^[\x20-\x7e]*$/);
      expect(JSON.parse(quoteJson(text))).toBe(text);
    }
  });
});

describe('decodeJson accepts', () => {
  it('null as unset, everywhere', () => {
    const text =
      '{"type":"DECLINE","framework_id":null,"decline":{"offer_ids":[null,{"value":"o"},null],"filters":null},"accept":null}';
    expect(decoded(scheduler.Call, text)).toEqual({ type: 'DECLINE', decline: { offer_ids: [{ value: 'o' }] } });
    expect(decoded(mesos.OfferFilters_ResourceQuantities, '{"quantities":{"cpus":null,"mem":{"value":1}}}')).toEqual({
      quantities: { mem: { value: 1 } },
    });
    expect(decoded(mesos.OfferFilters_ResourceQuantities, '{"quantities":null}')).toEqual({});
  });

  it('numbers as strings', () => {
    expect(range('{"begin":"31000","end":"18446744073709551615"}')).toEqual({
      begin: 31000,
      end: 18446744073709551615n,
    });
    expect(range('{"begin":" 5 ","end":"1e3"}')).toEqual({ begin: 5, end: 1000 });
    expect(decoded(mesos.Value_Scalar, '{"value":"0.5"}')).toEqual({ value: 0.5 });
  });

  it('infinities as strings and as the bare words that Mesos writes', () => {
    expect(decoded(mesos.Value_Scalar, '{"value":"Infinity"}')).toEqual({ value: Infinity });
    expect(decoded(mesos.Value_Scalar, '{"value":"-Infinity"}')).toEqual({ value: -Infinity });
    expect(decoded(mesos.Value_Scalar, '{"value":Infinity}')).toEqual({ value: Infinity });
    expect(decoded(mesos.Value_Scalar, '{"value": -Infinity }')).toEqual({ value: -Infinity });
    expect(decoded(mesos.Value_Scalar, '{"value":NaN}')).toEqual({ value: NaN });
  });

  it('booleans as strings', () => {
    expect(decoded(mesos.CommandInfo, '{"shell":"true"}')).toEqual({ shell: true });
    expect(decoded(mesos.CommandInfo, '{"shell":"false"}')).toEqual({ shell: false });
  });

  it('exponents, and whole numbers with a fraction', () => {
    expect(range('{"begin":3.6e+06,"end":31000.0}')).toEqual({ begin: 3600000, end: 31000 });
    expect(decoded(mesos.TimeInfo, '{"nanoseconds":1e18}')).toEqual({ nanoseconds: 10n ** 18n });
  });

  it('fractions of integers, cut towards zero', () => {
    expect(range('{"begin":5.9,"end":"7.2"}')).toEqual({ begin: 5, end: 7 });
    expect(decoded(mesos.TimeInfo, '{"nanoseconds":-0.5}')).toEqual({ nanoseconds: 0 });
  });

  it('integers beyond 2^53 exactly', () => {
    expect(decoded(mesos.TimeInfo, '{"nanoseconds":1700000000123456789}')).toEqual({
      nanoseconds: 1700000000123456789n,
    });
    expect(decoded(mesos.TimeInfo, '{"nanoseconds":-9223372036854775808}')).toEqual({
      nanoseconds: -9223372036854775808n,
    });
    expect(decoded(mesos.TimeInfo, '{"nanoseconds":9007199254740991}')).toEqual({ nanoseconds: 9007199254740991 });
    expect(decoded(mesos.TimeInfo, '{"nanoseconds":0000}'.replace('0000', '1000000000000000'))).toEqual({
      nanoseconds: 1e15,
    });
  });

  it('a single value for a list', () => {
    expect(decoded(mesos.Value_Ranges, '{"range":{"begin":1,"end":2}}')).toEqual({ range: [{ begin: 1, end: 2 }] });
    expect(decoded(scheduler.Call_Revive, '{"roles":"eng"}')).toEqual({ roles: ['eng'] });
  });

  it('unknown keys, whatever is in them', () => {
    expect(
      decoded(mesos.TaskID, '{"slave_id":{"a":[1,{"b":null}]},"value":"t","toString":1,"constructor":{"value":1}}'),
    ).toEqual({ value: 't' });
  });

  it('unknown enum names of optional and repeated fields, without them', () => {
    expect(decoded(mesos.FrameworkInfo_Capability, '{"type":"TIME_TRAVEL"}')).toEqual({});
    expect(decoded(mesos.CapabilityInfo, '{"capabilities":["CHOWN","ODD","KILL"]}')).toEqual({
      capabilities: ['CHOWN', 'KILL'],
    });
  });

  it('names that an enum that grows does not have yet, as its UNKNOWN', () => {
    expect(decoded(extension.Event, '{"type":"FUTURE","time":1}')).toEqual({ type: 'UNKNOWN', time: 1 });
    expect(decoded(extension.Call_Subscribe, '{"kinds":["TASKS","PODS"]}')).toEqual({
      kinds: ['TASKS', 'UNKNOWN_KIND'],
    });
  });

  it('pretty-printed text with odd blanks', () => {
    expect(decoded(mesos.TaskID, ' \r\n\t{ \n "value" :\t"t"\n}\n ')).toEqual({ value: 't' });
    expect(decoded(mesos.TimeInfo, ' {\n "nanoseconds" :\t1700000000123456789 } \n')).toEqual({
      nanoseconds: 1700000000123456789n,
    });
  });

  it('base64, padded or not', () => {
    for (const text of ['//4AAQ==', '//4AAQ'])
      expect([...decoded(mesos.UUID, `{"value":"${text}"}`).value]).toEqual([255, 254, 0, 1]);
    expect(decoded(mesos.UUID, '{"value":""}').value.length).toBe(0);
  });

  it('all escapes, in either parser', () => {
    const text = '"\\u00e9\\n\\"\\\\\\/\\ud83d\\ude80"';
    expect(decoded(mesos.Label, `{"key":${text}}`)).toEqual({ key: 'é\n"\\/🚀' });
    expect(decoded(mesos.Label, `{"key":${text},"big":1234567890123456789}`)).toEqual({ key: 'é\n"\\/🚀' });
  });

  it('the last of two equal keys, and the alphabetically last member of a oneof', () => {
    expect(decoded(mesos.TaskID, '{"value":"a","value":"b"}')).toEqual({ value: 'b' });
    const selector = scheduler.AttributeConstraint_Selector;
    expect(decoded(selector, '{"pseudoattribute_type":"ZONE","attribute_name":"a"}')).toEqual({
      pseudoattribute_type: 'ZONE',
    });
    expect(decoded(selector, '{"attribute_name":"a","pseudoattribute_type":"ZONE"}')).toEqual({
      pseudoattribute_type: 'ZONE',
    });
    expect(decoded(selector, '{"attribute_name":"a","pseudoattribute_type":"ODD"}')).toEqual({ attribute_name: 'a' });
  });

  it('durations of google.protobuf as plain messages', () => {
    expect(
      decoded(master.Call_DrainAgent, '{"agent_id":{"value":"a"},"max_grace_period":{"seconds":600}}').max_grace_period,
    ).toEqual({ seconds: 600 });
  });

  it('what clients send: mesos-framework with its nulls, mesos-go with its zero values', () => {
    const text =
      '{"type":"SUBSCRIBE","framework_id":null,"subscribe":{"framework_info":{"user":"root","name":"x","role":"*","roles":[],"id":null,"hostname":"","principal":"","offer_filters":null,"capabilities":[{"type":"MULTI_ROLE"}],"failover_timeout":"0","checkpoint":"true"},"force":true},"requests":[]}';
    expect(decoded(scheduler.Call, text)).toEqual({
      type: 'SUBSCRIBE',
      subscribe: {
        framework_info: {
          user: 'root',
          name: 'x',
          role: '*',
          hostname: '',
          principal: '',
          capabilities: [{ type: 'MULTI_ROLE' }],
          failover_timeout: 0,
          checkpoint: true,
        },
      },
    });
  });
});

describe('decodeJson gives keys such as __proto__ no power', () => {
  it.each([
    '{"limits":{"__proto__":{"value":1}},"container_id":{"value":"c"}}',
    '{"limits":{"__proto__":{"value":1}},"container_id":{"value":"c"},"x":1234567890123456789}',
  ])('in %s', (text) => {
    const message = decoded(agent.Call_LaunchContainer, text);
    expect(Object.keys(message.limits ?? {})).toEqual(['__proto__']);
    expect(message.limits?.constructor).toBeUndefined();
    expect(({} as Record<string, unknown>).value).toBeUndefined();
  });

  it('on messages', () => {
    const message = decoded(mesos.TaskID, '{"__proto__":{"value":"evil"},"value":"t"}');
    expect(Object.keys(message)).toEqual(['value']);
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
    expect(complaint(decodeJson(mesos.TaskID, '{"__proto__":{"value":"evil"}}'))).toContain(
      'missing required fields: value',
    );
  });
});

describe('decodeJson refuses', () => {
  const refused: readonly (readonly [string, MessageType<object>, string, string])[] = [
    ['what is no object', mesos.TaskID, '[]', 'expected an object, found an array'],
    ['a bare string', mesos.TaskID, '"x"', 'expected an object, found a string'],
    ['null', mesos.TaskID, 'null', 'expected an object, found null'],
    ['two objects', mesos.TaskID, '{"value":"a"}{"value":"b"}', 'Failed to parse JSON'],
    ['nothing', mesos.TaskID, '', 'Failed to parse JSON'],
    ['an unclosed object', mesos.TaskID, '{"value":"a"', 'Failed to parse JSON'],
    ['single quotes', mesos.TaskID, "{'value':'a'}", 'Failed to parse JSON'],
    [
      'trailing commas in the exact parser',
      mesos.TimeInfo,
      '{"nanoseconds":1234567890123456789,}',
      'unexpected "}" at position 35',
    ],
    [
      'leading zeros in the exact parser',
      mesos.TimeInfo,
      '{"nanoseconds":01234567890123456789}',
      'Failed to parse JSON',
    ],
    [
      'control characters in the exact parser',
      mesos.TimeInfo,
      '{"x":"a\nb","nanoseconds":1234567890123456789}',
      'bad string at position 5',
    ],
    [
      'an open string in the exact parser',
      mesos.TimeInfo,
      '{"nanoseconds":1234567890123456789,"x',
      'a string has no end',
    ],
    [
      'missing required fields',
      mesos.TaskInfo,
      '{"task_id":{},"name":"n"}',
      'missing required fields: task_id.value, agent_id',
    ],
    [
      'missing fields in lists',
      scheduler.Call,
      '{"accept":{"offer_ids":[{"value":"a"},{}]}}',
      'missing required fields: accept.offer_ids[1].value',
    ],
    [
      'an unknown name of a required enum',
      mesos.Volume,
      '{"container_path":"x","mode":"WO"}',
      'mode: "WO" is not a mesos.v1.Volume.Mode',
    ],
    [
      'enum numbers',
      scheduler.Call,
      '{"type":1}',
      'type: expected the name of a mesos.v1.scheduler.Call.Type, found a number',
    ],
    ['an array for a single value', mesos.TaskID, '{"value":["a"]}', 'value: expected a single value, found an array'],
    [
      'a list in a list',
      scheduler.Call_Revive,
      '{"roles":[["a"]]}',
      'roles[0]: expected a single value, found an array',
    ],
    ['a number for a string', mesos.TaskID, '{"value":7}', 'value: expected a string, found a number'],
    [
      'a string for a message',
      mesos.TaskStatus,
      '{"task_id":"t","state":"TASK_LOST"}',
      'task_id: expected an object, found a string',
    ],
    [
      'a bare number for a limit',
      agent.Call_LaunchContainer,
      '{"limits":{"cpus":1}}',
      'limits["cpus"]: expected an object, found a number',
    ],
    [
      'a string for a duration',
      master.Call,
      '{"drain_agent":{"agent_id":{"value":"a"},"max_grace_period":"10mins"}}',
      'drain_agent.max_grace_period: expected an object, found a string',
    ],
    ['a list for a map', agent.Call_LaunchContainer, '{"limits":[]}', 'limits: expected an object, found an array'],
    ['text that is no number', mesos.Value_Scalar, '{"value":"1x"}', 'value: expected a number, found "1x"'],
    ['NaN as a string', mesos.Value_Scalar, '{"value":"NaN"}', 'value: expected a number, found "NaN"'],
    [
      'infinite integers',
      mesos.TimeInfo,
      '{"nanoseconds":"Infinity"}',
      'nanoseconds: expected a signed 64-bit integer, found Infinity',
    ],
    ['a boolean for a number', mesos.Value_Scalar, '{"value":true}', 'value: expected a number, found a boolean'],
    ['a number for a boolean', mesos.CommandInfo, '{"shell":1}', 'shell: expected true or false, found a number'],
    ['other words for a boolean', mesos.CommandInfo, '{"shell":"yes"}', 'shell: expected true or false, found "yes"'],
    ['bad base64', mesos.UUID, '{"value":"a-b_"}', 'value: not valid base64'],
    ['base64 of an impossible length', mesos.UUID, '{"value":"aaaaa"}', 'value: not valid base64'],
    [
      'a negative unsigned integer',
      mesos.Value_Range,
      '{"begin":-1,"end":2}',
      'begin: "-1" does not fit an unsigned 64-bit integer',
    ],
    [
      'an integer beyond 64 bits',
      mesos.TimeInfo,
      '{"nanoseconds":9223372036854775808}',
      'does not fit a signed 64-bit integer',
    ],
    [
      'an integer beyond 32 bits',
      mesos.CheckInfo_Tcp,
      '{"port":4294967296}',
      'port: "4294967296" does not fit an unsigned 32-bit integer',
    ],
    [
      'a huge integer',
      mesos.TimeInfo,
      `{"nanoseconds":${'9'.repeat(400)}}`,
      'nanoseconds: expected a signed 64-bit integer, found Infinity',
    ],
  ];
  it.each(refused)('%s', (_what, type, text, expected) => {
    expect(complaint(decodeJson(type, text))).toContain(expected);
  });

  it('too deep nesting, known and unknown', () => {
    const known = `${'{"parent":'.repeat(200)}{}${'}'.repeat(200)}`;
    expect(complaint(decodeJson(mesos.ContainerID, known))).toContain('nested more than 100 levels');
    const unknown = `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)},"nanoseconds":1234567890123456789}`;
    expect(complaint(decodeJson(mesos.TimeInfo, unknown))).toContain('nested more than 200 levels');
  });

  it('with messages of bounded length on one line', () => {
    const message = complaint(decodeJson(mesos.CommandInfo, JSON.stringify({ shell: '\n'.repeat(100_000) })));
    expect(message.length).toBeLessThan(300);
    expect(message).not.toContain('\n');
  });
});

describe('parseJsonText and decodeJsonValue', () => {
  it('serve bodies that are no single message', () => {
    const values = parseJsonText('[{"value":"a"},{"value":"b"}]') as unknown[];
    expect(values.map((value) => decodeJsonValue(mesos.TaskID, value))).toEqual([{ value: 'a' }, { value: 'b' }]);
    expect(complaint(parseJsonText('[1,'))).toContain('Failed to parse JSON');
    expect(complaint(decodeJsonValue(mesos.TaskID, 5))).toContain('expected an object');
  });
});
