/**
 * Whatever is typed, whatever the cluster does, at any size and with any name: a frame has exactly as many lines as the terminal, none
 * is wider, nothing but our own colours gets through, and nothing is ever thrown.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClusterModel, createClusterModel } from '../../../src/views/model/cluster-model.js';
import { widthOf } from '../../../src/views/text/width.js';
import { createUi } from '../../../src/views/tui/screens/create-ui.js';
import type { Theme, Ui, Wish } from '../../../src/views/tui/ui.js';
import type * as api from '../../../src/wire/gen/mesoctl-api.js';
import { keyOf, logOf, withoutColors } from './driver.js';
import { infoOf, NOW_MS } from './mockup-cluster.js';

const HOSTILE = [
  'web',
  'svc-checkout-payments-7f3a',
  '日本語のタスク名',
  'e\u0301\u0301\u0301clair',
  '👩‍👩‍👧‍👦-family',
  'abc\u202eevil\u202c',
  '\u001b[2J\u001b]0;title\u0007',
  'a\nb\tc\rd',
  'x'.repeat(500),
  '広'.repeat(250),
  '',
  ' ',
  '\ud800broken',
  '$(reboot) "quoted" \'single\'',
  '-rf',
  '\u200b\u200d\ufeff',
];

const name = fc.constantFrom(...HOSTILE);
const amount = fc.constantFrom(0, 0.01, 1, 2.5, 31.999, 1e6, 1e12);
const time = fc.constantFrom(0, NOW_MS / 1000, NOW_MS / 1000 - 71, NOW_MS / 1000 - 1e6, NOW_MS / 1000 + 1e6);
const index = fc.integer({ min: 0, max: 30 });
const amounts = fc.record({ cpus: amount, mem_mb: amount, disk_mb: amount, gpus: amount }, { requiredKeys: [] });

const agent = fc
  .record({
    index,
    name,
    amounts,
    time,
    state: fc.constantFrom<api.Agent_State>('ACTIVE', 'UNREACHABLE', 'DRAINING', 'UNKNOWN'),
  })
  .map(
    ({ index: at, name: hostname, amounts: total, time: since, state }): api.Agent => ({
      agent_id: { value: `a${at}` },
      state,
      since,
      hostname,
      version: hostname,
      attributes: [{ name: hostname, type: 'TEXT', text: { value: hostname } }],
      total,
      usage: { agent_id: { value: `a${at}` }, tasks: at, allocated: total, offered: total },
    }),
  );

const framework = fc
  .record({
    index,
    name,
    amounts,
    time,
    state: fc.constantFrom<api.Framework_State>('ACTIVE', 'DISCONNECTED', 'COMPLETED'),
  })
  .map(
    ({ index: at, name: named, amounts: allocated, time: since, state }): api.Framework => ({
      framework_id: { value: `f${at}` },
      state,
      since,
      name: named,
      roles: [named, named],
      principal: named,
      webui_url: named,
      failover_deadline: since,
      usage: {
        framework_id: { value: `f${at}` },
        tasks: at,
        offers: at,
        allocated,
        dominant_share: at / 10,
        offers_sent: 10n ** 18n,
      },
    }),
  );

const task = fc
  .record({
    index,
    name,
    amounts,
    time,
    state: fc.constantFrom('TASK_RUNNING', 'TASK_FAILED', 'TASK_STAGING', 'TASK_UNREACHABLE', 'TASK_GONE'),
  })
  .map(
    ({ index: at, name: named, amounts: resources, time: since, state }): api.Task => ({
      framework_id: { value: `f${at % 3}` },
      task_id: { value: `${named}${at}` },
      agent_id: { value: `a${at % 5}` },
      state,
      place: state === 'TASK_FAILED' ? 'COMPLETED' : 'LIVE',
      since,
      launched_at: since,
      name: named,
      role: named,
      resources,
      limits: { cpus: Number.POSITIVE_INFINITY },
      message: named,
      reason: 'REASON_CONTAINER_LIMITATION_MEMORY',
      ip: named,
      ports: [1, 2, 3],
    }),
  );

const role = fc.record({ index, name, amounts }).map(
  ({ index: at, name: named, amounts: allocated }): api.Role => ({
    name: at % 2 === 0 ? `${named}${at}` : `${named}${at}/${named}`,
    weight: at / 7,
    dominant_share: at / 10,
    fair_share: at / 20,
    allocated,
    limit: allocated,
    guarantee: allocated,
  }),
);

const offer = fc.record({ index, name, amounts, time }).map(
  ({ index: at, name: named, amounts: resources, time: made_at }): api.Offer => ({
    offer_id: { value: `${named}${at}` },
    framework_id: { value: `f${at % 3}` },
    agent_id: { value: `a${at % 5}` },
    role: named,
    resources,
    reserved: resources,
    revocable: resources,
    ports: at,
    made_at,
    expires_at: made_at,
    unavailable_at: made_at,
  }),
);

type Change = (model: ClusterModel, nowMs: number) => void;

const at = NOW_MS / 1000;
const apply =
  (event: Omit<api.Event, 'time'>): Change =>
  (model, nowMs) =>
    model.apply({ ...event, time: nowMs / 1000 }, nowMs);

const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .array(agent, { minLength: 1, maxLength: 6 })
    .map((agents) => apply({ type: 'AGENTS_UPDATED', agents_updated: { reason: 'REGISTERED', agents } })),
  index.map((i) => apply({ type: 'AGENT_REMOVED', agent_removed: { agent_id: { value: `a${i}` }, reason: 'GONE' } })),
  fc
    .array(framework, { minLength: 1, maxLength: 4 })
    .map((frameworks) =>
      apply({ type: 'FRAMEWORKS_UPDATED', frameworks_updated: { reason: 'SUBSCRIBED', frameworks } }),
    ),
  index.map((i) =>
    apply({ type: 'FRAMEWORK_REMOVED', framework_removed: { framework_id: { value: `f${i}` }, reason: 'TEARDOWN' } }),
  ),
  fc
    .array(task, { minLength: 1, maxLength: 12 })
    .map((tasks) => apply({ type: 'TASKS_UPDATED', tasks_updated: tasks })),
  task.map(({ framework_id, task_id }) => apply({ type: 'TASKS_REMOVED', tasks_removed: [{ framework_id, task_id }] })),
  fc.array(offer, { minLength: 1, maxLength: 6 }).map((offers) => apply({ type: 'OFFERS_MADE', offers_made: offers })),
  offer.map(({ offer_id, framework_id, agent_id }) =>
    apply({ type: 'OFFERS_ENDED', offers_ended: [{ offer_id, framework_id, agent_id, outcome: 'DECLINED' }] }),
  ),
  fc
    .array(role, { minLength: 1, maxLength: 5 })
    .map((roles) => apply({ type: 'ROLES_UPDATED', roles_updated: { roles } })),
  fc.constant<Change>((model, nowMs) =>
    model.disconnected({ reason: HOSTILE[6] ?? '', retryAtUnixMs: nowMs + 4000 }, nowMs),
  ),
  fc.constant<Change>((model, nowMs) => {
    model.apply(
      {
        type: 'SUBSCRIBED',
        time: nowMs / 1000,
        subscribed: { info: infoOf(15, HOSTILE[8]), heartbeat_interval_seconds: 1, tasks: 5 },
      },
      nowMs,
    );
  }),
  fc.constant<Change>(apply({ type: 'SNAPSHOT_END' })),
);

const KEYS = [
  ...'123456789jkgGhlwxyipsSrmtofaRW&nN[]?:/qe d'.split('').map((key) => (key === ' ' ? 'space' : key)),
  ...[
    'up',
    'down',
    'left',
    'right',
    'page-up',
    'page-down',
    'home',
    'end',
    'enter',
    'escape',
    'backspace',
    'delete',
    'tab',
    'shift-tab',
  ],
  ...['ctrl-u', 'ctrl-d', 'ctrl-a', 'ctrl-e', 'ctrl-k', 'ctrl-w', 'ctrl-z', 'ctrl-l'],
  'paste:task web\nstate=RUNNING \u001b[A',
  '日',
  '"',
  '=',
  '!',
];

type Step =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'size'; readonly columns: number; readonly rows: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'answer'; readonly text: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...KEYS).map((key): Step => ({ kind: 'key', key })) },
  { weight: 3, arbitrary: change.map((one): Step => ({ kind: 'change', change: one })) },
  {
    weight: 1,
    arbitrary: fc
      .record({ columns: fc.integer({ min: 1, max: 220 }), rows: fc.integer({ min: 1, max: 70 }) })
      .map((size): Step => ({ kind: 'size', ...size })),
  },
  { weight: 1, arbitrary: fc.constantFrom(100, 1000, 2500, 70_000).map((ms): Step => ({ kind: 'wait', ms })) },
  { weight: 1, arbitrary: name.map((text): Step => ({ kind: 'answer', text })) },
);

const theme: fc.Arbitrary<Theme> = fc.record({
  colors: fc.constantFrom<Theme['colors']>('none', '16', 'dark', 'light'),
  unicode: fc.boolean(),
});

function expectWhole(ui: Ui, columns: number, rows: number, nowMs: number): void {
  const lines = ui.frame(nowMs);
  expect(lines).toHaveLength(rows);
  for (const line of lines) {
    const text = withoutColors(line);
    if (widthOf(text) > columns) expect.fail(`${widthOf(text)} cells of ${columns}: ${JSON.stringify(line)}`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be there
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  }
}

/** What the world outside would answer. */
function answer(ui: Ui, wish: Wish, text: string, nowMs: number): void {
  if (wish.kind === 'fetch-why') ui.onWhy(wish.table, wish.key, [text, text]);
  if (wish.kind === 'fetch-detail') ui.onDetail(wish.table, wish.key, { kind: 'failed', reason: text });
  if (wish.kind === 'kill-task') ui.onActionDone({ ok: false, text });
  if (wish.kind !== 'follow-log') return;
  const lines = Array.from({ length: 60 }, (_, i) => `${i} ${text}`.replace(/\p{Cc}/gu, '?'));
  ui.onLog(logOf(wish.taskKey, lines, { file: wish.file, skipped: 3, firstLine: 9_000, version: nowMs }));
}

