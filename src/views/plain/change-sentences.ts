/**
 * What happened, in sentences, for people who listen to their terminal: one line per change worth knowing, problems first,
 * and never more than they can take in. Pure. Source: design/ux, section 3, "Accessible mode".
 */
import type { ClusterModel, Connection } from '../model/cluster-model.js';
import type { EventRow, Severity } from '../model/rows.js';
import { formatCount } from '../text/numbers.js';
import { formatAge, formatClock } from '../text/times.js';

/** Up to where the listener has heard; what came after it is new. */
export interface Heard {
  readonly sequence: number;
  readonly connection: Connection['kind'];
}

export interface Sentences {
  readonly lines: readonly string[];
  readonly heard: Heard;
}

export const NOTHING_HEARD: Heard = { sequence: 0, connection: 'connecting' };
/** At one time; the rest is counted. */
const MAX_SENTENCES = 5;
const RANK: Readonly<Record<Severity, number>> = { bad: 0, unknown: 1, waiting: 2, normal: 3 };

/** Everything that is known now counts as heard. */
export function heardAll(model: ClusterModel): Heard {
  return { sequence: model.events[0]?.sequence ?? 0, connection: model.connection.kind };
}

/** Call every few seconds: each call says at most seven lines. */
export function changeSentences(model: ClusterModel, heard: Heard, nowUnixMs: number): Sentences {
  const worth = newEvents(model.events, heard.sequence)
    .filter(isWorthKnowing)
    .sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.sequence - b.sequence);
  const said = worth.slice(0, MAX_SENTENCES).map(({ time, text }) => `${formatClock(time)} ${text}`);
  const rest = worth.length - said.length;
  const counted = rest > 0 ? [`and ${formatCount(rest)} more changes`] : [];
  const about = model.connection.kind === heard.connection ? [] : connectionSentence(model, nowUnixMs);
  return { lines: [...about, ...said, ...counted], heard: heardAll(model) };
}

function newEvents(events: readonly EventRow[], since: number): EventRow[] {
  const end = events.findIndex(({ sequence }) => sequence <= since);
  return events.slice(0, end < 0 ? events.length : end);
}

/** Tasks come and go by the thousand: only those that end badly are worth a sentence. Offers are nobody's news. */
function isWorthKnowing({ kind, severity }: EventRow): boolean {
  if (kind === 'offer') return false;
  if (kind === 'task' || kind === 'role') return severity === 'bad' || severity === 'unknown';
  return true;
}

function connectionSentence({ connection, cluster }: ClusterModel, nowUnixMs: number): readonly string[] {
  const at = formatClock(nowUnixMs / 1000);
  switch (connection.kind) {
    case 'connecting':
      return [`${at} connecting`];
    case 'syncing':
      return [`${at} connected to ${cluster.leader}, reading the state of the cluster`];
    case 'live':
      return [`${at} live, the leader is ${cluster.leader}`];
    case 'stale': {
      const wait = formatAge((connection.retryAtUnixMs - nowUnixMs) / 1000);
      return [`${at} connection lost: ${connection.reason}; trying again in ${wait}`];
    }
  }
}
