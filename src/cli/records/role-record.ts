/** The JSON of a role (docs/schemas/role-list.json). Pure. */
import type { RoleRow } from '../../views/model/rows.js';
import { type AmountsRecord, amountsOrNull, amountsRecord } from './parts.js';

export interface RoleRecord {
  readonly name: string;
  readonly weight: number;
  readonly frameworks: number;
  /** These three of the role and everything below it. */
  readonly allocated: AmountsRecord;
  readonly offered: AmountsRecord;
  readonly reserved: AmountsRecord;
  /** 0 to 1. */
  readonly dominant_share: number;
  /** 0 to 1: its part by weight; null: it wants nothing. */
  readonly fair_share: number | null;
  /** Quota; null: none. */
  readonly guarantee: AmountsRecord | null;
  readonly limit: AmountsRecord | null;
  readonly severity: string;
  readonly note: string;
}

export function roleRecord({ role, severity, note }: RoleRow): RoleRecord {
  return {
    name: role.name,
    weight: role.weight ?? 1,
    frameworks: role.frameworks ?? 0,
    allocated: amountsRecord(role.allocated),
    offered: amountsRecord(role.offered),
    reserved: amountsRecord(role.reserved),
    dominant_share: role.dominant_share ?? 0,
    fair_share: role.fair_share ?? null,
    guarantee: amountsOrNull(role.guarantee),
    limit: amountsOrNull(role.limit),
    severity,
    note,
  };
}
