/**
 * The peer transport: handshakes of both sides, who may stay, where messages go. Sockets are peer-connection.ts's, attempts
 * dialer.ts's, who is connected peer-roster.ts's.
 *
 * Invariants: nothing of a peer reaches the owner before both ends have introduced themselves and found nothing wrong; what a
 * peer sends never throws, it ends that connection; `onDisconnected` follows `onIntroduction`, once, when the member has no
 * connection left; after `close` nothing is told.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { assert, present } from '../../base/assert.js';
import { systemClock } from '../../base/system/clock.js';
import { createBufferedRandom } from '../../base/system/random.js';
import type { BootstrapMessage, Introduction } from '../core/bootstrap/protocol.js';
import type { MemberId } from '../core/configuration.js';
import type { Message } from '../core/protocol.js';
import { Dialer, type Outlook } from './dialer.js';
import { clusterRefusal, refusalOf, sameIdText } from './hello-check.js';
import { encodeMessage } from './message-codec.js';
import { encodeBootstrap, encodeHello, encodeIntroduction, encodeRefusal } from './peer-codec.js';
import { type CloseReason, PeerConnection, TICKS_PER_IDLE_TIMEOUT } from './peer-connection.js';
import { PeerListener } from './peer-listener.js';
import { DEFAULT_TRANSPORT_LIMITS, type Hello, PEER_VERSION, type PeerFrame, type Refusal } from './peer-protocol.js';
import { type Peer, PeerRoster } from './peer-roster.js';
import type {
  PeerStatus,
  Transport,
  TransportLimits,
  TransportObserver,
  TransportOptions,
  TransportTrouble,
} from './transport.js';
import { TroubleLog } from './trouble-log.js';

/** An address that this member stays connected to. */
interface Target {
  readonly address: string;
  readonly dialer: Dialer;
  link: Link | undefined;
  dropped: number;
}

/** One connection, from its first byte on. */
interface Link {
  readonly connection: PeerConnection;
  /** undefined: it was accepted. */
  readonly target: Target | undefined;
  readonly openedMs: number;
  readonly helloTimer: NodeJS.Timeout;
  /** What is known of the other end, for people. */
  address: string;
  /** What we said of ourselves last. */
  told: Introduction | undefined;
  /** Set once both ends have introduced themselves. */
  peer: Peer<Link> | undefined;
  /** Set when one end refused the other. */
  outlook: Outlook | undefined;
}

/** A connection that lasted this long was a good one: the next attempt comes at once. */
const GOOD_CONNECTION_MS = 1_000;

const TROUBLE_OF_REFUSAL: Readonly<Record<Refusal['code'], TransportTrouble['code']>> = {
  VERSION: 'version',
  CREDENTIAL: 'credential',
  CLUSTER: 'wrong-cluster',
  SELF: 'self',
  PROTOCOL: 'protocol',
};

