/**
 * Raft's messages between memory and protobuf. Decoding checks everything that can be said of a message by itself, so that the
 * core may rely on it: whole numbers, terms in order, chunks inside their snapshot. Sender and receiver are the ends of the
 * connection, never what a peer claims.
 */
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import { encodeProtobuf } from '../../wire/codec.js';
import * as peer from '../../wire/gen/mesoctl-peer.js';
import type { Int64 } from '../../wire/int64.js';
import { encodeRecord } from '../../wire/recordio.js';
import type { AppendRequest, Entry, EntryBody, Message } from '../core/protocol.js';
import { configurationFromWire, snapshotInfoFromWire, snapshotInfoToWire, wholeNumber } from '../wire-configuration.js';
import { type DecodedAppend, encodeAppendRecord } from './append-codec.js';
import type { Direction } from './peer-protocol.js';

/** A whole RecordIO record. */
export function encodeMessage(message: Message): Buffer {
  return message.kind === 'append' ? encodeAppendRecord(message) : encodePeerRecord(messageToWire(message));
}

export function encodePeerRecord(record: peer.PeerRecord): Buffer {
  return encodeRecord(encodeProtobuf(peer.PeerRecord, record));
}

function messageToWire(message: Exclude<Message, AppendRequest>): peer.PeerRecord {
  const { term } = message;
  switch (message.kind) {
    case 'append-response': {
      const { prevIndex, match, hintIndex, hintTerm } = message;
      return { append_response: { term, prev_index: prevIndex, match, hint_index: hintIndex, hint_term: hintTerm } };
    }
    case 'heartbeat':
      return { heartbeat: { term, commit: message.commit, round: message.round } };
    case 'heartbeat-response':
      return { heartbeat_response: { term, round: message.round } };
    case 'pre-vote':
    case 'vote': {
      const { lastIndex, lastTerm, isTransfer } = message;
      const request = { term, last_index: lastIndex, last_term: lastTerm, transfer: isTransfer };
      return message.kind === 'vote' ? { vote: request } : { pre_vote: request };
    }
    case 'pre-vote-response':
      return { pre_vote_response: { term, granted: message.isGranted } };
    case 'vote-response':
      return { vote_response: { term, granted: message.isGranted } };
    case 'timeout-now':
      return { timeout_now: { term } };
    case 'read-index':
      return { read_index: { term, request_id: message.requestId } };
    case 'read-index-response':
      return { read_index_response: { term, request_id: message.requestId, index: message.index } };
    case 'snapshot-chunk': {
      const { snapshot, offset, data } = message;
      return { snapshot_chunk: { term, snapshot: snapshotInfoToWire(snapshot), offset, data } };
    }
    case 'snapshot-response': {
      const { snapshotId, offset, isObsolete } = message;
      return { snapshot_response: { term, snapshot_id: snapshotId, offset, obsolete: isObsolete } };
    }
  }
}

/* ---------------------------------------------------------------- decoding */

export function messageFromWire(wire: peer.PeerRecord, direction: Direction): Message | Rejection {
  const unchecked = unpack(wire, direction);
  if (unchecked === undefined) return reject('invalid', 'a record of a kind that this version does not know');
  if (isRejection(unchecked)) return unchecked;
  return brokenNumber(unchecked) ?? brokenRule(unchecked) ?? unchecked;
}

/** An append as append-codec.ts has read it. */
export function appendFrom(decoded: DecodedAppend, { from, to }: Direction): Message | Rejection {
  const message: AppendRequest = { kind: 'append', from, to, ...decoded };
  return brokenAppend(message) ?? message;
}

/** What is no whole number becomes NaN here, and is found by `brokenNumber`. */
function whole(value: Int64): number {
  return wholeNumber(value) ?? Number.NaN;
}

function wholeOrNone(value: Int64 | undefined): number | undefined {
  return value === undefined ? undefined : whole(value);
}

function unpack(wire: peer.PeerRecord, { from, to }: Direction): Message | Rejection | undefined {
  return unpackLog(wire, { from, to }) ?? unpackElection(wire, { from, to }) ?? unpackSnapshot(wire, { from, to });
}

function unpackLog(wire: peer.PeerRecord, ends: Direction): Message | Rejection | undefined {
  if (wire.append !== undefined) return unpackAppend(wire.append, ends);
  if (wire.append_response !== undefined) {
    const { term, prev_index, match, hint_index, hint_term } = wire.append_response;
    return {
      kind: 'append-response',
      ...ends,
      term: whole(term),
      prevIndex: whole(prev_index),
      match: wholeOrNone(match),
      hintIndex: whole(hint_index),
      hintTerm: whole(hint_term),
    };
  }
  if (wire.heartbeat !== undefined) {
    const { term, commit, round } = wire.heartbeat;
    return { kind: 'heartbeat', ...ends, term: whole(term), commit: whole(commit), round: whole(round) };
  }
  if (wire.heartbeat_response !== undefined) {
    const { term, round } = wire.heartbeat_response;
    return { kind: 'heartbeat-response', ...ends, term: whole(term), round: whole(round) };
  }
  if (wire.read_index !== undefined) {
    const { term, request_id } = wire.read_index;
    return { kind: 'read-index', ...ends, term: whole(term), requestId: whole(request_id) };
  }
  if (wire.read_index_response === undefined) return undefined;
  const { term, request_id, index } = wire.read_index_response;
  return {
    kind: 'read-index-response',
    ...ends,
    term: whole(term),
    requestId: whole(request_id),
    index: wholeOrNone(index),
  };
}

