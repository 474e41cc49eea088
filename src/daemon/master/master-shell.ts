/**
 * The master between its terms: holds the term of the moment, begins a new one when leadership ends, and is what the HTTP
 * handlers see of all that. Decides nothing; the registry says who leads.
 *
 * Invariants: there is always exactly one open term until `close`; a term that has led is closed before the next begins, so
 * that every stream of a deposed leader is cut.
 */
import type { MasterInfo } from '../../wire/gen/mesos.js';
import type { MasterEvent } from './core/protocol.js';
import type { LeaderState, MasterSite } from './http/site.js';
import type { MasterTerm } from './master-term.js';
import type { RegistryLeadership } from './registry/registry.js';

export interface MasterShellOptions {
  /** A term that nobody has been elected for yet; its ids are new. */
  createTerm(shell: MasterShell): MasterTerm;
  readonly site: Omit<
    MasterSite,
    'leader' | 'leaderInfo' | 'post' | 'view' | 'explainInSlices' | 'nextConnectionId' | 'masterInfo' | 'pending'
  >;
  /** What a new leader's core must know besides the registry. */
  electionEvents(): readonly MasterEvent[];
  onLeadership(leadership: RegistryLeadership): void;
}

export class MasterShell {
  readonly #options: MasterShellOptions;
  readonly site: MasterSite;
  #term: MasterTerm;
  #leadership: RegistryLeadership = { kind: 'none' };
  #lastConnectionId = 0;

  constructor(options: MasterShellOptions) {
    this.#options = options;
    this.#term = options.createTerm(this);
    const current = () => this.#term;
    this.site = {
      ...options.site,
      get masterInfo(): MasterInfo {
        return current().masterInfo;
      },
      get pending() {
        return current().pending;
      },
      leader: () => this.#term.leader(),
      leaderInfo: () => this.#leaderInfo(),
      post: (event) => this.#term.loop.post(event),
      view: () => this.#term.core.view,
      explainInSlices: (question, now, facts) => this.#term.allocator.explainInSlices(question, now, facts),
      nextConnectionId: () => this.nextConnectionId(),
    };
  }

  get term(): MasterTerm {
    return this.#term;
  }

  nextConnectionId(): number {
    this.#lastConnectionId += 1;
    return this.#lastConnectionId;
  }

  /** Who leads when this master does not. */
  leaderElsewhere(): LeaderState {
    const leadership = this.#leadership;
    switch (leadership.kind) {
      case 'following': {
        const { hostname = '', port, address } = leadership.leader;
        return { kind: 'following', leader: { hostname: address?.hostname ?? hostname, port: address?.port ?? port } };
      }
      case 'recovering':
        return { kind: 'recovering' };
      default:
        return { kind: 'no-leader' };
    }
  }

  #leaderInfo(): MasterInfo | undefined {
    if (this.#term.leader().kind === 'leading') return this.#term.masterInfo;
    return this.#leadership.kind === 'following' ? this.#leadership.leader : undefined;
  }

  onLeadership(leadership: RegistryLeadership): void {
    const wasLeading = this.#leadership.kind === 'leading';
    this.#leadership = leadership;
    if (wasLeading) {
      this.#term.close('This master leads no more: ask again, the new leader answers');
      this.#term = this.#options.createTerm(this);
    }
    if (leadership.kind === 'leading') {
      const { term, clusterId, registry } = leadership;
      this.#term.elect(clusterId, [{ kind: 'elected', term, registry }, ...this.#options.electionEvents()]);
    }
    this.#announce(leadership);
    this.#options.onLeadership(leadership);
  }

  /** Agents that lost their leader hear of the next one from whichever master they are connected with. */
  #announce(leadership: RegistryLeadership): void {
    if (leadership.kind !== 'leading' && leadership.kind !== 'following') return;
    const { address, hostname, port } = leadership.kind === 'leading' ? this.#term.masterInfo : leadership.leader;
    this.#term.links.announceLeader({ term: leadership.term, address: address ?? { hostname, port } });
  }

  close(): void {
    this.#term.close('The master is shutting down');
  }
}