describe('top', () => {
  it('draws whole frames, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.record({ columns: fc.integer({ min: 1, max: 220 }), rows: fc.integer({ min: 1, max: 70 }) }),
        theme,
        fc.array(step, { minLength: 1, maxLength: 60 }),
        (size, shownIn, steps) => {
          let { columns, rows } = size;
          let nowMs = NOW_MS;
          const model = createClusterModel();
          model.apply(
            { type: 'SUBSCRIBED', time: at, subscribed: { info: infoOf(), heartbeat_interval_seconds: 1 } },
            nowMs,
          );
          model.apply({ type: 'SNAPSHOT_END', time: at }, nowMs);
          const ui = createUi({ model, columns, rows, theme: shownIn, masters: HOSTILE[6] });
          let wishes: readonly Wish[] = [];
          for (const one of steps) {
            if (one.kind === 'key') wishes = [...wishes, ...ui.handleKey(keyOf(one.key), nowMs)];
            if (one.kind === 'change') one.change(model, nowMs);
            if (one.kind === 'answer') {
              for (const wish of wishes) answer(ui, wish, one.text, nowMs);
              wishes = [];
            }
            if (one.kind === 'wait') {
              nowMs += one.ms;
              model.tick(nowMs);
            }
            if (one.kind === 'size') {
              ({ columns, rows } = one);
              ui.resize(columns, rows);
            }
            expectWhole(ui, columns, rows, nowMs);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('never asks for a change that was not confirmed by a key of its own', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            step,
            fc.constantFrom('x', 'y', 'enter', '5').map((key): Step => ({ kind: 'key', key })),
          ),
          { maxLength: 60 },
        ),
        (steps) => {
          const nowMs = NOW_MS;
          const model = createClusterModel();
          model.apply(
            { type: 'SUBSCRIBED', time: at, subscribed: { info: infoOf(), heartbeat_interval_seconds: 1 } },
            nowMs,
          );
          model.apply({ type: 'SNAPSHOT_END', time: at }, nowMs);
          const ui = createUi({ model, columns: 80, rows: 24, theme: { colors: 'none', unicode: false } });
          for (const one of steps) {
            if (one.kind === 'change') one.change(model, nowMs);
            if (one.kind !== 'key') continue;
            const asked = ui.frame(nowMs).join('\n').includes('[y/N]');
            const changes = ui
              .handleKey(keyOf(one.key), nowMs)
              .filter(({ kind }) => kind === 'kill-task' || kind === 'teardown-framework');
            if (changes.length === 0) continue;
            expect(asked).toBe(true);
            expect(one.key).toBe('y');
            expect(model.connection.kind).toBe('live');
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