function unpackElection(wire: peer.PeerRecord, ends: Direction): Message | undefined {
  if (wire.pre_vote !== undefined) return unpackVoteRequest('pre-vote', wire.pre_vote, ends);
  if (wire.vote !== undefined) return unpackVoteRequest('vote', wire.vote, ends);
  if (wire.pre_vote_response !== undefined) {
    const { term, granted } = wire.pre_vote_response;
    return { kind: 'pre-vote-response', ...ends, term: whole(term), isGranted: granted };
  }
  if (wire.vote_response !== undefined) {
    const { term, granted } = wire.vote_response;
    return { kind: 'vote-response', ...ends, term: whole(term), isGranted: granted };
  }
  if (wire.timeout_now === undefined) return undefined;
  return { kind: 'timeout-now', ...ends, term: whole(wire.timeout_now.term) };
}

function unpackVoteRequest(kind: 'pre-vote' | 'vote', request: peer.VoteRequest, ends: Direction): Message {
  const { term, last_index, last_term, transfer } = request;
  return {
    kind,
    ...ends,
    term: whole(term),
    lastIndex: whole(last_index),
    lastTerm: whole(last_term),
    isTransfer: transfer,
  };
}

function unpackSnapshot(wire: peer.PeerRecord, ends: Direction): Message | Rejection | undefined {
  if (wire.snapshot_chunk !== undefined) {
    const { term, offset, data } = wire.snapshot_chunk;
    const snapshot = snapshotInfoFromWire(wire.snapshot_chunk.snapshot);
    if (isRejection(snapshot)) return snapshot;
    return { kind: 'snapshot-chunk', ...ends, term: whole(term), snapshot, offset: whole(offset), data };
  }
  if (wire.snapshot_response === undefined) return undefined;
  const { term, snapshot_id: snapshotId, offset, obsolete } = wire.snapshot_response;
  return {
    kind: 'snapshot-response',
    ...ends,
    term: whole(term),
    snapshotId,
    offset: whole(offset),
    isObsolete: obsolete,
  };
}

function unpackAppend(append: peer.Append, ends: Direction): AppendRequest | Rejection {
  const prevIndex = whole(append.prev_index);
  const entries: Entry[] = [];
  for (const { term, data, configuration } of append.entries ?? []) {
    const body = bodyFrom(data, configuration);
    if (isRejection(body)) return body;
    entries.push({ index: prevIndex + 1 + entries.length, term: whole(term), body });
  }
  const { term, prev_term, commit } = append;
  return {
    kind: 'append',
    ...ends,
    term: whole(term),
    prevIndex,
    prevTerm: whole(prev_term),
    entries,
    commit: whole(commit),
  };
}

function bodyFrom(data: Uint8Array | undefined, wire: peer.Entry['configuration']): EntryBody | Rejection {
  if (data !== undefined) return { kind: 'data', data };
  if (wire === undefined) return { kind: 'no-op' };
  const configuration = configurationFromWire(wire);
  return isRejection(configuration) ? configuration : { kind: 'configuration', configuration };
}

/* ---------------------------------------------------------------- rules */

function brokenNumber(message: Message): Rejection | undefined {
  for (const value of Object.values(message))
    if (Number.isNaN(value)) return reject('invalid', `a number of a ${message.kind} is larger than any can be`);
  return undefined;
}

function brokenRule(message: Message): Rejection | undefined {
  switch (message.kind) {
    case 'append':
      return brokenAppend(message);
    case 'heartbeat':
    case 'timeout-now':
      return brokenTerm(message);
    case 'pre-vote':
    case 'vote':
      if (message.lastTerm > message.term) return reject('invalid', `a ${message.kind} of a term before its log's`);
      return brokenTerm(message);
    case 'snapshot-chunk': {
      const { snapshot, offset, data, term } = message;
      if (offset + data.length > snapshot.sizeBytes) return reject('invalid', 'a chunk behind the end of its snapshot');
      if (snapshot.term > term) return reject('invalid', 'a snapshot of a later term than its leader');
      return brokenTerm(message);
    }
    default:
      return undefined;
  }
}

/** Members without a term answer, and never ask. */
function brokenTerm({ kind, term }: Message): Rejection | undefined {
  return term === 0 ? reject('invalid', `a ${kind} of term 0`) : undefined;
}

function brokenAppend(message: AppendRequest): Rejection | undefined {
  let newest = message.prevTerm;
  for (const { term } of message.entries) {
    if (!(term >= newest) || term === 0) return reject('invalid', 'terms of entries go back, or are none');
    newest = term;
  }
  if (newest > message.term) return reject('invalid', 'an entry of a later term than its leader');
  if (!Number.isSafeInteger(message.prevIndex + message.entries.length))
    return reject('invalid', 'an index is larger than any can be');
  return brokenTerm(message);
}
