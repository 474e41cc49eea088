/** What the master's HTTP handlers need of the rest of the master. One object, made in main.ts. */
import type { Clock } from '../../../base/clock.js';
import type { Allocator } from '../../../offers/allocator/allocator.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { MasterConfig } from '../../config/master-config.js';
import type { Exchange } from '../../http/exchange.js';
import type { ConnectionId, MasterEvent } from '../core/protocol.js';
import type { MasterView } from '../core/view.js';
import type { PendingExchanges } from '../pending-exchanges.js';
import type { Registry } from '../registry/registry.js';

/** Who leads, as this master sees it. */
export type LeaderState =
  | { readonly kind: 'leading'; readonly term: number; readonly clusterId: string }
  /** Elected, but the registry is not read yet. */
  | { readonly kind: 'recovering' }
  | { readonly kind: 'following'; readonly leader: { readonly hostname: string; readonly port: number } }
  | { readonly kind: 'no-leader' };

export interface MasterSite {
  readonly config: MasterConfig;
  readonly clock: Clock;
  /** In the term that this master leads, or would lead next. */
  readonly masterInfo: mesos.MasterInfo;
  readonly registry: Omit<Registry, 'propose' | 'close'>;
  readonly productVersion: string;
  readonly pending: PendingExchanges;
  leader(): LeaderState;
  /** Of whoever leads and can be reached: this master once it has recovered, or another one. */
  leaderInfo(): mesos.MasterInfo | undefined;
  /** To the core, with the rest of this turn. */
  post(event: MasterEvent): void;
  /** What the core knows; only to be read synchronously. */
  view(): MasterView;
  /** Read-only questions to the allocator of this term; the core owns it. */
  readonly explainInSlices: Allocator['explainInSlices'];
  nextConnectionId(): ConnectionId;
  /** Everything of `/metrics/snapshot`. */
  metrics(): ReadonlyMap<string, number>;
  /** A scheduler call was refused before the core saw it. */
  onInvalidSchedulerCall(): void;
}

export type MasterHandler = (site: MasterSite, exchange: Exchange) => void | Promise<void>;
