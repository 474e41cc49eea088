/**
 * The peer transport between two processes over loopback: appends of 64 entries of 256 bytes, each answered, as many as the
 * window of a follower allows and at the paced rate of the goal; the round trip of a tiny message; and what the codec of
 * appends costs against the tables of src/wire.
 *
 *   node --import tsx test/bench/peer-transport.ts [SECONDS]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AppendRequest, Message } from '../../src/raft/core/protocol.js';
import { encodeMessage } from '../../src/raft/transport/message-codec.js';
import { decodePeerRecord } from '../../src/raft/transport/peer-codec.js';
import { PeerTransport } from '../../src/raft/transport/peer-transport.js';
import { decodeProtobuf, encodeProtobuf } from '../../src/wire/codec.js';
import { PeerRecord } from '../../src/wire/gen/mesoctl-peer.js';
import { encodeRecord } from '../../src/wire/recordio.js';
import { printHeader, printSamples } from './report.js';

const ENTRIES = 64;
const ENTRY_BYTES = 256;
/** `maxInflightMessages` would allow more; this keeps about half a MiB on its way. */
const WINDOW = 32;
const PACED_ENTRIES_PER_SECOND = 50_000;
const ROUND_TRIPS = 10_000;

interface Cpu {
  readonly cpuSeconds: number;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function makeTransport(id: string, onMessage: (message: Message) => void): PeerTransport {
  const transport = new PeerTransport({
    ip: '127.0.0.1',
    port: 0,
    credential: undefined,
    observer: {
      onIntroduction: () => undefined,
      onMessage,
      onBootstrapMessage: () => undefined,
      onDisconnected: (gone) => console.error(`lost ${gone}`),
      onTrouble: (trouble) => console.error(trouble),
    },
  });
  const member = { id, name: id, address: '' };
  transport.introduce({ member, standing: 'empty', clusterId: undefined, peersDigest: undefined, features: 1 });
  return transport;
}

async function runFollower(leaderAddress: string): Promise<void> {
  const transport = makeTransport('follower', (message) => {
    const ends = { from: 'follower', to: 'leader', term: message.term };
    if (message.kind === 'heartbeat') transport.send({ kind: 'heartbeat-response', ...ends, round: message.round });
    else if (message.kind === 'append') {
      const { prevIndex, entries } = message;
      const match = prevIndex + entries.length;
      transport.send({ kind: 'append-response', ...ends, prevIndex, match, hintIndex: 0, hintTerm: 0 });
    }
  });
  const { port } = await transport.listen();
  transport.setAddresses([leaderAddress]);
  process.on('message', () => process.send?.({ cpuSeconds: cpuSeconds() } satisfies Cpu));
  process.on('disconnect', () => process.exit());
  process.send?.({ port });
}

class Leader {
  #onAnswer: () => void = () => undefined;
  readonly transport = makeTransport('leader', () => this.#onAnswer());
  readonly #entries = Array.from({ length: ENTRIES }, (_, i) => new Uint8Array(ENTRY_BYTES).fill(i));
  #next = 1;

  sendAppend(): void {
    const prevIndex = this.#next - 1;
    const entries = this.#entries.map((data, i) => ({
      index: prevIndex + 1 + i,
      term: 7,
      body: { kind: 'data', data } as const,
    }));
    this.#next += ENTRIES;
    const ends = { from: 'leader', to: 'follower', term: 7 };
    this.transport.send({ kind: 'append', ...ends, prevIndex, prevTerm: 7, entries, commit: prevIndex });
  }

  /** Keeps the window full for `seconds`; returns entries that were answered. */
  async saturate(seconds: number): Promise<number> {
    let answered = 0;
    const endMs = performance.now() + seconds * 1000;
    await new Promise<void>((resolve) => {
      let inflight = WINDOW;
      this.#onAnswer = () => {
        answered += 1;
        inflight -= 1;
        if (performance.now() < endMs) {
          inflight += 1;
          this.sendAppend();
        } else if (inflight === 0) resolve();
      };
      for (let i = 0; i < WINDOW; i++) this.sendAppend();
    });
    return answered * ENTRIES;
  }

  /** A message at its time, whatever has been answered. */
  async pace(seconds: number, entriesPerSecond: number): Promise<number> {
    const total = Math.round((seconds * entriesPerSecond) / ENTRIES);
    const startedMs = performance.now();
    let sent = 0;
    let answered = 0;
    await new Promise<void>((resolve) => {
      this.#onAnswer = () => {
        answered += 1;
        if (answered === total) resolve();
      };
      const timer = setInterval(() => {
        const due = Math.min(total, ((performance.now() - startedMs) * entriesPerSecond) / ENTRIES / 1000);
        for (; sent < due; sent++) this.sendAppend();
        if (sent === total) clearInterval(timer);
      }, 1);
    });
    return answered * ENTRIES;
  }

  /** Microseconds each. */
  async roundTrips(count: number): Promise<number[]> {
    const samples: number[] = [];
    for (let round = 0; round < count; round++) {
      const startedMs = performance.now();
      await new Promise<void>((resolve) => {
        this.#onAnswer = resolve;
        this.transport.send({ kind: 'heartbeat', from: 'leader', to: 'follower', term: 7, commit: 0, round });
      });
      samples.push((performance.now() - startedMs) * 1000);
    }
    return samples;
  }
}

