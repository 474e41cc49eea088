/**
 * The view model on a large cluster (design/ux, checklist 14): time to take in the snapshot, cost of the stream with four
 * views open and one window of 50 rows a second of each, other orders and filters, heap. Events are decoded from their protobuf form, as
 * they come from a master; decoding is told apart.
 * Run: node --expose-gc --import tsx test/bench/view-model.ts [AGENTS] [TASKS] [EVENTS_PER_SECOND] [SECONDS]
 */
import { isRejection } from '../../src/base/rejection.js';
import { type ClusterModel, columnsOf, createClusterModel } from '../../src/views/model/cluster-model.js';
import { decodeProtobuf, encodeProtobuf } from '../../src/wire/codec.js';
import * as api from '../../src/wire/gen/mesoctl-api.js';
import { ClusterStream } from './cluster-stream.js';
import { printHeader, printSamples } from './report.js';

const [agents = 10_000, tasks = 100_000, eventsPerSecond = 1000, seconds = 60] = process.argv.slice(2).map(Number);
const START_MS = 1_790_000_000_000;
const WINDOW_ROWS = 50;

interface Recorded {
  readonly snapshot: readonly Uint8Array[];
  /** One list for each second. */
  readonly stream: readonly (readonly Uint8Array[])[];
}

function record(): Recorded {
  const cluster = new ClusterStream({ seed: 1, agents, tasks, frameworks: 50, eventsPerSecond, startUnixMs: START_MS });
  const encode = (events: Iterable<api.Event>) => Array.from(events, (event) => encodeProtobuf(api.Event, event));
  const snapshot = encode(cluster.subscribe());
  const stream = Array.from({ length: seconds }, (_, second) =>
    encode(cluster.advance(START_MS + 1000 * (second + 1))),
  );
  return { snapshot, stream };
}

function decode(bytes: Uint8Array): api.Event {
  const event = decodeProtobuf(api.Event, bytes);
  if (isRejection(event)) throw new Error(event.message);
  return event;
}

function heapMb(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

function timed<T>(run: () => T): { readonly ms: number; readonly value: T } {
  const started = performance.now();
  const value = run();
  return { ms: performance.now() - started, value };
}

/** Processor time of all threads, the collector's too: on a busy machine wall time says little. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function cpuOf(run: () => void): number {
  const started = cpuMs();
  run();
  return cpuMs() - started;
}

function print(name: string, ms: number, more = ''): void {
  console.log(`${name}: ${ms.toFixed(1)} ms${more}`);
}

function takeSnapshot(model: ClusterModel, snapshot: readonly Uint8Array[]) {
  let decodeMs = 0;
  let applyMs = 0;
  for (const bytes of snapshot) {
    const started = cpuMs();
    const event = decode(bytes);
    const decoded = cpuMs();
    model.apply(event, START_MS);
    decodeMs += decoded - started;
    applyMs += cpuMs() - decoded;
  }
  return { decodeMs, applyMs };
}

function openViews(model: ClusterModel) {
  return [
    model.tables.tasks.open(),
    model.tables.tasks.open({ order: { column: 'task', descending: false }, filter: 'shop !state=finished' }),
    model.tables.agents.open({ order: { column: 'cpu', descending: true } }),
    model.tables.offers.open(),
  ] as const;
}

function runStream(model: ClusterModel, stream: Recorded['stream']): void {
  const perEvent: number[] = [];
  const perSecond: number[] = [];
  let decodeMs = 0;
  let events = 0;
  const views = openViews(model);
  const cpuBefore = cpuMs();
  for (const view of views) view.window(0, WINDOW_ROWS);
  stream.forEach((batch, second) => {
    const nowMs = START_MS + 1000 * (second + 1);
    let ms = 0;
    for (const bytes of batch) {
      const decoded = timed(() => decode(bytes));
      decodeMs += decoded.ms;
      const took = timed(() => model.apply(decoded.value, nowMs)).ms;
      perEvent.push(1000 * took);
      ms += took;
      events++;
    }
    ms += timed(() => {
      model.tick(nowMs);
      for (const view of views) view.window(0, WINDOW_ROWS);
      return [model.totals, model.history, model.events, model.problems(5)];
    }).ms;
    perSecond.push(ms);
  });
  const total = perSecond.reduce((sum, ms) => sum + ms, 0);
  const cpu = cpuMs() - cpuBefore;
  printSamples('one event, 4 views open', perEvent, 'us');
  printSamples(`a second of ${(events / seconds).toFixed(0)} events, tick and 4 windows`, perSecond, 'ms');
  const part = (ms: number) => `${((100 * ms) / (1000 * seconds)).toFixed(2)} %`;
  console.log(`of one core: model ${part(total)}, decoding ${part(decodeMs)}; processor time of both ${part(cpu)}`);
  for (const view of views) view.close();
}

function runOrders(model: ClusterModel): void {
  const view = model.tables.tasks.open();
  view.window(0, WINDOW_ROWS);
  for (const { key } of columnsOf('tasks')) {
    const ms = cpuOf(() => {
      view.setOrder({ column: key, descending: true });
      view.window(0, WINDOW_ROWS);
    });
    const far = cpuOf(() => view.window(view.size >> 1, WINDOW_ROWS));
    print(`order by ${key} and first window`, ms, `; window in the middle ${far.toFixed(1)} ms`);
  }
  view.setOrder({ column: 'problem', descending: false });
  for (const filter of ['shop', 'shop', 'node-0123', 'state=failed', 'cpu>2 mem>=1G', 'age<5m', '!state=running', '']) {
    const ms = cpuOf(() => {
      view.setFilter('no such thing anywhere');
      view.window(0, WINDOW_ROWS);
    });
    const own = cpuOf(() => {
      view.setFilter(filter);
      view.window(0, WINDOW_ROWS);
    });
    print(
      `filter "${filter}" and first window`,
      own,
      `; ${view.size} rows (one that fits nothing: ${ms.toFixed(1)} ms)`,
    );
  }
  view.close();
}

printHeader('view model');
console.log(`# ${agents} agents, ${tasks} tasks, ${eventsPerSecond} events/s for ${seconds} s`);
const recorded = record();
const before = heapMb();
const model = createClusterModel();
const first = takeSnapshot(model, recorded.snapshot);
print('snapshot', first.applyMs, `; decoding ${first.decodeMs.toFixed(0)} ms`);
console.log(`heap: ${(heapMb() - before).toFixed(1)} MB for the model`);
runStream(model, recorded.stream);
console.log(`heap: ${(heapMb() - before).toFixed(1)} MB after the stream`);
runOrders(model);
console.log(`heap: ${(heapMb() - before).toFixed(1)} MB after orders and filters`);
const again = takeSnapshot(model, recorded.snapshot);
print('the same snapshot again', again.applyMs, `; decoding ${again.decodeMs.toFixed(0)} ms`);
