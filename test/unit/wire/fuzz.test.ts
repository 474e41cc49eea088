// 100,000 hostile inputs over the codecs. Each must give a value or a Rejection with a message, in bounded time; a value must encode again.
// The seed is printed; WIRE_FUZZ_SEED replays it, WIRE_FUZZ_CASES changes the number.
import { describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../../src/wire/codec.js';
import * as agent from '../../../src/wire/gen/agent.js';
import * as executor from '../../../src/wire/gen/executor.js';
import * as master from '../../../src/wire/gen/master.js';
import * as scheduler from '../../../src/wire/gen/scheduler.js';
import { decodeJson, encodeJson } from '../../../src/wire/json.js';
import { decodeMessage } from '../../../src/wire/message-body.js';
import { encodeRecord, RecordDecoder } from '../../../src/wire/recordio.js';
import { validateAgentCall } from '../../../src/wire/validation/agent-call.js';
import { validateExecutorCall } from '../../../src/wire/validation/executor-call.js';
import { validateSubscription } from '../../../src/wire/validation/framework-info.js';
import { validateMasterCall } from '../../../src/wire/validation/master-call.js';
import { validateOperation } from '../../../src/wire/validation/operation.js';
import { validateSchedulerCall } from '../../../src/wire/validation/scheduler-call.js';
import { validateTaskInfo } from '../../../src/wire/validation/task.js';
import { type AnyMessageType, MESSAGE_TYPES } from './all-types.js';
import { Dice, randomMessage } from './random-message.js';

const SEED = Number(process.env.WIRE_FUZZ_SEED ?? Math.floor(Math.random() * 0xffff_ffff));
const CASES = Number(process.env.WIRE_FUZZ_CASES ?? 100_000);
/** Far above what a case takes, far below a hang. */
const MAX_CASE_MS = 5_000;

interface Outcome {
  readonly accepted: boolean;
}

function judged(value: unknown, reencode: () => void): Outcome {
  if (!isRejection(value)) {
    reencode();
    return { accepted: true };
  }
  expect(value.message.length).toBeGreaterThan(10);
  expect(value.message.length).toBeLessThan(4000);
  return { accepted: false };
}

/** Cuts, flips, repeats, inserts: one to four times. */
function mutate(bytes: Uint8Array, dice: Dice): Uint8Array {
  let mutated = Buffer.from(bytes);
  for (let times = dice.roll(4); times >= 0 && mutated.length > 0; times -= 1) {
    const at = dice.roll(mutated.length);
    const to = Math.min(mutated.length, at + dice.roll(20));
    const kind = dice.roll(5);
    if (kind === 0) mutated = mutated.subarray(0, at);
    else if (kind === 1) mutated[at] = dice.roll(256);
    else if (kind === 2) mutated = Buffer.concat([mutated.subarray(0, to), mutated.subarray(at)]);
    else if (kind === 3)
      mutated = Buffer.concat([mutated.subarray(0, at), dice.bytes(dice.roll(6)), mutated.subarray(at)]);
    else mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(to)]);
  }
  return mutated;
}

const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  'null',
  'true',
  '1',
  '-',
  '0.5e999',
  '12345678901234567890',
  'Infinity',
  'NaN',
  '"type"',
  '"value"',
  '"\\ud800"',
  '\\',
  '\u0000',
  ' ',
  '"__proto__"',
  '{"a":',
];
const VALUES: readonly unknown[] = [
  null,
  true,
  'true',
  'x',
  '',
  '12',
  -1,
  1.5,
  1e300,
  2 ** 53,
  [],
  [[]],
  {},
  { value: {} },
  ['SUBSCRIBE'],
  'SUBSCRIBE',
  '9'.repeat(50),
];

/** JSON with the right names and the wrong values. */
function confused(type: AnyMessageType, dice: Dice, depth = 0): unknown {
  const object: Record<string, unknown> = {};
  for (const field of type.fields) {
    if (dice.chance(2)) continue;
    const isMessage = field.kind === 'message' && depth < 5 && dice.chance(2);
    object[field.name] = isMessage ? confused(field.message as AnyMessageType, dice, depth + 1) : dice.pick(VALUES);
  }
  return object;
}