export class PeerTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #limits: TransportLimits;
  readonly #observer: TransportObserver;
  readonly #troubles: TroubleLog;
  readonly #listener: PeerListener;
  readonly #random = createBufferedRandom();
  readonly #instance = randomBytes(16).toString('hex');
  readonly #roster = new PeerRoster<Link>();
  readonly #targets = new Map<string, Target>();
  /** Everything that is open, oldest first. */
  readonly #links = new Set<Link>();
  /** The same and what is still being closed. */
  readonly #sockets = new Set<Socket>();
  #introduction: Introduction | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_TRANSPORT_LIMITS, ...options.limits };
    this.#observer = options.observer;
    this.#troubles = new TroubleLog(systemClock, (trouble) => {
      if (!this.#isClosed) this.#observer.onTrouble(trouble);
    });
    this.#listener = new PeerListener((socket) => this.#onAccepted(socket));
  }

  listen(): Promise<{ readonly ip: string; readonly port: number }> {
    assert(this.#introduction !== undefined, 'a member says who it is before it listens');
    const { ip, port } = this.#options;
    return this.#listener.listen(ip, port, (detail) =>
      this.#troubles.report({ address: `${ip}:${port}`, code: 'unreachable', detail: `accepting failed: ${detail}` }),
    );
  }

  introduce(introduction: Introduction): void {
    const before = this.#introduction;
    assert(before === undefined || before.member.id === introduction.member.id, 'a member keeps its id');
    this.#introduction = introduction;
    for (const link of [...this.#links]) this.#introduceAgain(link, introduction);
  }

  setAddresses(addresses: readonly string[]): void {
    if (this.#isClosed) return;
    const wanted = new Set(addresses);
    for (const target of [...this.#targets.values()]) if (!wanted.has(target.address)) this.#letGo(target);
    for (const address of wanted) if (!this.#targets.has(address)) this.#stayConnected(address);
  }

  send(message: Message): void {
    assert(message.from === this.#self.member.id, 'a member speaks for itself');
    const link = this.#roster.carrier(message.to);
    if (link !== undefined) this.#queue(link, encodeMessage(message));
  }

  sendBootstrap(to: MemberId, message: BootstrapMessage): void {
    const link = this.#roster.carrier(to);
    if (link !== undefined) this.#queue(link, encodeBootstrap(message));
  }

  connected(): ReadonlySet<MemberId> {
    return this.#roster.reachable();
  }

  status(): readonly PeerStatus[] {
    return [...this.#targets.values()].map(({ address, link, dropped }) => ({
      address,
      id: link?.peer?.introduction.member.id,
      queuedBytes: link?.connection.queuedBytes ?? 0,
      droppedMessages: dropped,
    }));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#ticker);
    for (const target of [...this.#targets.values()]) this.#letGo(target);
    for (const { connection } of [...this.#links]) connection.close('closed', 'this member is shutting down');
    const released = [...this.#sockets].map((socket) => new Promise<void>((resolve) => socket.once('close', resolve)));
    await Promise.all([this.#listener.close(), ...released]);
  }

  get #self(): Introduction {
    return present(this.#introduction, 'a member says who it is before it talks');
  }

  /* ---------------------------------------------------------------- sending */

  #queue({ connection, target, address }: Link, record: Buffer): void {
    if (target === undefined || connection.send(record)) return;
    target.dropped += 1;
    const waiting = `${connection.queuedBytes} bytes wait for it`;
    const detail = `${waiting}, ${record.length} more do not fit; ${target.dropped} messages were dropped so far`;
    this.#troubles.report({ address, code: 'queue-full', detail });
  }

  #introduceAgain(link: Link, introduction: Introduction): void {
    const { peer, connection } = link;
    if (peer === undefined || link.told === introduction) return;
    link.told = introduction;
    const refusal = clusterRefusal(peer.introduction, introduction);
    if (refusal !== undefined) this.#refuse(link, refusal);
    // It must be in front of what is sent after it; the next connection begins with it.
    else if (!connection.send(encodeIntroduction(introduction)))
      connection.destroy('silent', 'it does not read, and has to hear that this member has changed');
  }

  /* ---------------------------------------------------------------- connections */

  #stayConnected(address: string): void {
    const dialer = new Dialer({
      address,
      limits: this.#limits,
      random: this.#random,
      onSocket: (socket) => this.#onDialled(target, socket),
      onFailed: (detail) => this.#troubles.report({ address, code: 'unreachable', detail }),
    });
    const target: Target = { address, dialer, link: undefined, dropped: 0 };
    this.#targets.set(address, target);
    dialer.start();
  }

  #letGo(target: Target): void {
    this.#targets.delete(target.address);
    target.dialer.stop();
    target.link?.connection.close('closed', 'this member does not need it any more');
  }

  #onDialled(target: Target, socket: Socket): void {
    const link = this.#open(socket, target, target.address);
    target.link = link;
    link.told = this.#self;
    link.connection.send(this.#hello());
  }

  #onAccepted(socket: Socket): void {
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    const { address } = this.#open(socket, undefined, (socket.remoteAddress ?? '').replace(/^::ffff:/, ''));
    this.#boundAccepted(address);
  }

  /** The oldest stranger is cut: it has had the most time to say who it is. The newest connection is one, so there is one. */
  #boundAccepted(address: string): void {
    const accepted = [...this.#links].filter(({ target }) => target === undefined);
    const strangers = accepted.filter(({ peer }) => peer === undefined);
    if (accepted.length <= this.#limits.maxAccepted && strangers.length <= this.#limits.maxStrangers) return;
    strangers[0]?.connection.destroy('closed', 'too many connections');
    const detail = `${accepted.length} connections are open, ${strangers.length} have not said who they are: one is cut`;
    this.#troubles.report({ address, code: 'protocol', detail });
  }

  #open(socket: Socket, target: Target | undefined, address: string): Link {
    const connection = new PeerConnection({
      socket,
      limits: this.#limits,
      observer: {
        onFrame: (frame) => this.#onFrame(link, frame),
        onClosed: (reason, detail) => this.#onClosed(link, reason, detail),
      },
    });
    const { helloTimeoutMs, idleTimeoutMs } = this.#limits;
    const onLate = () => connection.destroy('silent', `no Hello came within ${helloTimeoutMs} ms`);
    const link: Link = {
      connection,
      target,
      openedMs: systemClock.now().monotonicMs,
      helloTimer: setTimeout(onLate, helloTimeoutMs),
      address,
      told: undefined,
      peer: undefined,
      outlook: undefined,
    };
    this.#links.add(link);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#ticker ??= setInterval(() => this.#tick(), idleTimeoutMs / TICKS_PER_IDLE_TIMEOUT);
    return link;
  }

  #tick(): void {
    for (const { connection } of [...this.#links]) connection.tick();
  }

  #onClosed(link: Link, reason: CloseReason, detail: string): void {
    clearTimeout(link.helloTimer);
    this.#links.delete(link);
    const { peer, target } = link;
    const isGone = peer !== undefined && this.#roster.remove(peer);
    this.#reportClosed(link, reason, detail);
    if (target !== undefined && this.#targets.get(target.address) === target) this.#dialAgain(link, target);
    if (isGone && !this.#isClosed) this.#observer.onDisconnected(peer.introduction.member.id);
  }

  /** That a peer closed a connection which worked is no trouble: `onDisconnected`, or the next attempt, says what is wrong. */
  #reportClosed({ peer, target, address }: Link, reason: CloseReason, detail: string): void {
    const isStranger = peer === undefined && target === undefined;
    if (reason === 'protocol' || (reason === 'silent' && isStranger))
      this.#troubles.report({ address, code: 'protocol', detail });
    else if (reason === 'silent') this.#troubles.report({ address, code: 'unreachable', detail });
    else if (reason === 'peer-closed' && peer === undefined && !isStranger)
      this.#troubles.report({ address, code: 'unreachable', detail: `${detail} before it said who it is` });
  }

  #dialAgain({ peer, openedMs, outlook }: Link, target: Target): void {
    target.link = undefined;
    const isGood = peer !== undefined && systemClock.now().monotonicMs - openedMs >= GOOD_CONNECTION_MS;
    target.dialer.again(outlook ?? (isGood ? 'good' : 'bad'));
  }

  /* ---------------------------------------------------------------- receiving */

  #onFrame(link: Link, frame: PeerFrame): void {
    if (frame.kind === 'refused') this.#onRefused(link, frame.refusal);
    else if (link.peer === undefined) {
      if (frame.kind === 'hello') this.#onHello(link, frame.hello);
      else this.#refuse(link, { code: 'PROTOCOL', message: 'the first record must be Hello' });
    } else if (frame.kind === 'message') this.#observer.onMessage(frame.message);
    else if (frame.kind === 'bootstrap') this.#observer.onBootstrapMessage(link.peer.introduction, frame.message);
    else if (frame.kind === 'introduction') this.#onIntroduction(link, link.peer, frame.introduction);
    else if (frame.kind === 'hello') this.#refuse(link, { code: 'PROTOCOL', message: 'a second Hello' });
  }

  #onHello(link: Link, hello: Hello): void {
    const self = { introduction: this.#self, instance: this.#instance, credential: this.#options.credential };
    const { introduction, instance } = hello;
    const refusal = refusalOf(hello, self);
    if (refusal !== undefined) this.#refuse(link, refusal);
    else if (introduction !== undefined && this.#roster.isReplaced(introduction.member.id, instance))
      this.#refuse(link, { code: 'PROTOCOL', message: sameIdText(introduction) });
    else if (introduction !== undefined) this.#welcome(link, introduction, instance);
  }

  #welcome(link: Link, introduction: Introduction, instance: string): void {
    clearTimeout(link.helloTimer);
    const { connection, target } = link;
    const { id, address } = introduction.member;
    if (target === undefined) {
      if (address !== '') link.address = address;
      if (!connection.admitMessages({ from: id, to: this.#self.member.id })) return;
      connection.send(this.#hello());
      link.told = this.#self;
    }
    link.peer = { link, side: target === undefined ? 'accepted' : 'dialled', instance, introduction };
    this.#introduceAgain(link, this.#self);
    if (connection.isClosed) return;
    for (const stale of this.#roster.add(link.peer))
      stale.link.connection.destroy('closed', 'the member came back as another process');
    this.#observer.onIntroduction(introduction);
    if (target === undefined) this.#targets.get(address)?.dialer.hurry();
  }

  #onIntroduction(link: Link, peer: Peer<Link>, introduction: Introduction): void {
    const refusal = clusterRefusal(introduction, this.#self);
    if (introduction.member.id !== peer.introduction.member.id)
      this.#refuse(link, { code: 'PROTOCOL', message: 'a member changed its id' });
    else if (refusal !== undefined) this.#refuse(link, refusal);
    else {
      peer.introduction = introduction;
      this.#observer.onIntroduction(introduction);
    }
  }

  #hello(): Buffer {
    return encodeHello({
      minVersion: PEER_VERSION.min,
      maxVersion: PEER_VERSION.max,
      credential: this.#options.credential,
      instance: this.#instance,
      introduction: this.#self,
    });
  }

  /** The other end is told why. */
  #refuse(link: Link, refusal: Refusal): void {
    link.outlook = refusal.code === 'SELF' ? 'self' : 'hopeless';
    link.connection.send(encodeRefusal(refusal));
    link.connection.close('closed', refusal.message);
    // Of a member that dialled itself, the end that dialled knows the address.
    if (refusal.code === 'SELF' && link.target === undefined) return;
    this.#troubles.report({ address: link.address, code: TROUBLE_OF_REFUSAL[refusal.code], detail: refusal.message });
  }

  #onRefused(link: Link, { code, message }: Refusal): void {
    link.outlook = code === 'SELF' ? 'self' : 'hopeless';
    link.connection.close('closed', message);
    this.#troubles.report({ address: link.address, code: TROUBLE_OF_REFUSAL[code], detail: `refused: ${message}` });
  }
}
