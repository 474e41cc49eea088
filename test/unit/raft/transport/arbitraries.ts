/** Everything that members can say to each other, made by fast-check. */
import fc from 'fast-check';
import type { BootstrapMessage, Introduction } from '../../../../src/raft/core/bootstrap/protocol.js';
import type { Configuration } from '../../../../src/raft/core/configuration.js';
import type { Entry, EntryBody, Message } from '../../../../src/raft/core/protocol.js';

export const ENDS = { from: 'member-a', to: 'member-b' } as const;

const whole = fc.oneof(fc.nat(300), fc.maxSafeNat());
const text = fc.string({ maxLength: 40, unit: 'grapheme' });
const bytes = fc.uint8Array({ maxLength: 300 });

export const configurations: fc.Arbitrary<Configuration> = fc
  .record({
    ids: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 6 }),
    name: text,
    address: text,
    cut: fc.nat(6),
    isJoint: fc.boolean(),
  })
  .map(({ ids, name, address, cut, isJoint }) => ({
    members: ids.map((id) => ({ id, name, address })),
    voters: ids.slice(0, cut),
    outgoing: isJoint ? ids.slice(0, cut) : [],
    learners: ids.slice(cut),
  }));

const bodies: fc.Arbitrary<EntryBody> = fc.oneof(
  { weight: 6, arbitrary: bytes.map((data) => ({ kind: 'data', data }) as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'no-op' } as const) },
  {
    weight: 1,
    arbitrary: configurations.map((configuration) => ({ kind: 'configuration', configuration }) as const),
  },
);

const appends: fc.Arbitrary<Message> = fc
  .record({
    prevIndex: fc.oneof(fc.nat(300), fc.nat(2 ** 50)),
    terms: fc.array(fc.oneof(fc.nat(200), fc.maxSafeNat()), { minLength: 2, maxLength: 40 }),
    bodies: fc.array(bodies, { minLength: 40, maxLength: 40 }),
    commit: whole,
  })
  .map(({ prevIndex, terms, bodies: all, commit }) => {
    const sorted = [...terms].sort((a, b) => a - b);
    const [prevTerm = 0] = sorted;
    const entries: Entry[] = sorted
      .slice(1, -1)
      .map((term, i) => ({ index: prevIndex + 1 + i, term: Math.max(term, 1), body: all[i] ?? { kind: 'no-op' } }));
    return { kind: 'append', ...ENDS, term: Math.max(sorted.at(-1) ?? 1, 1), prevIndex, prevTerm, entries, commit };
  });

const chunks: fc.Arbitrary<Message> = fc
  .record({
    id: text,
    index: whole,
    terms: fc.tuple(fc.nat(99), fc.integer({ min: 99, max: 999 })),
    configuration: configurations,
    data: bytes,
    offset: fc.nat(2 ** 40),
    rest: fc.nat(2 ** 40),
  })
  .map(({ id, index, terms, configuration, data, offset, rest }) => ({
    kind: 'snapshot-chunk',
    ...ENDS,
    term: terms[1],
    snapshot: { id, index, term: terms[0], configuration, sizeBytes: offset + data.length + rest },
    offset,
    data,
  }));

const orNone = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const term = whole;
const asked = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));

export const messages: fc.Arbitrary<Message> = fc.oneof(
  { weight: 5, arbitrary: appends },
  chunks,
  fc
    .record({
      kind: fc.constantFrom('vote', 'pre-vote'),
      lastIndex: whole,
      isTransfer: fc.boolean(),
      a: asked,
      b: asked,
    })
    .map(({ kind, lastIndex, isTransfer, a, b }) => ({
      kind,
      ...ENDS,
      term: Math.max(a, b),
      lastIndex,
      lastTerm: Math.min(a, b),
      isTransfer,
    })),
  fc
    .record({ kind: fc.constantFrom('vote-response', 'pre-vote-response'), term, isGranted: fc.boolean() })
    .map((message) => ({ ...message, ...ENDS })),
  fc
    .record({ term, prevIndex: whole, match: orNone(whole), hintIndex: whole, hintTerm: whole })
    .map((message) => ({ kind: 'append-response' as const, ...message, ...ENDS })),
  fc
    .record({ term: asked, commit: whole, round: whole })
    .map((message) => ({ kind: 'heartbeat' as const, ...message, ...ENDS })),
  fc.record({ term, round: whole }).map((message) => ({ kind: 'heartbeat-response' as const, ...message, ...ENDS })),
  fc
    .record({ term, snapshotId: text, offset: whole, isObsolete: fc.boolean() })
    .map((message) => ({ kind: 'snapshot-response' as const, ...message, ...ENDS })),
  fc.record({ term: asked }).map((message) => ({ kind: 'timeout-now' as const, ...message, ...ENDS })),
  fc.record({ term, requestId: whole }).map((message) => ({ kind: 'read-index' as const, ...message, ...ENDS })),
  fc
    .record({ term, requestId: whole, index: orNone(whole) })
    .map((message) => ({ kind: 'read-index-response' as const, ...message, ...ENDS })),
);

export const bootstrapMessages: fc.Arbitrary<BootstrapMessage> = fc.oneof(
  fc
    .record({ clusterId: text, configuration: configurations, replaces: orNone(text) })
    .map((message) => ({ kind: 'prepare' as const, ...message })),
  fc
    .record({ clusterId: text, isGranted: fc.boolean(), promised: orNone(text) })
    .map((message) => ({ kind: 'promise' as const, ...message })),
  fc
    .record({ clusterId: text, configuration: configurations })
    .map((message) => ({ kind: 'found' as const, ...message })),
  fc.record({ clusterId: text }).map((message) => ({ kind: 'admit' as const, ...message })),
  fc
    .record({
      code: fc.constantFrom('name-in-use', 'not-expected', 'wrong-cluster', 'removed', 'different-peers'),
      message: text,
    })
    .map((message) => ({ kind: 'refuse' as const, ...message })),
);

export const introductions: fc.Arbitrary<Introduction> = fc
  .record({
    member: fc.record({ id: fc.string({ minLength: 1, maxLength: 40 }), name: text, address: text }),
    standing: fc.constantFrom('empty', 'promised', 'member'),
    cluster: text,
    peersDigest: orNone(text),
    features: fc.nat(),
  })
  .map(({ member, standing, cluster, peersDigest, features }) => ({
    member,
    standing,
    clusterId: standing === 'empty' ? undefined : cluster,
    peersDigest,
    features,
  }));
