/** The model against one that is made anew, by walking everything, after each event: rows, totals, and every view's whole order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClusterModel,
  columnsOf,
  createClusterModel,
  type Order,
  type SortedView,
} from '../../../../src/views/model/cluster-model.js';
import { searchTextOf } from '../../../../src/views/model/columns.js';
import { parseFilter } from '../../../../src/views/model/filter.js';
import {
  isBelowGuarantee,
  judgeAgent,
  judgeFramework,
  judgeOffer,
  judgeRole,
  judgeTask,
  rankOf,
} from '../../../../src/views/model/health.js';
import { naturalKey } from '../../../../src/views/model/natural-key.js';
import { type RowOf, type Severity, type TableName, taskKeyOf } from '../../../../src/views/model/rows.js';
import type * as api from '../../../../src/wire/gen/mesoctl-api.js';
import type * as mesos from '../../../../src/wire/gen/mesos.js';
import { info } from './fixtures.js';

const START = 1_790_000_000;
const TABLES = ['agents', 'frameworks', 'tasks', 'offers', 'roles'] as const;

const small = fc.nat(3);
const amounts = fc.record({ cpus: fc.constantFrom(0, 0.1, 0.3, 2), mem_mb: fc.constantFrom(0, 64, 512.5) });
const ago = fc.constantFrom(0, 10, 50, 59, 200, 400);

const agent = fc.record({
  id: small,
  hostname: fc.constantFrom(undefined, 'node-1', 'node-02', 'node-10'),
  state: fc.constantFrom<api.Agent_State>('ACTIVE', 'DISCONNECTED', 'UNREACHABLE', 'RECOVERED', 'DRAINING'),
  ago,
  total: amounts,
  usage: fc.option(fc.record({ allocated: amounts, offered: amounts }), { nil: undefined }),
});
const framework = fc.record({
  id: small,
  name: fc.constantFrom(undefined, 'shop', 'jobs'),
  state: fc.constantFrom<api.Framework_State>('ACTIVE', 'DISCONNECTED', 'COMPLETED'),
  ago,
  tasks: fc.option(fc.nat(5), { nil: undefined }),
});
const task = fc.record({
  id: fc.nat(9),
  framework: small,
  agent: fc.option(small, { nil: undefined }),
  state: fc.constantFrom<mesos.TaskState>(
    'TASK_STAGING',
    'TASK_RUNNING',
    'TASK_KILLING',
    'TASK_FAILED',
    'TASK_FINISHED',
  ),
  isLost: fc.boolean(),
  ago,
  cpus: fc.constantFrom(0.1, 1, 2),
});
const offer = fc.record({ id: fc.nat(6), framework: small, agent: small, ago, cpus: fc.nat(3) });
const role = fc.record({
  name: fc.constantFrom('web', 'web/front', 'web/front/x', 'dev', 'dev-2'),
  cpus: fc.nat(10),
  guarantee: fc.constantFrom(undefined, 5),
});

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('agent' as const), of: agent }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('agent-used' as const), id: small, of: amounts }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('agent-removed' as const), id: small }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('framework' as const), of: framework }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('framework-removed' as const), id: small }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('task' as const), of: task }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('task-removed' as const), id: fc.nat(9), framework: small }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('offer' as const), of: offer }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('offer-ended' as const), id: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('role' as const), of: role }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('role-removed' as const), name: fc.constantFrom('web', 'web/front') }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('time' as const), seconds: fc.constantFrom(1, 5, 30, 61) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('loss' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sync' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('view' as const), which: fc.nat(20), filter: fc.nat(20) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What the master knows, and what a model that was told all of it must show. */
class Naive {
  now = START;
  readonly agents = new Map<string, { agent: api.Agent; usage: api.AgentUsage }>();
  readonly frameworks = new Map<string, { framework: api.Framework; usage: api.FrameworkUsage }>();
  readonly tasks = new Map<string, api.Task>();
  readonly offers = new Map<string, api.Offer>();
  readonly roles = new Map<string, api.Role>();
  readonly belowSince = new Map<string, number>();
  readonly #hosts = new Map<string, string>();
  readonly #names = new Map<string, string>();

