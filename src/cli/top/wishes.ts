/**
 * Carries out what the screens wish of the world outside, and tells them what came of it. At most one log is followed and
 * one detail sampled at a time; a new one ends the old. Nothing here throws: failures are answers.
 */
import { writeFile } from 'node:fs/promises';
import { MesoError, messageOf } from '../../base/error.js';
import { pause } from '../../client/back-off.js';
import type { OperatorClient } from '../../client/operator-client.js';
import type { ClusterModel } from '../../views/model/cluster-model.js';
import type { TableName, TaskRow } from '../../views/model/rows.js';
import { formatCount } from '../../views/text/numbers.js';
import { formatTime } from '../../views/text/times.js';
import type { OutsideWish } from '../../views/tui/top-screen.js';
import type { ContainerUsage, LogState, Ui } from '../../views/tui/ui.js';
import type * as api from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { isTerminal } from '../../wire/task-state.js';
import { usageOf } from './container-usage.js';
import { LogTail } from './log-tail.js';
import { explain } from './reasons.js';
import { openSandbox, type SandboxAccess } from './sandbox-access.js';

export interface WishesOptions {
  readonly client: Pick<OperatorClient, 'killTask' | 'teardown' | 'find' | 'why'>;
  readonly model: ClusterModel;
  readonly ui: Pick<Ui, 'onLog' | 'onActionDone' | 'onDetail' | 'onWhy'>;
  readonly unixMs: () => number;
  /** The screens heard something: show it. */
  readonly onAnswer: () => void;
  readonly reconnect: () => void;
  /** Where logs are saved. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

const SAMPLE_MS = 1_000;
const KIND_OF_TABLE: Readonly<Record<TableName, api.Kind>> = {
  agents: 'AGENTS',
  frameworks: 'FRAMEWORKS',
  tasks: 'TASKS',
  offers: 'OFFERS',
  roles: 'ROLES',
};

export class Wishes {
  readonly #options: WishesOptions;
  #log = new AbortController();
  #detail = new AbortController();

  constructor(options: WishesOptions) {
    this.#options = options;
  }

  carryOut(wish: OutsideWish): void {
    switch (wish.kind) {
      case 'reconnect':
        this.#options.reconnect();
        return;
      case 'kill-task':
        void this.#act(() => this.#kill(wish));
        return;
      case 'teardown-framework':
        void this.#act(() => this.#teardown(wish.frameworkId));
        return;
      case 'save-log':
        void this.#act(() => this.#save(wish));
        return;
      case 'fetch-detail':
        this.#detail.abort();
        this.#detail = new AbortController();
        void this.#fetchDetail(wish, AbortSignal.any([this.#options.signal, this.#detail.signal]));
        return;
      case 'fetch-why':
        void this.#fetchWhy(wish);
        return;
      case 'follow-log':
        this.#stopLog();
        void this.#follow(wish, AbortSignal.any([this.#options.signal, this.#log.signal]));
        return;
      case 'stop-log':
        this.#stopLog();
    }
  }

  async #act(action: () => Promise<string>): Promise<void> {
    const { ui, onAnswer } = this.#options;
    try {
      ui.onActionDone({ ok: true, text: await action() });
    } catch (error) {
      ui.onActionDone({ ok: false, text: messageOf(error) });
    }
    onAnswer();
  }

  async #kill({ frameworkId, taskId }: { readonly frameworkId: string; readonly taskId: string }): Promise<string> {
    const request = { task_id: { value: taskId }, framework_id: { value: frameworkId } };
    const { task, waits_for_agent } = await this.#options.client.killTask(request);
    const host = this.#options.model.tables.agents.get(task.agent_id?.value ?? '')?.agent.hostname ?? 'its agent';
    return waits_for_agent === true
      ? `${taskId} will be killed when ${host} is back: it is not connected now`
      : `killing ${taskId} on ${host}`;
  }

  async #teardown(frameworkId: string): Promise<string> {
    const name = this.#options.model.tables.frameworks.get(frameworkId)?.framework.name ?? frameworkId;
    await this.#options.client.teardown({ value: frameworkId });
    return `framework ${name} is torn down, its tasks are being killed`;
  }

  async #save({ taskKey, lines }: { readonly taskKey: string; readonly lines: readonly string[] }): Promise<string> {
    const taskId = taskKey
      .slice(taskKey.indexOf('/') + 1)
      .replace(/[^\w.-]/g, '_')
      .slice(0, 100);
    const time = formatTime(this.#options.unixMs() / 1000)
      .slice(0, 19)
      .replaceAll(/[-:]/g, '')
      .replace(' ', '-');
    const name = `${taskId}-${time}.log`;
    // Never over a file that is there: what somebody saved before is theirs.
    await writeFile(`${this.#options.directory}/${name}`, `${lines.join('\n')}\n`, { flag: 'wx', mode: 0o600 });
    return `${formatCount(lines.length)} lines saved to ${name}`;
  }

  async #fetchWhy({ table, key }: { readonly table: TableName; readonly key: string }): Promise<void> {
    const { model, ui, unixMs, client, onAnswer } = this.#options;
    const now = model.masterTime(unixMs());
    ui.onWhy(table, key, await explain(model, { table, key, now }, client));
    onAnswer();
  }

  async #fetchDetail(wish: { readonly table: TableName; readonly key: string }, signal: AbortSignal): Promise<void> {
    const { table, key } = wish;
    const { ui, onAnswer } = this.#options;
    try {
      const match = await this.#find(table, key, signal);
      const show = (usage?: ContainerUsage) => {
        if (signal.aborted) return;
        ui.onDetail(table, key, { kind: 'found', match, usage });
        onAnswer();
      };
      show();
      if (table === 'tasks') await this.#sampleUsage(key, signal, show);
    } catch (error) {
      if (signal.aborted) return;
      ui.onDetail(table, key, { kind: 'failed', reason: messageOf(error) });
      onAnswer();
    }
  }

  async #find(table: TableName, key: string, signal: AbortSignal): Promise<api.Response_Match> {
    const { client } = this.#options;
    const slash = table === 'tasks' ? key.indexOf('/') : -1;
    const framework_id = slash < 0 ? undefined : { value: key.slice(0, slash) };
    const request = { kind: KIND_OF_TABLE[table], reference: key.slice(slash + 1), limit: 1, framework_id };
    const { matches = [] } = await client.find(request, { signal });
    const [match] = matches;
    if (match === undefined) throw new MesoError('NOT_FOUND', 'the master does not know it any more');
    return match;
  }

  /** Two samples tell the cores in use. An agent that does not answer costs only these figures. */
  async #sampleUsage(key: string, signal: AbortSignal, show: (usage: ContainerUsage) => void): Promise<void> {
    const row = this.#options.model.tables.tasks.get(key);
    if (row === undefined || isTerminal(row.task.state)) return;
    let access: SandboxAccess | undefined;
    try {
      access = openSandbox(this.#options.model, row);
      const first = await sample(access, row, signal);
      if (first === undefined) return;
      show(usageOf(first, undefined));
      await pause(SAMPLE_MS, signal);
      const second = await sample(access, row, signal);
      if (second !== undefined) show(usageOf(second, first));
    } catch (error) {
      if (!(error instanceof MesoError) && !signal.aborted) throw error;
    } finally {
      access?.client.close();
    }
  }

