/** The JSON of an offer (docs/schemas/offer-list.json). Pure. */
import type { OfferRow } from '../../views/model/rows.js';
import { type AmountsRecord, amountsRecord, timeRecord } from './parts.js';

export interface OfferRecord {
  readonly id: string;
  readonly framework_id: string;
  readonly framework_name: string;
  readonly agent_id: string;
  readonly hostname: string | null;
  readonly role: string;
  readonly resources: AmountsRecord;
  /** Of these. */
  readonly reserved: AmountsRecord;
  readonly revocable: AmountsRecord;
  /** How many. */
  readonly ports: number;
  readonly made_at: string | null;
  /** When the master takes it back; null: never. */
  readonly expires_at: string | null;
  /** When maintenance of the agent begins. */
  readonly unavailable_at: string | null;
  readonly severity: string;
  readonly note: string;
}

export function offerRecord({ offer, frameworkName, hostname, severity, note }: OfferRow): OfferRecord {
  return {
    id: offer.offer_id.value,
    framework_id: offer.framework_id.value,
    framework_name: frameworkName,
    agent_id: offer.agent_id.value,
    hostname: hostname === '' ? null : hostname,
    role: offer.role,
    resources: amountsRecord(offer.resources),
    reserved: amountsRecord(offer.reserved),
    revocable: amountsRecord(offer.revocable),
    ports: offer.ports ?? 0,
    made_at: timeRecord(offer.made_at),
    expires_at: timeRecord(offer.expires_at),
    unavailable_at: timeRecord(offer.unavailable_at),
    severity,
    note,
  };
}