  /** Whoever is neither there nor referred to is forgotten by name. */
  settle(): void {
    for (const { agent } of this.agents.values())
      if (agent.hostname) this.#hosts.set(agent.agent_id.value, agent.hostname);
    for (const { framework } of this.frameworks.values())
      if (framework.name) this.#names.set(framework.framework_id.value, framework.name);
    const things = [...this.tasks.values(), ...this.offers.values()];
    const agents = new Set([...this.agents.keys(), ...things.map((one) => one.agent_id?.value)]);
    const frameworks = new Set([...this.frameworks.keys(), ...things.map((one) => one.framework_id.value)]);
    for (const id of this.#hosts.keys()) if (!agents.has(id)) this.#hosts.delete(id);
    for (const id of this.#names.keys()) if (!frameworks.has(id)) this.#names.delete(id);
  }

  rows(): { readonly [Name in TableName]: readonly RowOf[Name][] } {
    const host = (id: string | undefined) => this.#hosts.get(id ?? '') ?? '';
    const name = (id: string) => this.#names.get(id) ?? id;
    const oldest = (id: string) => {
      const made = [...this.offers.values()].filter((one) => one.framework_id.value === id).map((one) => one.made_at);
      return made.length === 0 ? undefined : Math.min(...made);
    };
    const roles = [...this.roles.values()].map((one) => ({
      key: one.name,
      ...untimed(judgeRole(one, this.belowSince.get(one.name), this.now)),
      role: one,
      depth: one.name.split('/').length - 1,
    }));
    return {
      agents: [...this.agents].map(([key, { agent, usage }]) => ({
        key,
        ...judgeAgent(agent),
        agent: { ...agent, hostname: agent.hostname ?? (host(key) || undefined) },
        usage,
      })),
      frameworks: [...this.frameworks].map(([key, { framework, usage }]) => ({
        key,
        ...judgeFramework(framework),
        framework,
        usage,
        oldestOfferAt: oldest(key),
      })),
      tasks: [...this.tasks].map(([key, one]) => ({
        key,
        ...untimed(judgeTask(one, this.now)),
        task: one,
        frameworkName: name(one.framework_id.value),
        hostname: host(one.agent_id?.value),
      })),
      offers: [...this.offers].map(([key, one]) => ({
        key,
        ...untimed(judgeOffer(one, this.now)),
        offer: one,
        frameworkName: name(one.framework_id.value),
        hostname: host(one.agent_id.value),
      })),
      roles: roles.map((row) => ({ ...row, treeSeverity: worstOfTree(roles, row.key) })),
    };
  }
}

function untimed({ severity, note }: { readonly severity: Severity; readonly note: string }) {
  return { severity, note };
}

function worstOfTree(roles: readonly { readonly key: string; readonly severity: Severity }[], key: string): Severity {
  const top = key.split('/')[0];
  const ranked = roles.filter((one) => one.key.split('/')[0] === top).map(({ severity }) => severity);
  return ranked.toSorted((a, b) => rankOf(a) - rankOf(b))[0] ?? 'normal';
}

const FILTERS = [
  '',
  'node-1',
  '!shop',
  'cpu>0.5',
  'age<30s',
  '!age<1m',
  'state=a',
  'severity!=normal',
  'web role=f',
  'x=y',
];

function viewOptions(
  table: TableName,
  which: number,
  filter: number,
): { readonly order: Order; readonly filter: string } {
  const columns = columnsOf(table);
  const column = columns[which % columns.length]?.key ?? 'problem';
  return { order: { column, descending: which % 2 === 1 }, filter: FILTERS[filter % FILTERS.length] ?? '' };
}

/** The whole view, by sorting and filtering everything with the plainest means. */
function expectedView<Name extends TableName>(
  table: Name,
  rows: readonly RowOf[Name][],
  { order, filter }: { readonly order: Order; readonly filter: string },
  now: number,
): readonly RowOf[Name][] {
  const columns = columnsOf(table);
  const parsed = parseFilter(filter, columns);
  const column = columns.find(({ key }) => key === order.column);
  const valueIn = (row: RowOf[Name]) => {
    const value = column?.sortValue === undefined ? column?.value(row) : column.sortValue(row);
    if (value === '' || value === undefined) return undefined;
    if (column?.sortValue !== undefined) return value;
    if (typeof value === 'string') return naturalKey(value);
    return column?.kind === 'age' ? -value : value;
  };
  const compare = (a: RowOf[Name], b: RowOf[Name]): number => {
    const [left, right] = [valueIn(a), valueIn(b)];
    if (left !== right) {
      if (left === undefined) return 1;
      if (right === undefined) return -1;
      return (left < right ? -1 : 1) * (order.descending ? -1 : 1);
    }
    return a.key < b.key ? -1 : 1;
  };
  return rows.filter((row) => parsed.matches(row, () => searchTextOf(columns, row), now)).toSorted(compare);
}

interface OpenView {
  readonly table: TableName;
  readonly view: SortedView<RowOf[TableName]>;
}

/** A model, the truth beside it, and views open on the model. */
class Trial {
  readonly model: ClusterModel = createClusterModel();
  readonly naive = new Naive();
  readonly views: OpenView[] = [];
  #isConnected = false;

  constructor() {
    this.sync();
    for (const table of TABLES) for (const filter of [0, 4, 5]) this.open(table, filter * 5 + table.length, filter);
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  open(table: TableName, which: number, filter: number): void {
    const view = this.model.tables[table].open(viewOptions(table, which, filter)) as SortedView<RowOf[TableName]>;
    this.views.push({ table, view });
  }

  send(event: Omit<api.Event, 'time'>): void {
    // What nobody was told changes no names either.
    if (!this.#isConnected) return;
    this.model.apply({ ...event, time: this.naive.now }, this.naive.now * 1000);
    this.naive.settle();
  }

  lose(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.model.disconnected({ reason: 'refused', retryAtUnixMs: 0 }, this.naive.now * 1000);
  }

  sync(): void {
    this.#isConnected = true;
    const { naive } = this;
    this.send({ type: 'SUBSCRIBED', subscribed: { info, heartbeat_interval_seconds: 1 } });
    const agents = [...naive.agents.values()].map(({ agent, usage }) => ({ ...agent, usage }));
    const frameworks = [...naive.frameworks.values()].map(({ framework, usage }) => ({ ...framework, usage }));
    this.send({ type: 'SNAPSHOT', snapshot: { tasks: structuredClone([...naive.tasks.values()]) } });
    this.send({ type: 'SNAPSHOT', snapshot: structuredClone({ agents, frameworks }) });
    const rest = { offers: [...naive.offers.values()], roles: [...naive.roles.values()] };
    this.send({ type: 'SNAPSHOT', snapshot: structuredClone(rest) });
    this.send({ type: 'SNAPSHOT_END' });
  }

  tick(seconds: number): void {
    this.naive.now += seconds;
    this.model.tick(this.naive.now * 1000);
  }

  run(one: Step): void {
    const { naive } = this;
    switch (one.kind) {
      case 'agent':
        this.#putAgent(one.of);
        break;
      case 'agent-used': {
        const key = `a${one.id}`;
        const known = naive.agents.get(key);
        const usage = { agent_id: { value: key }, allocated: one.of };
        if (known !== undefined) naive.agents.set(key, { ...known, usage });
        this.send({ type: 'AGENTS_USED', agents_used: [usage] });
        break;
      }
      case 'agent-removed':
        naive.agents.delete(`a${one.id}`);
        this.send({
          type: 'AGENT_REMOVED',
          agent_removed: { agent_id: { value: `a${one.id}` }, reason: 'GONE' },
        });
        break;
      case 'framework':
        this.#putFramework(one.of);
        break;
      case 'framework-removed':
        naive.frameworks.delete(`f${one.id}`);
        this.send({
          type: 'FRAMEWORK_REMOVED',
          framework_removed: { framework_id: { value: `f${one.id}` }, reason: 'TEARDOWN' },
        });
        break;
      case 'task':
        this.#putTask(one.of);
        break;
      case 'task-removed': {
        const [framework_id, task_id] = [{ value: `f${one.framework}` }, { value: `web-${one.id}` }];
        naive.tasks.delete(taskKeyOf(framework_id.value, task_id.value));
        this.send({ type: 'TASKS_REMOVED', tasks_removed: [{ framework_id, task_id }] });
        break;
      }
      case 'offer':
        this.#putOffer(one.of);
        break;
      case 'offer-ended':
        this.#endOffer(`o${one.id}`);
        break;
      case 'role':
        this.#putRole(one.of);
        break;
      case 'role-removed':
        naive.roles.delete(one.name);
        naive.belowSince.delete(one.name);
        this.send({ type: 'ROLES_UPDATED', roles_updated: { removed: [one.name] } });
        break;
      case 'time':
        this.tick(one.seconds);
        break;
      case 'loss':
        this.lose();
        break;
      case 'sync':
        this.sync();
        break;
      case 'view':
        this.#changeView(one.which, one.filter);
        break;
    }
  }

  #putAgent(of: typeof agent extends fc.Arbitrary<infer A> ? A : never): void {
    const key = `a${of.id}`;
    const { naive } = this;
    const usage = of.usage === undefined ? undefined : { agent_id: { value: key }, ...of.usage };
    const known = naive.agents.get(key);
    const wire: api.Agent = {
      agent_id: { value: key },
      state: of.state,
      since: naive.now - of.ago,
      hostname: of.hostname ?? known?.agent.hostname,
      total: of.total,
    };
    naive.agents.set(key, { agent: wire, usage: usage ?? known?.usage ?? { agent_id: { value: key } } });
    this.send({ type: 'AGENTS_UPDATED', agents_updated: { reason: 'CHANGED', agents: [{ ...wire, usage }] } });
  }

  #putFramework(of: typeof framework extends fc.Arbitrary<infer F> ? F : never): void {
    const key = `f${of.id}`;
    const { naive } = this;
    const id = { framework_id: { value: key } };
    const wire: api.Framework = { ...id, state: of.state, since: naive.now - of.ago };
    const known = naive.frameworks.get(key);
    wire.name = of.name ?? known?.framework.name;
    const usage = of.tasks === undefined ? undefined : { ...id, tasks: of.tasks };
    naive.frameworks.set(key, { framework: wire, usage: usage ?? known?.usage ?? id });
    const frameworks = [{ ...wire, usage }];
    this.send({ type: 'FRAMEWORKS_UPDATED', frameworks_updated: { reason: 'CHANGED', frameworks } });
  }

  #putTask(of: typeof task extends fc.Arbitrary<infer T> ? T : never): void {
    const ended = of.state === 'TASK_FAILED' || of.state === 'TASK_FINISHED';
    const wire: api.Task = {
      framework_id: { value: `f${of.framework}` },
      task_id: { value: `web-${of.id}` },
      state: of.isLost && !ended ? 'TASK_UNREACHABLE' : of.state,
      place: ended ? 'COMPLETED' : of.isLost ? 'UNREACHABLE' : 'LIVE',
      since: this.naive.now - of.ago,
      agent_id: of.agent === undefined ? undefined : { value: `a${of.agent}` },
      resources: { cpus: of.cpus },
    };
    this.naive.tasks.set(taskKeyOf(wire.framework_id.value, wire.task_id.value), wire);
    this.send({ type: 'TASKS_UPDATED', tasks_updated: [wire] });
  }

  #putOffer(of: typeof offer extends fc.Arbitrary<infer O> ? O : never): void {
    this.#endOffer(`o${of.id}`);
    const wire: api.Offer = {
      offer_id: { value: `o${of.id}` },
      framework_id: { value: `f${of.framework}` },
      agent_id: { value: `a${of.agent}` },
      role: 'web',
      resources: { cpus: of.cpus },
      made_at: this.naive.now - of.ago,
    };
    this.naive.offers.set(wire.offer_id.value, wire);
    this.send({ type: 'OFFERS_MADE', offers_made: [wire] });
  }