  #stopLog(): void {
    this.#log.abort();
    this.#log = new AbortController();
  }

  async #follow(
    { taskKey, file }: { readonly taskKey: string; readonly file: 'stdout' | 'stderr' },
    signal: AbortSignal,
  ): Promise<void> {
    const { model, ui, onAnswer } = this.#options;
    const onState = (state: LogState) => {
      if (signal.aborted) return;
      ui.onLog(state);
      onAnswer();
    };
    const row = model.tables.tasks.get(taskKey);
    let access: SandboxAccess | undefined;
    try {
      if (row === undefined) throw new MesoError('NOT_FOUND', 'the task is not known any more');
      access = openSandbox(model, row);
      const { client, path, agentText } = access;
      const source = {
        list: () => client.listFiles(path, signal),
        read: (name: string, offset: number) => client.readFile(`${path}/${name}`, offset, undefined, signal),
      };
      await new LogTail({
        taskKey,
        file,
        source,
        agent: agentText,
        hasEnded: () => this.#hasEnded(taskKey),
        onState,
      }).run(signal);
    } catch (error) {
      onState(failedLog(taskKey, file, messageOf(error)));
    } finally {
      access?.client.close();
    }
  }

  /** While the connection is lost we do not know, and go on. */
  #hasEnded(taskKey: string): boolean {
    const { model } = this.#options;
    if (model.connection.kind !== 'live') return false;
    const row = model.tables.tasks.get(taskKey);
    return row === undefined || isTerminal(row.task.state);
  }
}

async function sample(
  { client, executorId }: SandboxAccess,
  { task }: TaskRow,
  signal: AbortSignal,
): Promise<mesos.ResourceStatistics | undefined> {
  const containers = await client.getContainers(signal);
  return containers.find(
    ({ framework_id, executor_id }) =>
      framework_id?.value === task.framework_id.value && executor_id?.value === executorId,
  )?.resource_statistics;
}

function failedLog(taskKey: string, file: 'stdout' | 'stderr', note: string): LogState {
  return { taskKey, file, lines: [], firstLine: 1, skipped: 0, totalBytes: 0, status: 'failed', note, version: 1 };
}