function benchCodec(): void {
  const entries = Array.from({ length: ENTRIES }, (_, i) => ({
    index: i + 1,
    term: 7,
    body: { kind: 'data', data: new Uint8Array(ENTRY_BYTES) } as const,
  }));
  const message: AppendRequest = {
    kind: 'append',
    from: 'a',
    to: 'b',
    term: 7,
    prevIndex: 0,
    prevTerm: 7,
    commit: 0,
    entries,
  };
  const table: PeerRecord = {
    append: {
      term: 7,
      prev_index: 0,
      prev_term: 7,
      commit: 0,
      entries: entries.map(({ term, body }) => ({ term, data: body.data })),
    },
  };
  const payload = Buffer.from(encodeProtobuf(PeerRecord, table));
  const ends = { from: 'a', to: 'b' };
  const kept: unknown[] = [];
  const keep = (i: number, value: unknown) => {
    kept[i % 100] = value;
  };
  const cases: readonly [string, (i: number) => void][] = [
    ['encode, tables', (i) => keep(i, encodeRecord(encodeProtobuf(PeerRecord, table)))],
    ['encode, by hand', (i) => keep(i, encodeMessage(message))],
    ['decode, tables', (i) => keep(i, decodeProtobuf(PeerRecord, payload))],
    ['decode, by hand', (i) => keep(i, decodePeerRecord(payload, ends))],
  ];
  for (const [name, run] of cases) {
    for (let i = 0; i < 2_000; i++) run(i);
    const before = cpuSeconds();
    for (let i = 0; i < 5_000; i++) run(i);
    console.log(
      `${name}: ${(((cpuSeconds() - before) / 5_000 / ENTRIES) * 1e6).toFixed(2)} us of processor time an entry`,
    );
  }
}

async function runLeader(seconds: number): Promise<void> {
  printHeader('peer-transport');
  benchCodec();
  const leader = new Leader();
  const { port } = await leader.transport.listen();
  const child = fork(fileURLToPath(import.meta.url), ['follower', `127.0.0.1:${port}`]);
  const [ready] = (await once(child, 'message')) as [{ port: number }];
  const followerCpu = async () => {
    child.send('cpu');
    return ((await once(child, 'message')) as [Cpu])[0].cpuSeconds;
  };
  leader.transport.setAddresses([`127.0.0.1:${ready.port}`]);
  while (!leader.transport.connected().has('follower')) await new Promise((resolve) => setTimeout(resolve, 5));

  const measure = async (name: string, work: () => Promise<number>) => {
    const startedMs = performance.now();
    const before = [cpuSeconds(), await followerCpu()] as const;
    const done = await work();
    const after = [cpuSeconds(), await followerCpu()] as const;
    const wallSeconds = (performance.now() - startedMs) / 1000;
    const perMillion = after.map((cpu, i) => (((cpu - (before[i] ?? 0)) / done) * 1e6).toFixed(2));
    console.log(
      `${name}: ${Math.round(done / wallSeconds)} entries/s; cpu seconds per million entries: leader ${perMillion[0]}, follower ${perMillion[1]}`,
    );
  };
  await leader.saturate(1);
  await measure(`window of ${WINDOW} appends`, () => leader.saturate(seconds));
  await measure(`paced`, () => leader.pace(seconds, PACED_ENTRIES_PER_SECOND));
  printSamples('round trip of a heartbeat', await leader.roundTrips(ROUND_TRIPS), 'us');
  child.disconnect();
  await leader.transport.close();
}

const [first, second] = process.argv.slice(2);
if (first === 'follower') await runFollower(second ?? '');
else await runLeader(Number(first ?? 10));