  #endOffer(key: string): void {
    const offer = this.naive.offers.get(key);
    if (offer === undefined) return;
    this.naive.offers.delete(key);
    const { offer_id, framework_id, agent_id } = offer;
    this.send({ type: 'OFFERS_ENDED', offers_ended: [{ offer_id, framework_id, agent_id, outcome: 'DECLINED' }] });
  }

  #putRole(of: typeof role extends fc.Arbitrary<infer R> ? R : never): void {
    if (!this.#isConnected) return;
    const wire: api.Role = { name: of.name, frameworks: 1, allocated: { cpus: of.cpus } };
    if (of.guarantee !== undefined) wire.guarantee = { cpus: of.guarantee };
    this.naive.roles.set(of.name, wire);
    if (!isBelowGuarantee(wire)) this.naive.belowSince.delete(of.name);
    else if (!this.naive.belowSince.has(of.name)) this.naive.belowSince.set(of.name, this.naive.now);
    this.send({ type: 'ROLES_UPDATED', roles_updated: { roles: [wire] } });
  }

  #changeView(which: number, filter: number): void {
    const { table, view } = this.views[which % this.views.length] as OpenView;
    const options = viewOptions(table, which, filter);
    if (filter % 3 === 0) {
      view.close();
      this.views.splice(which % this.views.length, 1);
      this.open(table, which, filter);
    } else if (filter % 3 === 1) view.setOrder(options.order);
    else view.setFilter(options.filter);
  }

  check(): void {
    this.model.tick(this.naive.now * 1000);
    const rows = this.naive.rows();
    for (const table of TABLES) {
      expect(this.model.tables[table].size).toBe(rows[table].length);
      for (const row of rows[table]) expect(this.model.tables[table].get(row.key)).toEqual(row);
    }
    for (const { table, view } of this.views) {
      const options = { order: view.order, filter: view.filter };
      const expected = expectedView(table, rows[table], options, this.naive.now);
      const shown = view.window(0, 1000);
      expect(
        shown.map(({ key }) => key),
        `${table} ${JSON.stringify(options)}`,
      ).toEqual(expected.map(({ key }) => key));
      expect(view.size).toBe(expected.length);
      shown.forEach((row, index) => {
        expect(this.model.tables[table].get(row.key)).toBe(row);
        expect(view.indexOf(row.key)).toBe(index);
      });
      expect(view.window(2, 3)).toEqual(shown.slice(2, 5));
    }
    this.#checkTotals(rows);
  }

  #checkTotals(rows: ReturnType<Naive['rows']>): void {
    const { totals } = this.model;
    const present = rows.agents.filter(({ agent }) => agent.state !== 'UNREACHABLE' && agent.state !== 'RECOVERED');
    for (const [name, key] of [
      ['cpus', 'cpus'],
      ['mem_mb', 'memMb'],
    ] as const) {
      const sum = (of: (row: RowOf['agents']) => number | undefined) =>
        present.reduce((total, row) => total + (of(row) ?? 0), 0);
      const [allocated, offered] = [sum((row) => row.usage.allocated?.[name]), sum((row) => row.usage.offered?.[name])];
      expect(totals.allocated[key]).toBeCloseTo(allocated, 6);
      expect(totals.offered[key]).toBeCloseTo(offered, 6);
      expect(totals.total[key]).toBeCloseTo(
        Math.max(
          sum((row) => row.agent.total?.[name]),
          allocated + offered,
        ),
        6,
      );
      expect(totals.free[key]).toBeGreaterThanOrEqual(0);
      expect(totals.allocated[key] + totals.offered[key] + totals.free[key]).toBeCloseTo(totals.total[key], 9);
    }
    expect(totals.agents).toEqual(countBy(rows.agents.map(({ agent }) => agent.state)));
    const alive = rows.tasks.filter(({ task }) => task.place !== 'COMPLETED');
    expect(totals.tasks).toEqual(countBy(alive.map(({ task }) => task.state)));
    expect(totals.taskCount).toBe(alive.length);
    const frameworks = rows.frameworks.map(({ framework }) => framework.state).filter((state) => state !== 'COMPLETED');
    expect(totals.frameworks).toEqual(countBy(frameworks));
    expect([totals.agentCount, totals.frameworkCount]).toEqual([rows.agents.length, frameworks.length]);
    expect([totals.offerCount, totals.roleCount]).toEqual([rows.offers.length, rows.roles.length]);
    const made = rows.offers.map(({ offer }) => offer.made_at);
    expect(totals.oldestOffer?.madeAt).toBe(made.length === 0 ? undefined : Math.min(...made));
  }
}

function countBy(kinds: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

describe('ClusterModel', () => {
  it('is what walking everything would make of the stream', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const trial = new Trial();
        for (const one of steps) {
          trial.run(one);
          if (trial.isConnected) trial.check();
        }
        trial.sync();
        trial.check();
      }),
      { numRuns: 150 },
    );
  });

  it('changes the version of a view only when its rows or their order change', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const trial = new Trial();
        for (const one of steps) {
          const before = trial.views.map(({ view }) => ({ view, version: view.version, rows: view.window(0, 1000) }));
          const versionBefore = trial.model.version;
          trial.run(one);
          for (const { view, version, rows } of before) {
            const after = view.window(0, 1000);
            const isSame = after.length === rows.length && after.every((row, index) => row === rows[index]);
            if (!isSame) expect(view.version).toBeGreaterThan(version);
            // What is told again and put in its place again changes nothing.
            if (isSame && one.kind !== 'view') expect(view.version).toBe(version);
            if (!isSame && one.kind !== 'view') expect(trial.model.version).toBeGreaterThan(versionBefore);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
