/**
 * What needs attention now, one line each, kept in order as it comes and goes. Like things are one line: failures of one framework and
 * cause within 5 minutes, tasks of one framework that do not start, offers that one framework holds. Which thing is a problem is
 * decided here; how bad a single row is, in health.ts. Texts are made for the lines that are asked for. Pure.
 */
import { formatCount } from '../text/numbers.js';
import { formatAge } from '../text/times.js';
import { sanitize } from '../text/width.js';
import type { Problem } from './cluster-model.js';
import { DueQueue } from './due-queue.js';
import { compareNumbers, type Entry, OrderedList } from './ordered-list.js';
import { RecentCount } from './recent-count.js';
import type { AgentRow, FrameworkRow, RoleRow, Severity, TableName, TaskRow } from './rows.js';
import type { MasterClock } from './table.js';

interface Line {
  readonly severity: Severity;
  readonly since: number;
  readonly table: TableName;
  readonly key: string;
  readonly text: () => string;
}

/** Like things of one framework. */
type GroupKind = 'not-started' | 'unhealthy' | 'held';

interface FailureGroup {
  readonly frameworkId: string;
  readonly cause: string;
  readonly recent: RecentCount;
  newest: TaskRow;
}

export interface ProblemNames {
  frameworkName(frameworkId: string): string;
  liveTasksOfAgent(agentId: string): number;
  liveTasksOfFramework(frameworkId: string): number;
}

export const FAILURE_WINDOW_SECONDS = 300;
/** Beyond so many pairs of framework and cause, causes are told together. */
const MOST_FAILURE_GROUPS = 500;

export class ProblemBook {
  readonly #lines = new OrderedList<Line>(compareNumbers);
  readonly #entries = new Map<string, Entry<Line>>();
  readonly #groups = new Map<string, DueQueue>();
  readonly #failures = new Map<string, FailureGroup>();

  constructor(
    private readonly names: ProblemNames,
    private readonly clock: MasterClock,
  ) {}

