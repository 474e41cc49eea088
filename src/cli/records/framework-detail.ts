/** The JSON of one framework with all that is known of it (docs/schemas/framework-show.json). Pure. */
import { judgeFramework } from '../../views/model/health.js';
import type { FrameworkRow } from '../../views/model/rows.js';
import type { Framework, Response_Match } from '../../wire/gen/mesoctl-api.js';
import { type FrameworkRecord, frameworkRecord } from './framework-record.js';

export interface FrameworkDetailRecord extends FrameworkRecord {
  readonly capabilities: readonly string[];
  readonly labels: readonly { readonly key: string; readonly value: string | null }[];
  /** Its tasks go on while the agent is away. */
  readonly checkpoint: boolean;
}

export function frameworkRow(framework: Framework, oldestOfferAt: number | undefined): FrameworkRow {
  const usage = framework.usage ?? { framework_id: framework.framework_id };
  return {
    key: framework.framework_id.value,
    framework,
    usage,
    oldestOfferAt,
    ...judgeFramework(framework),
  };
}

export function frameworkDetailRecord(
  match: Response_Match & { readonly framework: Framework },
  oldestOfferAt: number | undefined,
): FrameworkDetailRecord {
  const info = match.framework_detail?.framework_info;
  return {
    ...frameworkRecord(frameworkRow(match.framework, oldestOfferAt)),
    capabilities: (info?.capabilities ?? []).flatMap(({ type }) => (type === undefined ? [] : [type])),
    labels: (info?.labels?.labels ?? []).map(({ key, value }) => ({ key, value: value ?? null })),
    checkpoint: info?.checkpoint ?? false,
  };
}
