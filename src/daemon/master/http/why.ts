/**
 * WHY of the extension API: the question as the allocator understands it, its answer as the wire carries it. What the question names must
 * exist: an unknown framework or agent is 404, never "no offers". Source: mesoctl/api.proto, `Why`.
 */
import { isRejection, type Rejection, reject } from '../../../base/rejection.js';
import type { Answer, Finding, Holder, Question, Reason, Standing } from '../../../offers/explain/answer.js';
import { Resources } from '../../../offers/resources/resources.js';
import { validateResources } from '../../../offers/resources/validation.js';
import type * as api from '../../../wire/gen/mesoctl-api.js';
import { clusterFactsOf } from '../core/cluster-facts.js';
import type { MasterView } from '../core/view.js';
import type { MasterSite } from './site.js';

/** `call` passed validation (wire/validation/extension-call). */
export function answerWhy(site: MasterSite, call: api.Call_Why): api.Response_Why | Rejection {
  const question = questionOf(site.view(), call);
  if (isRejection(question)) return question;
  return describeAnswer(site.explain(question, site.clock.now(), clusterFactsOf(site.view())));
}

function questionOf(view: MasterView, call: api.Call_Why): Question | Rejection {
  const wire = call.resources ?? [];
  const frameworkId = call.framework_id?.value;
  const agentId = call.agent_id?.value;
  const wanted = validateResources(wire) ?? Resources.of(wire);
  if (isRejection(wanted)) return wanted;
  if (frameworkId !== undefined && !view.frameworks.has(frameworkId) && !view.completedFrameworks.has(frameworkId))
    return reject('not-found', `no framework ${frameworkId}`);
  if (agentId !== undefined && !isKnownAgent(view, agentId)) return reject('not-found', `no agent ${agentId}`);
  return {
    frameworkId,
    agentId,
    role: call.role,
    wanted,
    constraints: call.constraints,
    hasLimits: Object.keys(call.limits ?? {}).length > 0,
    listed: call.max_findings,
  };
}

function isKnownAgent({ agents, recoveredAgents, unreachableAgents }: MasterView, agentId: string): boolean {
  return agents.has(agentId) || recoveredAgents.has(agentId) || unreachableAgents.has(agentId);
}

function describeAnswer(answer: Answer): api.Response_Why {
  return {
    summary: answer.summary,
    reasons: answer.reasons.map(describeReason),
    first_step: answer.firstStep,
    commands: [...answer.commands],
    agents: answer.agents,
    available: answer.available,
    findings: answer.findings.map(describeFinding),
  };
}

function describeReason(reason: Reason): api.Response_Reason {
  return {
    code: reason.code,
    message: reason.message,
    agents: reason.agents,
    best_agent_id: idOf(reason.bestAgentId),
    best_hostname: reason.bestHostname,
    best_available: reason.bestAvailable?.toWire(),
    behind: [...reason.behind],
    frameworks: reason.frameworks,
    shortages: reason.shortages?.map((shortage) => ({ ...shortage })),
    holders: reason.holders?.map(describeHolder),
    role: reason.role,
    since: seconds(reason.sinceUnixMs),
    until: seconds(reason.untilUnixMs),
    offer_id: idOf(reason.offerId),
    constraint: reason.constraint,
    capability: reason.capability,
    lacked_by: reason.lackedBy,
    state: reason.state,
    region: reason.region,
    master_region: reason.masterRegion,
    ahead: reason.ahead?.map(describeStanding),
    own: reason.own === undefined ? undefined : describeStanding(reason.own),
    own_offer: reason.isOwn,
    drawn: reason.isDrawn,
    outstanding: reason.outstanding,
    max_offers: reason.maxOffers,
    fraction: reason.fraction,
  };
}

function describeHolder(holder: Holder) {
  return {
    framework_id: idOf(holder.frameworkId),
    framework_name: holder.frameworkName,
    role: holder.role,
    resources: holder.resources.toWire(),
    offer_id: idOf(holder.offerId),
    since: seconds(holder.sinceUnixMs),
    until: seconds(holder.untilUnixMs),
    held_until: seconds(holder.heldUntilUnixMs),
  } satisfies api.Response_Holder;
}

function describeStanding({ role, frameworkId, frameworkName, share, weight }: Standing): api.Response_Standing {
  return { role, framework_id: { value: frameworkId }, framework_name: frameworkName, share, weight };
}

function describeFinding(finding: Finding): api.Response_Finding {
  return {
    agent_id: { value: finding.agentId },
    hostname: finding.hostname,
    framework_id: idOf(finding.frameworkId),
    framework_name: finding.frameworkName,
    role: finding.role,
    code: finding.code,
    message: finding.message,
    behind: [...finding.behind],
  };
}

function idOf(value: string | undefined): { value: string } | undefined {
  return value === undefined ? undefined : { value };
}

function seconds(unixMs: number | undefined): number | undefined {
  return unixMs === undefined ? undefined : unixMs / 1000;
}
