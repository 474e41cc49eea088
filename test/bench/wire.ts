// Encode and decode costs of the wire codecs: ours against JSON.stringify/parse and protobufjs, in one run. By hand: npx tsx test/bench/wire.ts
// Figures are the best of several rounds; the garbage collector runs between rounds when node was started with --expose-gc.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { isRejection, type Rejection } from '../../src/base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../src/wire/codec.js';
import * as link from '../../src/wire/gen/mesoctl-link.js';
import type * as mesos from '../../src/wire/gen/mesos.js';
import * as scheduler from '../../src/wire/gen/scheduler.js';
import { decodeJson, encodeJson } from '../../src/wire/json.js';

const AGENTS = Number(process.env.AGENTS ?? 40_000);
const TASKS_PER_AGENT = Number(process.env.TASKS_PER_AGENT ?? 10);
const OFFERS = 20_000;
const ROUNDS = 5;
const MASTER = 'c1b42f79-5c58-4f0e-9d2f-3a0f6a4f8b11';

function must<T>(value: T | Rejection): T {
  if (isRejection(value)) throw new Error(value.message);
  return value;
}

function resources(role: string, cpus: number, mem: number): mesos.Resource[] {
  const allocation_info = { role };
  return [
    { name: 'cpus', type: 'SCALAR', scalar: { value: cpus }, allocation_info },
    { name: 'mem', type: 'SCALAR', scalar: { value: mem }, allocation_info },
    { name: 'disk', type: 'SCALAR', scalar: { value: 10_240.5 }, allocation_info },
    { name: 'ports', type: 'RANGES', ranges: { range: [{ begin: 31_000, end: 32_000 }] }, allocation_info },
  ];
}

function offer(index: number): mesos.Offer {
  const hostname = `host-${index}.example.org`;
  return {
    id: { value: `${MASTER}-O${index}` },
    framework_id: { value: `${MASTER}-0001` },
    agent_id: { value: `${MASTER}-S${index % 40_000}` },
    hostname,
    url: { scheme: 'http', address: { hostname, ip: '10.1.2.3', port: 5051 }, path: '/slave(1)' },
    resources: resources('analytics', 7.5, 15_360),
    attributes: [{ name: 'rack', type: 'TEXT', text: { value: `r${index % 40}` } }],
    allocation_info: { role: 'analytics' },
  };
}

function task(agent: number, index: number): mesos.Task {
  const id = agent * TASKS_PER_AGENT + index;
  return {
    name: 'web',
    task_id: { value: `web.${id.toString(16)}.a3f1c2` },
    framework_id: { value: `${MASTER}-000${index % 5}` },
    agent_id: { value: `${MASTER}-S${agent}` },
    state: 'TASK_RUNNING',
    resources: resources('analytics', 0.5, 256).slice(0, 2),
    statuses: [
      {
        task_id: { value: `web.${id.toString(16)}.a3f1c2` },
        state: 'TASK_RUNNING',
        agent_id: { value: `${MASTER}-S${agent}` },
        timestamp: 1_700_000_000.25 + id,
        source: 'SOURCE_EXECUTOR',
        uuid: new Uint8Array(16).fill(id & 0xff),
        container_status: { network_infos: [{ ip_addresses: [{ ip_address: '10.1.2.3' }] }] },
      },
    ],
  };
}

function reregistration(agent: number): link.LinkRecord {
  const hostname = `host-${agent}.example.org`;
  return {
    agent: {
      channel: agent,
      sequence: 1,
      term: 7,
      reregister: {
        agent_info: {
          hostname,
          id: { value: `${MASTER}-S${agent}` },
          port: 5051,
          resources: resources('*', 8, 16_384),
        },
        version: '0.1.0',
        capabilities: [{ type: 'MULTI_ROLE' }, { type: 'HIERARCHICAL_ROLE' }, { type: 'RESERVATION_REFINEMENT' }],
        tasks: Array.from({ length: TASKS_PER_AGENT }, (_, index) => task(agent, index)),
        frameworks: [{ user: 'root', name: 'marathon', id: { value: `${MASTER}-0001` }, roles: ['analytics'] }],
      },
    },
  };
}