function protobufCase(dice: Dice): Outcome {
  const type = dice.pick(MESSAGE_TYPES);
  const garbage = dice.chance(3);
  const bytes = garbage ? dice.bytes(dice.roll(80)) : mutate(encodeProtobuf(type, randomMessage(type, dice)), dice);
  const value = decodeProtobuf(type, bytes);
  return judged(value, () => {
    encodeProtobuf(type, value as Record<string, unknown>);
    encodeJson(type, value as Record<string, unknown>);
  });
}

function jsonCase(dice: Dice): Outcome {
  const type = dice.pick(MESSAGE_TYPES);
  const kind = dice.roll(3);
  let text: string;
  if (kind === 0) text = Array.from({ length: dice.roll(30) }, () => dice.pick(TOKENS)).join('');
  else if (kind === 1) text = JSON.stringify(confused(type, dice));
  else text = Buffer.from(mutate(Buffer.from(encodeJson(type, randomMessage(type, dice))), dice)).toString('latin1');
  const value = decodeJson(type, text);
  return judged(value, () => {
    encodeProtobuf(type, value as Record<string, unknown>);
    encodeJson(type, value as Record<string, unknown>);
  });
}

function bodyCase(dice: Dice): Outcome {
  const type = dice.pick(MESSAGE_TYPES);
  const format = dice.pick(['json', 'protobuf'] as const);
  const value = decodeMessage(format, type, dice.bytes(dice.roll(200)));
  return judged(value, () => undefined);
}

function recordCase(dice: Dice): Outcome {
  const stream = Buffer.concat(Array.from({ length: dice.roll(4) }, () => encodeRecord(dice.bytes(1 + dice.roll(50)))));
  const bytes = dice.chance(4) ? stream : mutate(stream, dice);
  const decoder = new RecordDecoder({ maxRecordBytes: 60 });
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + dice.roll(20);
    const records = decoder.push(bytes.subarray(at, at + size));
    if (isRejection(records)) return judged(records, () => undefined);
    expect(records.every((record) => record.length > 0 && record.length <= 60)).toBe(true);
    expect(decoder.pendingBytes).toBeLessThanOrEqual(60 + 21);
    at += size;
  }
  return { accepted: true };
}

/** Valid messages with arbitrary contents through every validation. */
function validationCase(dice: Dice): Outcome {
  const complaints = [
    validateSchedulerCall(randomMessage(scheduler.Call as unknown as AnyMessageType, dice)),
    validateExecutorCall(randomMessage(executor.Call as unknown as AnyMessageType, dice) as unknown as executor.Call),
    validateMasterCall(randomMessage(master.Call as unknown as AnyMessageType, dice)),
    validateAgentCall(randomMessage(agent.Call as unknown as AnyMessageType, dice)),
    ...insideCall(randomMessage(scheduler.Call as unknown as AnyMessageType, dice)),
  ];
  return complaints.map((complaint) => judged(complaint, () => undefined)).at(-1) ?? { accepted: true };
}

function insideCall({ subscribe, accept }: scheduler.Call): unknown[] {
  const operations = accept?.operations ?? [];
  const tasks = operations.flatMap((operation) => operation.launch?.task_infos ?? []);
  const subscription = subscribe && {
    info: subscribe.framework_info,
    suppressedRoles: subscribe.suppressed_roles,
    offerConstraints: subscribe.offer_constraints,
  };
  return [
    subscription && validateSubscription(subscription),
    ...operations.map(validateOperation),
    ...tasks.map(validateTaskInfo),
  ];
}

const KINDS = [
  protobufCase,
  protobufCase,
  protobufCase,
  jsonCase,
  jsonCase,
  jsonCase,
  bodyCase,
  recordCase,
  recordCase,
  validationCase,
];

