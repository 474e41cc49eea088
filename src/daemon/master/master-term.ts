/**
 * One leadership of this master, before, while and after it leads: core, allocator, event streams, agent links and the exchanges
 * that wait, and what carries effects and events between them. Decides nothing. A term is elected at most once and closed once;
 * the next one starts from nothing, so that nothing of a deposed leader lives on.
 */
import { unreachable } from '../../base/assert.js';
import type { Clock } from '../../base/clock.js';
import { reject } from '../../base/rejection.js';
import type { Logger } from '../../base/system/logger.js';
import type { Allocator } from '../../offers/allocator/allocator.js';
import * as master from '../../wire/gen/master.js';
import * as extension from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type { MasterConfig } from '../config/master-config.js';
import { sendMessage } from '../http/api-call.js';
import { TEXT_PLAIN } from '../http/exchange.js';
import { LinkAcceptor, type LinkLeadership } from '../link/link-acceptor.js';
import type { LinkLimits } from '../link/link-protocol.js';
import type { MasterCore } from './core/options.js';
import type { HttpOutcome, MasterEvent, RequestId } from './core/protocol.js';
import { EventLoop, type ShellEffect } from './event-loop.js';
import { EventStreams, type StreamLimitOverrides } from './event-streams.js';
import type { LeaderState } from './http/site.js';
import { PendingExchanges } from './pending-exchanges.js';
import type { Registry } from './registry/registry.js';

/** One more agent costs the master about this much at a failover; agents spread their return accordingly. Ms. */
const REREGISTER_COST_MS = 0.1;

export interface MasterTermOptions {
  readonly config: MasterConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly masterInfo: mesos.MasterInfo;
  readonly core: MasterCore;
  readonly allocator: Allocator;
  readonly registry: Pick<Registry, 'propose'>;
  /** Unique in the process, over all its terms. */
  nextConnectionId(): number;
  /** Of others, while this master does not lead. */
  leaderElsewhere(): LeaderState;
  readonly streamLimits?: StreamLimitOverrides | undefined;
  readonly linkLimits?: Partial<LinkLimits> | undefined;
  onFatal(error: unknown): void;
}

export class MasterTerm {
  readonly #options: MasterTermOptions;
  readonly loop: EventLoop;
  readonly pending = new PendingExchanges();
  readonly streams: EventStreams;
  readonly links: LinkAcceptor;
  #clusterId: string | undefined;
  #closing: string | undefined;

  constructor(options: MasterTermOptions) {
    const { config, clock, core, registry } = options;
    this.#options = options;
    this.loop = new EventLoop({
      core,
      clock,
      registry,
      perform: (effect) => this.#perform(effect),
      onFatal: options.onFatal,
    });
    const post = (event: MasterEvent) => this.loop.post(event);
    this.streams = new EventStreams(
      {
        onSchedulerBacklog: (connectionId, high) => post({ kind: 'scheduler-backlog', connectionId, high }),
        onSchedulerClosed: (connectionId, reason) =>
          post({ kind: 'scheduler-closed', connectionId, overflow: reason === 'queue-full' || reason === 'stalled' }),
        onOperatorClosed: (connectionId) => post({ kind: 'operator-closed', connectionId }),
        onWatchBacklog: (connectionId, high) => post({ kind: 'watch-backlog', connectionId, high }),
        onWatchClosed: (connectionId) => post({ kind: 'watch-closed', connectionId }),
      },
      options.streamLimits,
    );
    this.links = new LinkAcceptor({
      clock,
      logger: options.logger,
      limits: options.linkLimits,
      totalPingTimeoutMs: config.agentPingTimeoutMs * config.maxAgentPingTimeouts,
      leadership: () => this.#linkLeadership(),
      nextConnectionId: () => options.nextConnectionId(),
      observer: {
        onFrame: (received) => post({ kind: 'agent-frame', ...received }),
        onClosed: (connectionId) => post({ kind: 'agent-link-closed', connectionId }),
      },
    });
  }

  /** The registry is read: from here on this master leads `term`. */
  elect(clusterId: string, events: readonly MasterEvent[]): void {
    this.#clusterId = clusterId;
    for (const event of events) this.loop.post(event);
  }

  /** Its core and what that owns; only to be read synchronously. */
  get core(): MasterCore {
    return this.#options.core;
  }

  get allocator(): Allocator {
    return this.#options.allocator;
  }

  get masterInfo(): mesos.MasterInfo {
    return this.#options.masterInfo;
  }

  /** Steps nothing any more and lets go of every client: streams end after what is queued, waiting requests are told `why`. */
  close(why: string): void {
    this.#closing = why;
    this.loop.stop();
    this.streams.endAll();
    for (const { exchange } of this.pending.takeAll()) exchange.reject(reject('unavailable', why));
    this.links.close();
  }

  leader(): LeaderState {
    if (this.#closing !== undefined) return { kind: 'no-leader' };
    if (this.#clusterId === undefined) return this.#options.leaderElsewhere();
    const { term, electedAtUnixMs } = this.#options.core.view;
    if (electedAtUnixMs === undefined) return { kind: 'recovering' };
    return { kind: 'leading', term, clusterId: this.#clusterId };
  }

  #linkLeadership(): LinkLeadership {
    const state = this.leader();
    if (state.kind === 'following') {
      const { hostname, port } = state.leader;
      return { leading: false, message: 'This master does not lead', leader: { hostname, port } };
    }
    if (state.kind !== 'leading') return { leading: false, message: 'No master leads yet' };
    const { agents, recoveredAgents } = this.#options.core.view;
    return {
      leading: true,
      term: state.term,
      clusterId: state.clusterId,
      masterInfo: this.#options.masterInfo,
      reregisterJitterMs: (agents.size + recoveredAgents.size) * REREGISTER_COST_MS,
    };
  }

  #perform(effect: ShellEffect): void {
    switch (effect.kind) {
      case 'respond':
        this.#respond(effect.requestId, effect.outcome);
        return;
      case 'accept-stream':
        this.streams.open(effect.connectionId, this.pending.take(effect.requestId));
        return;
      case 'scheduler-event':
        this.streams.sendToScheduler(effect.connectionId, effect.event);
        return;
      case 'operator-event':
        this.streams.sendToOperators(effect.connectionIds, effect.event);
        return;
      case 'watch-event':
        this.streams.sendToWatchers(effect.connectionIds, effect.event);
        return;
      case 'close-stream':
        this.streams.end(effect.connectionId);
        return;
      case 'agent-message':
        this.links.send(effect.connectionId, effect.channel, effect.message);
        return;
      case 'close-channel':
        this.links.closeChannel(effect.connectionId, effect.channel);
        return;
      case 'log':
        this.#options.logger[effect.level](effect.fields, effect.message);
        return;
      default:
        unreachable(effect);
    }
  }

  #respond(requestId: RequestId, outcome: HttpOutcome): void {
    const { exchange, format } = this.pending.take(requestId);
    if ('rejection' in outcome)
      exchange.send({ status: outcome.status, contentType: TEXT_PLAIN, body: outcome.rejection.message });
    else if ('extension' in outcome) sendMessage(exchange, format, extension.Response, outcome.extension);
    else if (outcome.response !== undefined) sendMessage(exchange, format, master.Response, outcome.response);
    else exchange.send({ status: outcome.status });
  }
}