function protobufRoot(): protobuf.Root {
  const protoDir = join(dirname(fileURLToPath(import.meta.url)), '../../src/wire/proto');
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (target.startsWith('/') ? target : join(protoDir, target));
  const files = readdirSync(protoDir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.proto'));
  return root.loadSync(
    files.map((name) => join(protoDir, name)),
    { keepCase: true },
  );
}

function measure<T>(what: string, items: readonly T[], run: (item: T) => unknown): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    globalThis.gc?.();
    const start = performance.now();
    for (const item of items) run(item);
    best = Math.min(best, performance.now() - start);
  }
  const each = ((best * 1000) / items.length).toFixed(2);
  console.log(`${what.padEnd(50)} ${best.toFixed(1).padStart(9)} ms ${each.padStart(9)} us each`);
}

const root = protobufRoot();
const offers = Array.from({ length: OFFERS }, (_, index) => offer(index));
const events = offers.map((one): scheduler.Event => ({ type: 'OFFERS', offers: { offers: [one] } }));
const eventBytes = events.map((event) => encodeProtobuf(scheduler.Event, event));
const eventTexts = events.map((event) => encodeJson(scheduler.Event, event));
const pbjsEvent = root.lookupType('mesos.v1.scheduler.Event');
const pbjsEvents = eventBytes.map((bytes) => pbjsEvent.decode(bytes));
console.log(
  `node ${process.version}; one OFFERS event with one offer: ${eventBytes[0]?.length} bytes protobuf, ${eventTexts[0]?.length} JSON`,
);

measure('offer: encodeProtobuf', events, (event) => encodeProtobuf(scheduler.Event, event));
measure('offer: protobufjs encode', pbjsEvents, (event) => pbjsEvent.encode(event).finish());
measure('offer: encodeJson to bytes', events, (event) => Buffer.from(encodeJson(scheduler.Event, event)));
measure('offer: JSON.stringify to bytes', events, (event) => Buffer.from(JSON.stringify(event)));
measure('offer: decodeProtobuf', eventBytes, (bytes) => must(decodeProtobuf(scheduler.Event, bytes)));
measure('offer: protobufjs decode', eventBytes, (bytes) => pbjsEvent.decode(bytes));
measure('offer: decodeJson', eventTexts, (text) => must(decodeJson(scheduler.Event, text)));
measure('offer: JSON.parse', eventTexts, (text) => JSON.parse(text));

const records = Array.from({ length: AGENTS }, (_, agent) => encodeProtobuf(link.LinkRecord, reregistration(agent)));
const pbjsRecord = root.lookupType('mesoctl.link.v1.LinkRecord');
const recordBytes = records.reduce((sum, bytes) => sum + bytes.length, 0);
console.log(
  `re-registration of ${AGENTS} agents with ${TASKS_PER_AGENT} tasks each: ${(recordBytes / 1e6).toFixed(0)} MB protobuf`,
);
measure('re-registration: decodeProtobuf', records, (bytes) => must(decodeProtobuf(link.LinkRecord, bytes)));
measure('re-registration: protobufjs decode', records, (bytes) => pbjsRecord.decode(bytes));
const sample = records.slice(0, 2000).map((bytes) => must(decodeProtobuf(link.LinkRecord, bytes)));
measure('re-registration: encodeProtobuf', sample, (one) => encodeProtobuf(link.LinkRecord, one));
measure('re-registration: JSON.stringify', sample, (one) => JSON.stringify(one));
globalThis.gc?.();
const heapBefore = process.memoryUsage().heapUsed;
const start = performance.now();
const kept = records.map((bytes) => must(decodeProtobuf(link.LinkRecord, bytes)));
const keptMs = performance.now() - start;
globalThis.gc?.();
const heapMb = (process.memoryUsage().heapUsed - heapBefore) / 1e6;
console.log(
  `decoded once and kept: ${kept.length} re-registrations in ${keptMs.toFixed(0)} ms, heap +${heapMb.toFixed(0)} MB`,
);
