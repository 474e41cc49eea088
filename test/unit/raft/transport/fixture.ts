/** Members with real sockets on loopback, and raw peers that break the rules. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { isRejection } from '../../../../src/base/rejection.js';
import type { BootstrapMessage, Introduction } from '../../../../src/raft/core/bootstrap/protocol.js';
import type { Message } from '../../../../src/raft/core/protocol.js';
import { encodePeerRecord } from '../../../../src/raft/transport/message-codec.js';
import { PeerTransport } from '../../../../src/raft/transport/peer-transport.js';
import type { TransportLimits, TransportTrouble } from '../../../../src/raft/transport/transport.js';
import { decodeProtobuf } from '../../../../src/wire/codec.js';
import { type Hello, PeerRecord } from '../../../../src/wire/gen/mesoctl-peer.js';
import { RecordDecoder } from '../../../../src/wire/recordio.js';

export const QUICK: Partial<TransportLimits> = {
  connectTimeoutMs: 2_000,
  helloTimeoutMs: 2_000,
  reconnectMinMs: 5,
  reconnectMaxMs: 40,
  idleTimeoutMs: 20_000,
};

export interface MemberOptions {
  readonly id?: string;
  readonly introduction?: Partial<Introduction>;
  readonly credential?: Uint8Array;
  readonly limits?: Partial<TransportLimits>;
  readonly port?: number;
}

const opened: { close(): Promise<unknown> }[] = [];

export class TestMember {
  readonly introductions: Introduction[] = [];
  readonly messages: Message[] = [];
  readonly bootstrap: { readonly from: Introduction; readonly message: BootstrapMessage }[] = [];
  readonly disconnected: string[] = [];
  readonly troubles: TransportTrouble[] = [];
  readonly transport: PeerTransport;
  introduction: Introduction;
  address = '';
  port = 0;

  constructor({ id = 'a', introduction = {}, credential, limits, port = 0 }: MemberOptions = {}) {
    this.introduction = {
      member: { id, name: `name-${id}`, address: '' },
      standing: 'empty',
      clusterId: undefined,
      peersDigest: undefined,
      features: 1,
      ...introduction,
    };
    this.transport = new PeerTransport({
      ip: '127.0.0.1',
      port,
      credential,
      limits: { ...QUICK, ...limits },
      observer: {
        onIntroduction: (one) => this.introductions.push(one),
        onMessage: (message) => this.messages.push(message),
        onBootstrapMessage: (from, message) => this.bootstrap.push({ from, message }),
        onDisconnected: (gone) => this.disconnected.push(gone),
        onTrouble: (trouble) => this.troubles.push(trouble),
      },
    });
    this.transport.introduce(this.introduction);
  }

  async listen(): Promise<this> {
    const { port } = await this.transport.listen();
    this.port = port;
    this.address = `127.0.0.1:${port}`;
    this.introduce({ member: { ...this.introduction.member, address: this.address } });
    return this;
  }

  introduce(change: Partial<Introduction>): void {
    this.introduction = { ...this.introduction, ...change };
    this.transport.introduce(this.introduction);
  }

  heartbeat(to: string, round: number): void {
    this.transport.send({ kind: 'heartbeat', from: this.introduction.member.id, to, term: 1, commit: 0, round });
  }

  /** An append with one entry. */
  append(to: string, bytes: number): void {
    const entries = [{ index: 1, term: 1, body: { kind: 'data', data: new Uint8Array(bytes) } as const }];
    const from = this.introduction.member.id;
    this.transport.send({ kind: 'append', from, to, term: 1, prevIndex: 0, prevTerm: 0, commit: 0, entries });
  }

  rounds(): number[] {
    return this.messages.flatMap((message) => (message.kind === 'heartbeat' ? [message.round] : []));
  }

  codes(): string[] {
    return this.troubles.map(({ code }) => code);
  }
}

export async function startMember(options: MemberOptions = {}): Promise<TestMember> {
  const member = new TestMember(options);
  opened.push(member.transport);
  return member.listen();
}

/** Two members that are connected in both directions. */
export async function startPair(a: MemberOptions = {}, b: MemberOptions = {}): Promise<[TestMember, TestMember]> {
  const one = await startMember({ id: 'a', ...a });
  const other = await startMember({ id: 'b', ...b });
  one.transport.setAddresses([other.address]);
  other.transport.setAddresses([one.address]);
  await until('both directions', () => one.transport.connected().has('b') && other.transport.connected().has('a'));
  return [one, other];
}

/** One end of a connection that speaks bytes. */
export class RawPeer {
  readonly records: PeerRecord[] = [];
  readonly socket: Socket;
  isClosed = false;
  /** Chunks as they came. */
  chunks = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    const decoder = new RecordDecoder({ maxRecordBytes: 1 << 26 });
    socket.on('data', (chunk) => {
      this.chunks += 1;
      const records = decoder.push(chunk);
      if (isRejection(records)) throw new Error(records.message);
      for (const bytes of records) {
        const record = decodeProtobuf(PeerRecord, bytes);
        if (isRejection(record)) throw new Error(record.message);
        this.records.push(record);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  say(...records: PeerRecord[]): void {
    for (const record of records) this.socket.write(encodePeerRecord(record));
  }

  find<Kind extends keyof PeerRecord>(kind: Kind): PeerRecord[Kind] {
    return this.records.find((record) => record[kind] !== undefined)?.[kind];
  }
}

export function rawHello(id: string, change: Partial<Hello> = {}): PeerRecord {
  return {
    hello: {
      min_version: 1,
      max_version: 1,
      instance: new Uint8Array(16).fill(id.charCodeAt(0)),
      introduction: { member: { id, name: id, address: '' }, standing: 'EMPTY', features: 1 },
      ...change,
    },
  };
}

export async function dialRaw(port: number): Promise<RawPeer> {
  const socket = connect(port, '127.0.0.1');
  const peer = new RawPeer(socket);
  opened.push({ close: async () => socket.destroy() });
  await once(socket, 'connect');
  return peer;
}

/** A listener whose connections the test handles. */
export async function listenRaw(onPeer: (peer: RawPeer) => void): Promise<{ address: string; server: Server }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    onPeer(new RawPeer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return { address: `127.0.0.1:${address.port}`, server };
}

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((one) => one.close()));
}

export async function until(what: string, condition: () => boolean, deadlineMs = 15_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited ${deadlineMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
