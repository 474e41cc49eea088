/**
 * The agent's side of the launcher process: one message per launch, events back, and word when a supervisor has ended.
 * The launcher may die at any time: it is started again, launches that were under way are told so, and every living
 * supervisor is watched again by pid and start time. Containers never depend on it. Promises here never reject.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { present } from '../../base/assert.js';
import { MesoError, messageOf } from '../../base/error.js';
import { isRejection } from '../../base/rejection.js';
import type { Logger } from '../../base/system/logger.js';
import { deferred } from '../deferred.js';
import { describeErrno } from './failure.js';
import {
  EventDecoder,
  encodeFrame,
  encodeWatch,
  type LauncherEvent,
  type LaunchFailure,
  PROTOCOL_VERSION,
  REQUEST,
  type StartedProcesses,
} from './protocol.js';

export interface LauncherOptions {
  readonly supervisorPath: string;
  /** Directories that no other agent may use while this one lives. */
  readonly lockDirs: readonly string[];
  /** The cgroup of the launcher and its supervisors. */
  readonly joinCgroup?: string | undefined;
  readonly logger: Logger;
}

interface Lost {
  readonly kind: 'lost';
}
interface Failed {
  readonly kind: 'failed';
  readonly failure: LaunchFailure;
}
export type StartingOutcome = { readonly kind: 'starting'; readonly processes: StartedProcesses } | Failed | Lost;
export type StartedOutcome = { readonly kind: 'started' } | Failed | Lost;

/** One launch. `lost`: the launcher died, and what became of the container is only known once `gone` settles. */
export interface Launch {
  /** The container exists and its program waits. */
  readonly starting: Promise<StartingOutcome>;
  /** The program runs. */
  readonly started: Promise<StartedOutcome>;
  /** The supervisor has ended. */
  readonly gone: Promise<void>;
  go(): void;
  cancel(): void;
}

interface Watched {
  isStarted: boolean;
  processes?: { readonly supervisorPid: number; readonly supervisorStartTicks: number } | undefined;
  resolveStarting(outcome: StartingOutcome): void;
  resolveStarted(outcome: StartedOutcome): void;
  resolveGone(): void;
}

const READY_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2000;
const RESTART_DELAY_MS = 50;
const MAX_RESTART_DELAY_MS = 2000;
const MAX_TOKEN = 0xffff_ffff;
const STAGE_LOCK = 2;
const EAGAIN = 11;

export class Launcher {
  readonly #watched = new Map<number, Watched>();
  #nextToken = 1;
  #child: ChildProcess | undefined;
  #socket: Socket | undefined;
  /** Frames for a launcher that is being started again. */
  #outbox: Buffer[] = [];
  #closing = false;

  private constructor(private readonly options: LauncherOptions) {}

  /** Throws SUPERVISOR_MISSING, WORK_DIR_LOCKED (another agent has one of the directories) or ISOLATION_MISSING. */
  static async open(options: LauncherOptions): Promise<Launcher> {
    const launcher = new Launcher(options);
    await launcher.#connect();
    return launcher;
  }

