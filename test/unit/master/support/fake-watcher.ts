/**
 * A watcher's side of the extension's event stream: it applies what it hears as the schema's comment on `Event` says, with no
 * cleverness, and may read slowly: after `patience` parts of a snapshot its stream's queue counts as long.
 */
import type { ConnectionId } from '../../../../src/daemon/master/core/protocol.js';
import type * as api from '../../../../src/wire/gen/mesoctl-api.js';

export interface Mirror {
  readonly agents: ReadonlyMap<string, api.Agent>;
  readonly frameworks: ReadonlyMap<string, api.Framework>;
  readonly tasks: ReadonlyMap<string, api.Task>;
  readonly offers: ReadonlyMap<string, api.Offer>;
  readonly roles: ReadonlyMap<string, api.Role>;
  readonly counts: api.Counts | undefined;
}

export function taskKey({ framework_id, task_id }: Pick<api.Task, 'framework_id' | 'task_id'>): string {
  return `${framework_id.value}/${task_id.value}`;
}

export class FakeWatcher implements Mirror {
  readonly agents = new Map<string, api.Agent>();
  readonly frameworks = new Map<string, api.Framework>();
  readonly tasks = new Map<string, api.Task>();
  readonly offers = new Map<string, api.Offer>();
  readonly roles = new Map<string, api.Role>();
  counts: api.Counts | undefined;
  readonly events: api.Event[] = [];
  /** SNAPSHOT_END came. */
  isSynced = false;
  isClosed = false;
  /** Told the master that its queue is long. */
  isBacklogged = false;

  constructor(
    readonly connectionId: ConnectionId,
    readonly kinds: readonly api.Kind[],
    public patience = Number.POSITIVE_INFINITY,
  ) {}

  takes(kind: api.Kind): boolean {
    return this.kinds.length === 0 || this.kinds.includes(kind);
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }

  /** Of the last event of that type. */
  last(type: api.Event_Type): api.Event {
    const found = this.events.findLast((event) => event.type === type);
    if (found === undefined) throw new Error(`no ${type} among ${this.types().join(', ')}`);
    return found;
  }

  /** Returns whether its queue became long by this. */
  deliver(event: api.Event): boolean {
    this.events.push(event);
    this.#apply(event);
    if (event.type !== 'SNAPSHOT' || this.isBacklogged) return false;
    this.patience--;
    this.isBacklogged = this.patience <= 0;
    return this.isBacklogged;
  }

  #apply(event: api.Event): void {
    const { snapshot } = event;
    if (event.type === 'SNAPSHOT_END') this.isSynced = true;
    this.#put(snapshot ?? {});
    this.#put({ agents: event.agents_updated?.agents, frameworks: event.frameworks_updated?.frameworks });
    this.#put({ tasks: event.tasks_updated, offers: event.offers_made, roles: event.roles_updated?.roles });
    this.counts = event.counted ?? snapshot?.counts ?? this.counts;
    for (const usage of event.agents_used ?? []) {
      const agent = this.agents.get(usage.agent_id.value);
      if (agent !== undefined) this.agents.set(usage.agent_id.value, { ...agent, usage });
    }
    for (const usage of event.frameworks_used ?? []) {
      const framework = this.frameworks.get(usage.framework_id.value);
      if (framework !== undefined) this.frameworks.set(usage.framework_id.value, { ...framework, usage });
    }
    this.#remove(event);
  }

  #put({ agents, frameworks, tasks, offers, roles }: api.Event_Snapshot): void {
    for (const agent of agents ?? []) this.agents.set(agent.agent_id.value, agent);
    for (const framework of frameworks ?? []) this.frameworks.set(framework.framework_id.value, framework);
    for (const task of tasks ?? []) this.tasks.set(taskKey(task), task);
    for (const offer of offers ?? []) this.offers.set(offer.offer_id.value, offer);
    for (const role of roles ?? []) this.roles.set(role.name, role);
  }

  #remove(event: api.Event): void {
    if (event.agent_removed !== undefined) this.agents.delete(event.agent_removed.agent_id.value);
    if (event.framework_removed !== undefined) this.frameworks.delete(event.framework_removed.framework_id.value);
    for (const key of event.tasks_removed ?? []) this.tasks.delete(taskKey(key));
    for (const ended of event.offers_ended ?? []) this.offers.delete(ended.offer_id.value);
    for (const name of event.roles_updated?.removed ?? []) this.roles.delete(name);
  }
}