  first(limit: number): { readonly total: number; readonly first: readonly Problem[] } {
    const first = this.#lines
      .window(0, limit)
      .map(({ text, severity, since, table, key }) => ({ text: sanitize(text()), severity, since, table, key }));
    return { total: this.#lines.size, first };
  }

  onAgent(key: string, row: AgentRow | undefined): void {
    const id = `agent/${key}`;
    const state = row?.agent.state;
    this.#delete(id);
    if (row === undefined || (state !== 'UNREACHABLE' && state !== 'DISCONNECTED')) return;
    const name = row.agent.hostname ?? key;
    this.#set(id, {
      severity: row.severity,
      since: row.agent.since ?? 0,
      table: 'agents',
      key,
      text: () => `${name} ${state.toLowerCase()} (${tasksText(this.names.liveTasksOfAgent(key))})`,
    });
  }

  onFramework(key: string, row: FrameworkRow | undefined): void {
    const id = `framework/${key}`;
    const text = row === undefined ? undefined : this.#frameworkText(row);
    this.#delete(id);
    if (row === undefined || text === undefined) return;
    this.#set(id, { severity: row.severity, since: row.framework.since ?? 0, table: 'frameworks', key, text });
  }

  onRole(key: string, row: RoleRow | undefined, since: number): void {
    const id = `role/${key}`;
    this.#delete(id);
    if (row === undefined || row.severity !== 'bad') return;
    this.#set(id, { severity: row.severity, since, table: 'roles', key, text: () => `role ${key} ${row.note}` });
  }

  /** `at`: since when the thing of that key is one of its group. */
  join(kind: GroupKind, frameworkId: string, key: string, at: number): void {
    const id = `${kind}/${frameworkId}`;
    let members = this.#groups.get(id);
    if (members === undefined) {
      members = new DueQueue();
      this.#groups.set(id, members);
    }
    members.set(key, at);
    this.#refreshGroup(kind, frameworkId, members);
  }

  leave(kind: GroupKind, frameworkId: string, key: string): void {
    const members = this.#groups.get(`${kind}/${frameworkId}`);
    if (members === undefined || !members.has(key)) return;
    members.delete(key);
    this.#refreshGroup(kind, frameworkId, members);
  }

  onFailure(row: TaskRow): void {
    const { now } = this.clock;
    const at = row.task.since ?? now;
    if (at <= now - FAILURE_WINDOW_SECONDS) return;
    const group = this.#failureGroupOf(row.task.framework_id.value, row);
    group.recent.add(at);
    if (at >= (group.newest.task.since ?? 0)) group.newest = row;
    this.#refreshFailures(group);
  }

  /** Failures of long ago are no problem any more; returns whether anything changed. */
  tick(): boolean {
    let changed = false;
    for (const [id, group] of this.#failures) {
      if (!group.recent.forgetUntil(this.clock.now - FAILURE_WINDOW_SECONDS)) continue;
      changed = true;
      if (group.recent.count > 0) continue;
      this.#failures.delete(id);
      this.#delete(id);
    }
    return changed;
  }

  #frameworkText({ key, framework, severity }: FrameworkRow): (() => string) | undefined {
    const name = framework.name ?? key;
    if (framework.state === 'ACTIVE' && framework.back_pressured === true)
      return () => `framework ${name} reads its events too slowly to get offers`;
    if (framework.state !== 'DISCONNECTED' || severity === 'normal') return undefined;
    return () => {
      const tasks = tasksText(this.names.liveTasksOfFramework(key));
      const deadline = framework.failover_deadline;
      const end = deadline === undefined ? '' : `, removed in ${formatAge(deadline - this.clock.now)}`;
      return `framework ${name} disconnected (${tasks})${end}`;
    };
  }

  #refreshGroup(kind: GroupKind, frameworkId: string, members: DueQueue): void {
    const id = `${kind}/${frameworkId}`;
    const { first, size } = members;
    this.#delete(id);
    if (first === undefined) {
      this.#groups.delete(id);
      return;
    }
    this.#set(id, {
      severity: kind === 'not-started' ? 'waiting' : 'bad',
      since: first.at,
      table: kind === 'held' ? 'offers' : 'tasks',
      key: first.key,
      text: () => groupText(kind, this.names.frameworkName(frameworkId), size),
    });
  }

  #failureGroupOf(frameworkId: string, row: TaskRow): FailureGroup {
    const own = failureId(frameworkId, row.note);
    const isFull = !this.#failures.has(own) && this.#failures.size >= MOST_FAILURE_GROUPS;
    const cause = isFull ? '' : row.note;
    const id = failureId(frameworkId, cause);
    let group = this.#failures.get(id);
    if (group === undefined) {
      group = { frameworkId, cause, recent: new RecentCount(), newest: row };
      this.#failures.set(id, group);
    }
    return group;
  }

  #refreshFailures({ frameworkId, cause, recent, newest }: FailureGroup): void {
    const id = newest.task.task_id.value;
    const because = cause === '' ? '' : `, ${cause}`;
    this.#set(failureId(frameworkId, cause), {
      severity: 'bad',
      since: newest.task.since ?? 0,
      table: 'tasks',
      key: newest.key,
      text: () =>
        recent.count === 1
          ? `task ${id} failed${because}`
          : `${this.names.frameworkName(frameworkId)}: ${tasksText(recent.count)} failed in 5m${because}`,
    });
  }

  #set(id: string, line: Line): void {
    this.#delete(id);
    const entry = { sort: gravityOf(line) * 1e11 - line.since, key: id, item: line, position: 0 };
    this.#entries.set(id, entry);
    this.#lines.insert(entry);
  }

  #delete(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#lines.remove(entry);
  }
}

/** 0 is the worst. What many tasks depend on comes before single tasks, of which there are always some; what only waits, last. */
function gravityOf({ severity, table }: Line): number {
  const isOne = table === 'tasks' || table === 'offers';
  return (severity === 'waiting' ? 2 : 0) + (isOne ? 1 : 0);
}

function failureId(frameworkId: string, cause: string): string {
  return `failed/${frameworkId}/${cause}`;
}

function groupText(kind: GroupKind, frameworkName: string, count: number): string {
  switch (kind) {
    case 'not-started':
      return `${frameworkName}: ${tasksText(count)} not started for over 60s`;
    case 'unhealthy':
      return `${frameworkName}: ${tasksText(count)} unhealthy`;
    case 'held':
      return `${frameworkName} holds ${formatCount(count)} ${count === 1 ? 'offer' : 'offers'} for too long`;
  }
}

function tasksText(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'task' : 'tasks'}`;
}