describe('the wire layer under fuzz', () => {
  it(`answers ${CASES} hostile inputs`, { timeout: 300_000 }, () => {
    console.log(`fuzz: seed ${SEED}, ${CASES} cases (replay: WIRE_FUZZ_SEED=${SEED})`);
    let accepted = 0;
    let slowestMs = 0;
    for (let index = 0; index < CASES; index += 1) {
      const dice = new Dice((SEED + index * 2_654_435_761) >>> 0);
      const start = performance.now();
      try {
        if (dice.pick(KINDS)(dice).accepted) accepted += 1;
      } catch (error) {
        throw new Error(`seed ${SEED}, case ${index}`, { cause: error });
      }
      slowestMs = Math.max(slowestMs, performance.now() - start);
    }
    console.log(`fuzz: ${accepted} accepted, ${CASES - accepted} refused, slowest case ${slowestMs.toFixed(0)} ms`);
    expect(slowestMs).toBeLessThan(MAX_CASE_MS);
    // Inputs that are all refused, or all accepted, would test nothing.
    expect(accepted).toBeGreaterThan(CASES / 20);
    expect(accepted).toBeLessThan((CASES * 19) / 20);
  });

  const megabyte = 1_000_000;
  const OVERSIZED: readonly (readonly [string, () => unknown])[] = [
    ['a long run of digits', () => decodeJson(scheduler.Call, `{"x":${'7'.repeat(5 * megabyte)}}`)],
    [
      'a long run of digits in a string',
      () => decodeJson(agent.Call, `{"read_file":{"path":"","offset":"${'7'.repeat(megabyte)}"}}`),
    ],
    ['many open arrays', () => decodeJson(scheduler.Call, '['.repeat(megabyte))],
    [
      'many open arrays in the exact parser',
      () => decodeJson(scheduler.Call, `{"a":1234567890123456789,"x":${'['.repeat(megabyte)}`),
    ],
    ['many escapes', () => decodeJson(scheduler.Call, `{"a":1234567890123456789,"x":"${'\\n'.repeat(megabyte)}`)],
    ['many quotes', () => decodeJson(scheduler.Call, `1234567890123456${'"'.repeat(megabyte)}`)],
    ['many blanks', () => decodeJson(scheduler.Call, `1234567890123456${' '.repeat(5 * megabyte)}x`)],
    [
      'blanks around a number in a string',
      () => decodeJson(agent.Call, `{"read_file":{"path":"","offset":"1${' '.repeat(megabyte)}2"}}`),
    ],
    ['long base64', () => decodeJson(scheduler.Call, `{"acknowledge":{"uuid":"${'A'.repeat(4 * megabyte)}-"}}`)],
    [
      'many unknown keys',
      () => decodeJson(scheduler.Call, `{${Array.from({ length: 200_000 }, (_, index) => `"k${index}":1`).join(',')}`),
    ],
    [
      'many empty elements',
      () => decodeProtobuf(scheduler.Call_Accept, Buffer.alloc(2 * megabyte, Buffer.from([0x0a, 0]))),
    ],
    [
      'a list interleaved with an unknown field',
      () => decodeProtobuf(scheduler.Call_Suppress, Buffer.alloc(2 * megabyte, Buffer.from([0x0a, 0, 0x50, 1]))),
    ],
    ['nested groups', () => decodeProtobuf(scheduler.Call, Buffer.alloc(megabyte, 0x0b))],
    ['nested messages', () => decodeProtobuf(agent.Call, Buffer.alloc(megabyte, 0x22))],
    ['continuation bytes', () => decodeProtobuf(scheduler.Call, Buffer.alloc(megabyte, 0xff))],
    ['zeros', () => decodeProtobuf(scheduler.Call, Buffer.alloc(megabyte))],
  ];
  it.each(OVERSIZED)('answers %s quickly', (_what, run) => {
    const start = performance.now();
    const value = run();
    expect(performance.now() - start).toBeLessThan(MAX_CASE_MS);
    judged(value, () => undefined);
  });
});
