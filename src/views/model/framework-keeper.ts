/** The rows of frameworks. A new name goes to the rows of the framework's tasks and offers. Pure. */
import type * as api from '../../wire/gen/mesoctl-api.js';
import { judgeFramework } from './health.js';
import type { ModelState } from './model-state.js';
import type { FrameworkRow } from './rows.js';
import { sameValue } from './same-value.js';

export interface FrameworkKeeperOptions {
  readonly state: ModelState;
  /** Rows that show the name of that framework must follow. */
  readonly onNameChanged: (frameworkId: string) => void;
  readonly oldestOfferOf: (frameworkId: string) => number | undefined;
}

export class FrameworkKeeper {
  constructor(private readonly options: FrameworkKeeperOptions) {}

  put({ usage: told, ...facts }: api.Framework): void {
    const key = facts.framework_id.value;
    const { tables, frameworkNames, generation } = this.options.state;
    const isRenamed = frameworkNames.setName(key, facts.name);
    const old = tables.frameworks.get(key);
    const framework = old !== undefined && sameValue(old.framework, facts) ? old.framework : facts;
    const usage = told ?? old?.usage ?? { framework_id: facts.framework_id };
    const oldestOfferAt = this.options.oldestOfferOf(key);
    const row =
      old?.framework === framework && sameValue(old.usage, usage)
        ? old
        : { key, ...judgeFramework(framework), framework, usage, oldestOfferAt };
    if (row !== old) this.#track(old, row);
    tables.frameworks.put(row, generation);
    if (isRenamed) this.options.onNameChanged(key);
  }

  /** Usage of a framework that is not known says nothing. */
  use(usage: api.FrameworkUsage): void {
    const { frameworks } = this.options.state.tables;
    const old = frameworks.get(usage.framework_id.value);
    if (old !== undefined && !sameValue(old.usage, usage)) frameworks.replace({ ...old, usage });
  }

  /** Its oldest offer may be another. */
  refreshOldest(key: string): void {
    const { frameworks } = this.options.state.tables;
    const old = frameworks.get(key);
    const oldestOfferAt = this.options.oldestOfferOf(key);
    if (old !== undefined && old.oldestOfferAt !== oldestOfferAt) frameworks.replace({ ...old, oldestOfferAt });
  }

  remove(key: string): void {
    const { tables, frameworkNames, problems } = this.options.state;
    const old = tables.frameworks.remove(key);
    if (old === undefined) return;
    this.#track(old, undefined);
    problems.onFramework(key, undefined);
    frameworkNames.removeName(key);
  }

  #track(old: FrameworkRow | undefined, row: FrameworkRow | undefined): void {
    const { totals, problems } = this.options.state;
    if (old !== undefined) totals.addFramework(old, -1);
    if (row === undefined) return;
    totals.addFramework(row, 1);
    if (row.framework !== old?.framework) problems.onFramework(row.key, row);
  }
}
