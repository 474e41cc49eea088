/**
 * Records of a peer connection, except Raft's own messages (message-codec.ts). Encoding answers a whole RecordIO record.
 * Decoding trusts nothing: what breaks a rule is a Rejection that says which.
 */
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import { decodeProtobuf } from '../../wire/codec.js';
import * as peer from '../../wire/gen/mesoctl-peer.js';
import type { Standing as WireStanding } from '../../wire/gen/mesoctl-raft.js';
import type { BootstrapMessage, Introduction, RefuseCode, Standing } from '../core/bootstrap/protocol.js';
import { configurationFromWire, configurationToWire } from '../wire-configuration.js';
import { decodeAppend, startsAppend } from './append-codec.js';
import { appendFrom, encodePeerRecord, messageFromWire } from './message-codec.js';
import type { Direction, Hello, PeerFrame, Refusal, RefusalCode } from './peer-protocol.js';

/** Longest id, name, address or digest that a peer may say. Characters. */
const MAX_TEXT = 1024;
/** Longest text of a refusal that is shown. Characters. */
const MAX_SHOWN = 500;
const INSTANCE_BYTES = 16;

const WIRE_STANDING: Readonly<Record<Standing['kind'], WireStanding>> = {
  empty: 'EMPTY',
  promised: 'PROMISED',
  member: 'MEMBER',
};
const STANDING: Readonly<Record<WireStanding, Standing['kind'] | undefined>> = {
  UNKNOWN_STANDING: undefined,
  EMPTY: 'empty',
  PROMISED: 'promised',
  MEMBER: 'member',
};

const WIRE_REFUSE_CODE: Readonly<Record<RefuseCode, peer.Refuse_Code>> = {
  'name-in-use': 'NAME_IN_USE',
  'not-expected': 'NOT_EXPECTED',
  'wrong-cluster': 'WRONG_CLUSTER',
  removed: 'REMOVED',
  'different-peers': 'DIFFERENT_PEERS',
};
const REFUSE_CODE: Readonly<Record<peer.Refuse_Code, RefuseCode | undefined>> = {
  UNKNOWN: undefined,
  NAME_IN_USE: 'name-in-use',
  NOT_EXPECTED: 'not-expected',
  WRONG_CLUSTER: 'wrong-cluster',
  REMOVED: 'removed',
  DIFFERENT_PEERS: 'different-peers',
};

/* ---------------------------------------------------------------- encoding */

export const KEEP_ALIVE_RECORD: Buffer = encodePeerRecord({ keep_alive: {} });

export function encodeHello(hello: Hello & { readonly introduction: Introduction }): Buffer {
  return encodePeerRecord({
    hello: {
      min_version: hello.minVersion,
      max_version: hello.maxVersion,
      credential: hello.credential,
      instance: Buffer.from(hello.instance, 'hex'),
      introduction: introductionToWire(hello.introduction),
    },
  });
}

export function encodeIntroduction(introduction: Introduction): Buffer {
  return encodePeerRecord({ introduction: introductionToWire(introduction) });
}

export function encodeRefusal({ code, message }: Refusal): Buffer {
  return encodePeerRecord({ refused: { code: peer.Refused_Code.numberOf.get(code) ?? 0, message } });
}

export function encodeBootstrap(message: BootstrapMessage): Buffer {
  return encodePeerRecord(bootstrapToWire(message));
}

function introductionToWire(introduction: Introduction): peer.Introduction {
  const { member, standing, clusterId, peersDigest, features } = introduction;
  return {
    member: { id: member.id, name: member.name, address: member.address },
    standing: WIRE_STANDING[standing],
    cluster_id: clusterId,
    peers_digest: peersDigest,
    features,
  };
}

function bootstrapToWire(message: BootstrapMessage): peer.PeerRecord {
  switch (message.kind) {
    case 'prepare': {
      const { clusterId, configuration, replaces } = message;
      return { prepare: { cluster_id: clusterId, configuration: configurationToWire(configuration), replaces } };
    }
    case 'promise': {
      const { clusterId, isGranted, promised } = message;
      return { promise: { cluster_id: clusterId, granted: isGranted, promised } };
    }
    case 'found': {
      const { clusterId, configuration } = message;
      return { found: { cluster_id: clusterId, configuration: configurationToWire(configuration) } };
    }
    case 'admit':
      return { admit: { cluster_id: message.clusterId } };
    case 'refuse':
      return { refuse: { code: WIRE_REFUSE_CODE[message.code], message: message.message } };
  }
}

/* ---------------------------------------------------------------- decoding */

/**
 * What a record (without its length line) says. `direction`: undefined where no messages are to come; they are refused there.
 * Entries of an append are views of memory that holds little else.
 */
