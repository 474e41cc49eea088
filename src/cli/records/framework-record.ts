/** The JSON of a framework (docs/schemas/framework-list.json). Pure. */
import type { FrameworkRow } from '../../views/model/rows.js';
import { type AmountsRecord, amountsRecord, countRecord, timeRecord } from './parts.js';

export interface FrameworkRecord {
  readonly id: string;
  readonly name: string | null;
  readonly state: string;
  readonly since: string | null;
  readonly user: string | null;
  readonly roles: readonly string[];
  readonly suppressed_roles: readonly string[];
  readonly principal: string | null;
  readonly hostname: string | null;
  readonly webui_url: string | null;
  readonly registered_at: string | null;
  readonly failover_timeout_seconds: number;
  /** When it is removed with its tasks, if it stays disconnected. */
  readonly failover_deadline: string | null;
  readonly back_pressured: boolean;
  /** Live ones. */
  readonly tasks: number;
  /** It holds. */
  readonly offers: number;
  readonly oldest_offer_at: string | null;
  readonly allocated: AmountsRecord;
  readonly offered: AmountsRecord;
  /** 0 to 1. */
  readonly dominant_share: number;
  /** These four since it registered with this master. */
  readonly offers_sent: number;
  readonly offers_accepted: number;
  readonly offers_declined: number;
  readonly tasks_failed: number;
  readonly severity: string;
  readonly note: string;
}

export function frameworkRecord({ framework, usage, oldestOfferAt, severity, note }: FrameworkRow): FrameworkRecord {
  return {
    id: framework.framework_id.value,
    name: framework.name ?? null,
    state: framework.state,
    since: timeRecord(framework.since),
    user: framework.user ?? null,
    roles: framework.roles ?? [],
    suppressed_roles: framework.suppressed_roles ?? [],
    principal: framework.principal ?? null,
    hostname: framework.hostname ?? null,
    webui_url: framework.webui_url ?? null,
    registered_at: timeRecord(framework.registered_at),
    failover_timeout_seconds: framework.failover_timeout_seconds ?? 0,
    failover_deadline: timeRecord(framework.failover_deadline),
    back_pressured: framework.back_pressured ?? false,
    tasks: usage.tasks ?? 0,
    offers: usage.offers ?? 0,
    oldest_offer_at: timeRecord(oldestOfferAt),
    allocated: amountsRecord(usage.allocated),
    offered: amountsRecord(usage.offered),
    dominant_share: usage.dominant_share ?? 0,
    offers_sent: countRecord(usage.offers_sent),
    offers_accepted: countRecord(usage.offers_accepted),
    offers_declined: countRecord(usage.offers_declined),
    tasks_failed: countRecord(usage.tasks_failed),
    severity,
    note,
  };
}
