/**
 * Sends the log to followers: optimistically and pipelined where it is known that the logs agree, one probe at a time where
 * it is not, by snapshot where the log does not reach back far enough. Sources: thesis 3.5, 5.3, 10.2.
 */
import { present } from '../../base/assert.js';
import type { MemberId } from './configuration.js';
import { sizeOfEntry } from './entry-log.js';
import { beginSnapshot } from './leader-snapshots.js';
import type { LeaderState } from './leader-state.js';
import type { Node } from './node.js';
import type { Progress } from './progress.js';
import type { Entry } from './protocol.js';

/** As much as the follower may get now, and the news of a commit, without entries if there are none. */
export function sendAll(node: Node, to: MemberId, progress: Progress): void {
  while (!progress.isPaused && progress.next <= node.log.lastIndex && sendAppend(node, to, progress)) {}
  const isBehind = progress.state === 'probe' && progress.match < node.log.lastIndex && !progress.isPaused;
  const isUninformed = progress.state === 'replicate' && progress.sentCommit < node.commit;
  if (isBehind || isUninformed) sendEmpty(node, to, progress);
}

/** Asks the follower where it stands; also tells it what is committed. */
export function sendEmpty(node: Node, to: MemberId, progress: Progress): void {
  if (node.log.termAt(progress.next - 1) === undefined) beginSnapshot(node, to, progress);
  else sendEntries(node, to, progress, []);
}

/** The next entries; returns whether any were sent. */
function sendAppend(node: Node, to: MemberId, progress: Progress): boolean {
  const { log, limits } = node;
  const isReachable = log.termAt(progress.next - 1) !== undefined;
  const entries = isReachable ? log.entriesFrom(progress.next, limits.maxAppendBytes) : 'compacted';
  if (entries === 'compacted') beginSnapshot(node, to, progress);
  else if (entries === 'on-disk') askDisk(node, to, progress);
  else sendEntries(node, to, progress, entries);
  return typeof entries !== 'string';
}

/** `entries` follow `progress.next - 1`, which is in the log. */
function sendEntries(node: Node, to: MemberId, progress: Progress, entries: readonly Entry[]): void {
  const prevIndex = progress.next - 1;
  const prevTerm = present(node.log.termAt(prevIndex), 'an append follows what is in the log');
  node.send({ kind: 'append', to, term: node.term, prevIndex, prevTerm, entries, commit: node.commit });
  progress.sentCommit = node.commit;
  const bytes = entries.reduce((sum, entry) => sum + sizeOfEntry(entry), 0);
  const round = node.role.kind === 'leader' ? node.role.round : 0;
  progress.onSent(prevIndex + entries.length, bytes, round);
}

function askDisk(node: Node, to: MemberId, progress: Progress): void {
  progress.isReading = true;
  const { lastIndex: toIndex } = node.log;
  const maxBytes = node.limits.maxAppendBytes;
  node.emit({ type: 'now', kind: 'read-log', to, fromIndex: progress.next, toIndex, maxBytes });
}

/** The disk answered. What it says may be old by now: then the end of the step asks again. */
export function handleLogRead(node: Node, leader: LeaderState, to: MemberId, entries: readonly Entry[]): void {
  const progress = leader.progress.get(to);
  if (progress?.isReading !== true) return;
  progress.isReading = false;
  if (progress.isPaused || entries[0]?.index !== progress.next) return;
  const isOurs = entries.every(({ index, term }) => node.log.matches(index, term));
  if (isOurs && node.log.termAt(progress.next - 1) !== undefined) sendEntries(node, to, progress, entries);
}
