/**
 * Sends the state machine to followers that the log does not reach any more (thesis, 5.3): the storage opens a snapshot, the
 * follower gets it chunk by chunk and confirms each when it is durable, so that one that restarts or a lost message costs
 * one chunk or, at worst, a new beginning. One chunk is on its way at a time.
 */
import type { MemberId } from './configuration.js';
import type { LeaderState } from './leader-state.js';
import type { Node } from './node.js';
import type { Progress } from './progress.js';
import type { SnapshotInfo, SnapshotResponse } from './protocol.js';

/** After so many heartbeats without an answer a chunk is sent again. */
const RESEND_AFTER_HEARTBEATS = 4;

export function beginSnapshot(node: Node, to: MemberId, progress: Progress): void {
  progress.becomeSnapshot();
  node.emit({ type: 'now', kind: 'open-snapshot', to });
}

/** The storage opened one, or could not: then the follower is probed again, which comes back here in time. */
export function handleSnapshotOpened(
  node: Node,
  leader: LeaderState | undefined,
  to: MemberId,
  snapshot: SnapshotInfo | undefined,
): void {
  const progress = leader?.progress.get(to);
  const transfer = progress?.transfer;
  if (progress === undefined || transfer === undefined || transfer.info !== undefined) {
    if (snapshot !== undefined) node.emit({ type: 'now', kind: 'close-snapshot', snapshotId: snapshot.id });
    return;
  }
  if (snapshot === undefined) {
    transfer.failedMs = node.nowMs;
    return;
  }
  transfer.info = snapshot;
  readChunk(node, to, progress);
}

export function handleSnapshotRead(
  node: Node,
  leader: LeaderState | undefined,
  read: { readonly to: MemberId; readonly snapshotId: string; readonly offset: number; readonly data: Uint8Array },
): void {
  const transfer = leader?.progress.get(read.to)?.transfer;
  if (transfer?.info?.id !== read.snapshotId || transfer.offset !== read.offset || !transfer.isReading) return;
  transfer.isReading = false;
  transfer.sentMs = node.nowMs;
  const { to, offset, data } = read;
  node.send({ kind: 'snapshot-chunk', to, term: node.term, snapshot: transfer.info, offset, data });
}

export function handleSnapshotResponse(node: Node, leader: LeaderState, message: SnapshotResponse): void {
  const progress = leader.progress.get(message.from);
  if (progress === undefined) return;
  progress.lastHeardMs = node.nowMs;
  const transfer = progress.transfer;
  if (transfer?.info === undefined || transfer.info.id !== message.snapshotId) return;
  const { index, sizeBytes } = transfer.info;
  if (message.isObsolete || message.offset >= sizeBytes) {
    if (!message.isObsolete) progress.maybeAdvance(index);
    closeTransfer(node, progress);
    progress.becomeProbe();
    return;
  }
  // An old answer repeats what is known; anything else, also a step back, is where the follower stands.
  if (message.offset === transfer.offset && transfer.sentMs === undefined) return;
  transfer.offset = message.offset;
  readChunk(node, message.from, progress);
}

/** The follower answers heartbeats: what it did not confirm for long is sent again. */
export function retrySnapshot(node: Node, to: MemberId, progress: Progress): void {
  const { transfer } = progress;
  if (transfer === undefined) return;
  const patienceMs = RESEND_AFTER_HEARTBEATS * node.timing.heartbeatMs;
  if (transfer.failedMs !== undefined && node.nowMs - transfer.failedMs >= patienceMs)
    beginSnapshot(node, to, progress);
  else if (transfer.sentMs !== undefined && node.nowMs - transfer.sentMs >= patienceMs) readChunk(node, to, progress);
}

/** Of `id`, or of everybody: nobody gets one from this member any more. */
export function abandonSnapshots(node: Node, leader: LeaderState, id?: MemberId): void {
  for (const [to, progress] of leader.progress) {
    if (progress.transfer === undefined || (id !== undefined && id !== to)) continue;
    closeTransfer(node, progress);
    progress.becomeProbe();
  }
}

function closeTransfer(node: Node, progress: Progress): void {
  const snapshotId = progress.transfer?.info?.id;
  if (snapshotId !== undefined) node.emit({ type: 'now', kind: 'close-snapshot', snapshotId });
}

function readChunk(node: Node, to: MemberId, { transfer }: Progress): void {
  if (transfer?.info === undefined || transfer.isReading) return;
  transfer.isReading = true;
  transfer.sentMs = undefined;
  const { info, offset } = transfer;
  const maxBytes = Math.min(node.limits.snapshotChunkBytes, info.sizeBytes - offset);
  node.emit({ type: 'now', kind: 'read-snapshot', to, snapshotId: info.id, offset, maxBytes });
}