  /** Pid of the launcher process; undefined while it is being started again. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  launch(plan: Buffer): Launch {
    const token = this.#takeToken();
    const starting = deferred<StartingOutcome>();
    const started = deferred<StartedOutcome>();
    const gone = deferred<void>();
    this.#watched.set(token, {
      isStarted: false,
      resolveStarting: starting.resolve,
      resolveStarted: started.resolve,
      resolveGone: gone.resolve,
    });
    this.#send(encodeFrame(REQUEST.launch, token, plan));
    return {
      starting: starting.promise,
      started: started.promise,
      gone: gone.promise,
      go: () => this.#send(encodeFrame(REQUEST.go, token)),
      cancel: () => this.#send(encodeFrame(REQUEST.cancel, token)),
    };
  }

  /** Settles when the supervisor has ended; at once when there is no such process. */
  watch(supervisorPid: number, supervisorStartTicks: number): Promise<void> {
    const token = this.#takeToken();
    const gone = deferred<void>();
    const processes = { supervisorPid, supervisorStartTicks };
    this.#watched.set(token, {
      isStarted: true,
      processes,
      resolveStarting: () => undefined,
      resolveStarted: () => undefined,
      resolveGone: gone.resolve,
    });
    this.#send(encodeWatch(token, supervisorPid, supervisorStartTicks));
    return gone.promise;
  }

  /** Ends the launcher; containers keep running and are no longer watched. Launches under way are lost. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#endChild();
    for (const watched of this.#watched.values()) {
      watched.resolveStarting({ kind: 'lost' });
      watched.resolveStarted({ kind: 'lost' });
      if (!watched.isStarted) watched.resolveGone();
    }
    this.#watched.clear();
  }

  async #endChild(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#socket?.end();
    const late = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
    if (child.exitCode === null && child.signalCode === null) await ended;
    clearTimeout(late);
    this.#socket?.destroy();
  }

  #takeToken(): number {
    const token = this.#nextToken;
    this.#nextToken = token === MAX_TOKEN ? 1 : token + 1;
    return token;
  }

  #send(frame: Buffer): void {
    if (this.#socket === undefined) this.#outbox.push(frame);
    else this.#socket.write(frame);
  }

  async #connect(): Promise<void> {
    const child = this.#spawn();
    const socket = child.stdio[3] as Socket;
    const decoder = new EventDecoder();
    const ready = deferred<void>();
    let isReady = false;
    socket.on('data', (chunk: Buffer) => {
      const events = decoder.push(chunk);
      if (isRejection(events)) {
        this.options.logger.error({ reason: events.message }, 'launcher speaks another protocol');
        child.kill('SIGKILL');
        return;
      }
      for (const event of events)
        if (isReady) this.#onEvent(event);
        else {
          const refusal = this.#refusalOf(event);
          if (refusal === undefined) isReady = true;
          settle(ready, refusal);
        }
    });
    socket.on('error', () => socket.destroy());
    child.once('error', (cause) => settle(ready, missingSupervisor(this.options.supervisorPath, cause)));
    child.once('exit', (status, signal) => {
      settle(ready, new MesoError('INTERNAL', `the launcher ended at once (${signal ?? `exit status ${status}`})`));
      if (isReady) this.#onExit(child);
    });
    const late = setTimeout(
      () => settle(ready, new MesoError('TIMEOUT', `the launcher was not ready after ${READY_TIMEOUT_MS} ms`)),
      READY_TIMEOUT_MS,
    );
    try {
      await ready.promise;
    } catch (error) {
      child.kill('SIGKILL');
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(late);
    }
    this.#child = child;
    this.#socket = socket;
    for (const frame of this.#outbox.splice(0)) socket.write(frame);
  }

  #spawn(): ChildProcess {
    const args = ['--serve', ...this.options.lockDirs.flatMap((dir) => ['--lock', dir])];
    if (this.options.joinCgroup !== undefined) args.push('--join', this.options.joinCgroup);
    // A session of its own: signals of the agent's terminal are not for the launcher.
    return spawn(this.options.supervisorPath, args, {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      detached: true,
      env: {},
      cwd: '/',
    });
  }

  #refusalOf(event: LauncherEvent): MesoError | undefined {
    if (event.type === 'ready' && event.version === PROTOCOL_VERSION) return undefined;
    if (event.type !== 'failed')
      return new MesoError('SUPERVISOR_MISSING', 'the compiled supervisor is of another version of mesoctl', {
        suggestions: ['npm run build'],
      });
    const { stage, errno, detail } = event.failure;
    if (stage === STAGE_LOCK && errno === EAGAIN)
      return new MesoError('WORK_DIR_LOCKED', `another agent uses ${detail}`, {
        suggestions: ['--work-dir=DIR', '--cgroups-root=NAME'],
      });
    return new MesoError('ISOLATION_MISSING', `the supervisors cannot use ${detail}: ${describeErrno(errno)}`);
  }

  #onEvent(event: LauncherEvent): void {
    if (event.type === 'ready') return;
    const watched = this.#watched.get(event.token);
    if (watched === undefined || this.#closing) return;
    switch (event.type) {
      case 'starting':
        watched.processes = event.processes;
        watched.resolveStarting({ kind: 'starting', processes: event.processes });
        return;
      case 'started':
        watched.isStarted = true;
        watched.resolveStarted({ kind: 'started' });
        return;
      case 'failed':
        watched.resolveStarting({ kind: 'failed', failure: event.failure });
        watched.resolveStarted({ kind: 'failed', failure: event.failure });
        return;
      case 'gone':
        this.#watched.delete(event.token);
        watched.resolveStarting({ kind: 'lost' });
        watched.resolveStarted({ kind: 'lost' });
        watched.resolveGone();
        return;
    }
  }

  #onExit(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#socket = undefined;
    if (this.#closing) return;
    this.options.logger.error({ pid: child.pid, signal: child.signalCode }, 'launcher ended, starting it again');
    for (const [token, watched] of this.#watched) {
      watched.resolveStarting({ kind: 'lost' });
      watched.resolveStarted({ kind: 'lost' });
      if (watched.processes === undefined) {
        this.#watched.delete(token);
        watched.resolveGone();
      } else {
        const { supervisorPid, supervisorStartTicks } = watched.processes;
        this.#outbox.push(encodeWatch(token, supervisorPid, supervisorStartTicks));
      }
    }
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    for (let delayMs = RESTART_DELAY_MS; !this.#closing; delayMs = Math.min(2 * delayMs, MAX_RESTART_DELAY_MS)) {
      try {
        await this.#connect();
        if (this.#closing) this.#socket?.end();
        return;
      } catch (error) {
        this.options.logger.error({ reason: messageOf(error) }, 'launcher cannot be started');
        this.#dropRequests();
        await delay(delayMs);
      }
    }
  }

  /** Launches asked for while there is no launcher, and none can be had. */
  #dropRequests(): void {
    for (const [token, watched] of this.#watched) {
      if (watched.processes !== undefined) continue;
      this.#watched.delete(token);
      watched.resolveStarting({ kind: 'lost' });
      watched.resolveStarted({ kind: 'lost' });
      watched.resolveGone();
    }
    const live = [...this.#watched].map(([token, watched]) => {
      const { supervisorPid, supervisorStartTicks } = present(watched.processes, 'requests were dropped');
      return encodeWatch(token, supervisorPid, supervisorStartTicks);
    });
    this.#outbox = live;
  }
}

function settle(ready: { resolve(): void; reject(error: Error): void }, refusal: MesoError | undefined): void {
  if (refusal === undefined) ready.resolve();
  else ready.reject(refusal);
}

function missingSupervisor(path: string, cause: Error): MesoError {
  return new MesoError('SUPERVISOR_MISSING', `cannot start ${path}: ${cause.message}`, {
    cause,
    suggestions: ['apt-get install gcc libc6-dev', 'npm run build'],
  });
}
