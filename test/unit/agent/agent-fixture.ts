/** A whole agent started with `startAgent`, a master of a few lines at the other end of its link, and a scratch directory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/system/clock.js';
import type { AgentHandle } from '../../../src/daemon/agent/agent-handle.js';
import { type AgentParts, startAgent } from '../../../src/daemon/agent/main.js';
import type { AgentConfig } from '../../../src/daemon/config/agent-config.js';
import { createHostGuard } from '../../../src/daemon/http/host-guard.js';
import { Router } from '../../../src/daemon/http/router.js';
import { HttpServer } from '../../../src/daemon/http/server.js';
import { LinkAcceptor } from '../../../src/daemon/link/link-acceptor.js';
import { LINK_UPGRADE_PROTOCOL } from '../../../src/daemon/link/link-protocol.js';
import { removeRuntimeDir } from '../../../src/runtime/runtime-dir.js';
import type * as link from '../../../src/wire/gen/mesoctl-link.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { silentLogger, until } from '../http/fixture.js';
import { AGENT_ID, FRAMEWORK_ID, frameworkInfo, type MasterBody, taskInfo } from './core-harness.js';

export class FakeMaster {
  readonly frames: link.AgentFrame[] = [];
  /** Every status update, duplicates included. */
  readonly statuses: mesos.TaskStatus[] = [];
  /** Acknowledges each update as it comes. */
  acknowledges = true;
  readonly #acceptor: LinkAcceptor;
  readonly #server: HttpServer;
  #port = 0;
  #connection: { readonly id: number; readonly channel: number } | undefined;
  #lastId = 0;

  constructor() {
    this.#acceptor = new LinkAcceptor({
      clock: systemClock,
      logger: silentLogger,
      totalPingTimeoutMs: 60_000,
      leadership: () => ({
        leading: true,
        term: 1,
        clusterId: 'cluster',
        masterInfo: { id: 'm1', ip: 0, port: 5050, hostname: 'master' },
        reregisterJitterMs: 0,
      }),
      nextConnectionId: () => ++this.#lastId,
      observer: {
        onFrame: ({ channel, connectionId, frame }) => {
          this.#connection = { id: connectionId, channel };
          this.#onFrame(frame);
        },
        onClosed: () => {
          this.#connection = undefined;
        },
      },
    });
    this.#server = new HttpServer({
      router: new Router(['master']),
      hostGuard: createHostGuard([]),
      logger: silentLogger,
      upgrades: new Map([[LINK_UPGRADE_PROTOCOL, this.#acceptor.upgrade]]),
    });
  }

  async listen(): Promise<void> {
    this.#port = (await this.#server.listen({ ip: '127.0.0.1', port: this.#port })).port;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  send(body: MasterBody): void {
    if (this.#connection !== undefined) this.#acceptor.send(this.#connection.id, this.#connection.channel, body);
  }

  run(taskId: string, command: string, more: Partial<mesos.TaskInfo> = {}): void {
    this.send({
      run_tasks: {
        framework_info: frameworkInfo(['PARTITION_AWARE', 'TASK_KILLING_STATE']),
        tasks: [taskInfo(taskId, { command: { value: command }, ...more })],
        group: false,
        launch_executor: false,
      },
    });
  }

  kill(taskId: string): void {
    this.send({ kill_task: { framework_id: { value: FRAMEWORK_ID }, task_id: { value: taskId } } });
  }

  /** States told about a task, without repetitions. */
  states(taskId: string): string[] {
    const seen = new Map(
      this.statuses
        .filter((status) => status.task_id.value === taskId)
        .map((status) => [Buffer.from(status.uuid ?? []).toString('hex'), status.state]),
    );
    return [...seen.values()];
  }

  waitFor(taskId: string, state: mesos.TaskState): Promise<void> {
    return until(`${taskId} is ${state}`, () => this.states(taskId).includes(state), 20_000);
  }

  findStatus(taskId: string, state: mesos.TaskState): mesos.TaskStatus | undefined {
    return this.statuses.find((status) => status.task_id.value === taskId && status.state === state);
  }

  async close(): Promise<void> {
    this.#acceptor.close();
    await this.#server.close(100);
  }

  #onFrame(frame: link.AgentFrame): void {
    this.frames.push(frame);
    const isReregistration = frame.reregister !== undefined;
    if (isReregistration || frame.register !== undefined)
      this.send({
        registered: {
          agent_id: { value: AGENT_ID },
          master_info: { id: 'm1', ip: 0, port: 5050 },
          reregistered: isReregistration,
        },
      });
    const update = frame.status_update;
    if (update?.status.uuid === undefined) return;
    this.statuses.push(update.status);
    if (this.acknowledges)
      this.send({
        acknowledge_update: {
          framework_id: update.framework_id,
          task_id: update.status.task_id,
          uuid: update.status.uuid,
        },
      });
  }
}

export class AgentFixture {
  readonly scratch = mkdtempSync(join(tmpdir(), 'mesoctl-agent-'));
  readonly workDir = join(this.scratch, 'work');
  readonly master = new FakeMaster();
  agent: AgentHandle | undefined;

  config(more: Partial<AgentConfig> = {}): AgentConfig {
    return {
      masters: [this.master.address],
      ip: '127.0.0.1',
      port: 0,
      insecure: false,
      workDir: this.workDir,
      resources: 'cpus:4;mem:1024;disk:1024;ports:[31000-31010]',
      defaultRole: '*',
      cgroupsRoot: 'mesoctl-test',
      cgroupsEnableCfs: false,
      pidsLimit: 100,
      switchUser: false,
      executorEnvironmentVariables: {},
      executorShutdownGracePeriodMs: 5_000,
      recoveryTimeoutMs: 900_000,
      executorReregistrationTimeoutMs: 2_000,
      registrationBackoffFactorMs: 1_000,
      gcDelayMs: 604_800_000,
      gcDiskHeadroom: 0.1,
      diskWatchIntervalMs: 60_000,
      maxLogSizeBytes: 1_000_000,
      maxLogFiles: 2,
      logLevel: 'silent',
      flags: { work_dir: this.workDir },
      ...more,
    };
  }

  /** Starts it and waits until the master has it. */
  async start(parts: AgentParts, more: Partial<AgentConfig> = {}, signal?: AbortSignal): Promise<AgentHandle> {
    this.agent = await startAgent(this.config(more), silentLogger, signal, parts);
    await this.agent.registered;
    return this.agent;
  }

  async close(): Promise<void> {
    await this.agent?.stop();
    await this.master.close();
    removeRuntimeDir(this.workDir);
    rmSync(this.scratch, { recursive: true, force: true });
  }
}