export function decodePeerRecord(record: Buffer, direction: Direction | undefined): PeerFrame | Rejection {
  if (direction !== undefined && startsAppend(record)) {
    const append = decodeAppend(withoutBallast(record));
    if (append !== undefined) return framed(appendFrom(append, direction));
  }
  const wire = decodeProtobuf(peer.PeerRecord, record);
  return isRejection(wire) ? wire : frameFromWire(wire, direction);
}

/** Keeps entries from keeping a whole chunk of the socket alive: a record that is a small part of its buffer is copied. */
function withoutBallast(record: Buffer): Buffer {
  if (record.length * 4 >= record.buffer.byteLength * 3) return record;
  const copy = Buffer.allocUnsafeSlow(record.length);
  record.copy(copy);
  return copy;
}

function frameFromWire(wire: peer.PeerRecord, direction: Direction | undefined): PeerFrame | Rejection {
  if (wire.hello !== undefined) return helloFrame(wire.hello);
  if (wire.refused !== undefined) return refusedFrame(wire.refused);
  if (wire.keep_alive !== undefined) return { kind: 'keep-alive' };
  if (wire.introduction !== undefined) {
    const introduction = introductionFromWire(wire.introduction);
    return isRejection(introduction) ? introduction : { kind: 'introduction', introduction };
  }
  if (direction === undefined) return reject('invalid', 'messages travel from the end that dialled, after both Hellos');
  const bootstrap = bootstrapFromWire(wire);
  if (bootstrap !== undefined) return isRejection(bootstrap) ? bootstrap : { kind: 'bootstrap', message: bootstrap };
  return framed(messageFromWire(wire, direction));
}

function framed(message: ReturnType<typeof messageFromWire>): PeerFrame | Rejection {
  return isRejection(message) ? message : { kind: 'message', message };
}

function helloFrame(wire: peer.Hello): PeerFrame | Rejection {
  const introduction = wire.introduction && introductionFromWire(wire.introduction);
  if (isRejection(introduction)) return introduction;
  if (introduction !== undefined && wire.instance?.length !== INSTANCE_BYTES)
    return reject('invalid', `an instance has ${INSTANCE_BYTES} bytes`);
  return {
    kind: 'hello',
    hello: {
      minVersion: wire.min_version,
      maxVersion: wire.max_version,
      credential: wire.credential,
      instance: Buffer.from(wire.instance ?? []).toString('hex'),
      introduction,
    },
  };
}

function refusedFrame(wire: peer.Refused): PeerFrame {
  const name = peer.Refused_Code.nameOf.get(wire.code);
  const code: RefusalCode = name === undefined || name === 'UNKNOWN' ? 'PROTOCOL' : name;
  // It goes to a log: no control characters, no novel.
  return { kind: 'refused', refusal: { code, message: wire.message.slice(0, MAX_SHOWN).replace(/\p{Cc}/gu, ' ') } };
}

function introductionFromWire(wire: peer.Introduction): Introduction | Rejection {
  const { member, cluster_id: clusterId, peers_digest: peersDigest, features } = wire;
  const standing = STANDING[wire.standing];
  if (standing === undefined) return reject('invalid', 'a standing is EMPTY, PROMISED or MEMBER');
  if (member.id === '') return reject('invalid', 'a member has an id');
  const texts = [member.id, member.name, member.address, clusterId ?? '', peersDigest ?? ''];
  for (const text of texts)
    if (text.length > MAX_TEXT) return reject('too-large', `a text of an introduction has over ${MAX_TEXT} characters`);
  if (texts.some((text) => /\p{Cc}/u.test(text))) return reject('invalid', 'control characters in an introduction');
  if ((standing === 'empty') !== (clusterId === undefined))
    return reject('invalid', 'whoever is or promised to be in a cluster says in which, and nobody else does');
  return {
    member: { id: member.id, name: member.name, address: member.address },
    standing,
    clusterId,
    peersDigest,
    features,
  };
}

/** undefined: it is none. */
function bootstrapFromWire(wire: peer.PeerRecord): BootstrapMessage | Rejection | undefined {
  const { prepare, promise, found, admit, refuse } = wire;
  if (prepare !== undefined) {
    const configuration = configurationFromWire(prepare.configuration);
    if (isRejection(configuration)) return configuration;
    return { kind: 'prepare', clusterId: prepare.cluster_id, configuration, replaces: prepare.replaces };
  }
  if (promise !== undefined) {
    const { cluster_id: clusterId, granted: isGranted, promised } = promise;
    return { kind: 'promise', clusterId, isGranted, promised };
  }
  if (found !== undefined) {
    const configuration = configurationFromWire(found.configuration);
    return isRejection(configuration) ? configuration : { kind: 'found', clusterId: found.cluster_id, configuration };
  }
  if (admit !== undefined) return { kind: 'admit', clusterId: admit.cluster_id };
  if (refuse === undefined) return undefined;
  const code = REFUSE_CODE[refuse.code];
  if (code === undefined) return reject('unimplemented', 'a code of a refusal that this build does not know');
  return { kind: 'refuse', code, message: refuse.message };
}
