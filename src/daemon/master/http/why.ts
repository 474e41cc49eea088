/**
 * WHY of the extension API: the question as the allocator understands it, its answer as the wire carries it. What the question names must
 * exist: an unknown framework or agent is 404, never "no offers". Source: mesoctl/api.proto, `Why`.
 *
 * On a large cluster an answer takes a tenth of a second, so it is made in slices of SLICE_MS with a turn of the event loop between them,
 * one answer after the other: however many ask, the core gets its turns. The line is bounded, and so is the time in it.
 */
import type { Clock, Instant } from '../../../base/clock.js';
import { isRejection, type Rejection, reject } from '../../../base/rejection.js';
import type {
  Answer,
  Explanation,
  Finding,
  Holder,
  Question,
  Reason,
  Standing,
} from '../../../offers/explain/answer.js';
import { Resources } from '../../../offers/resources/resources.js';
import { validateResources } from '../../../offers/resources/validation.js';
import type * as api from '../../../wire/gen/mesoctl-api.js';
import { clusterFactsOf } from '../core/cluster-facts.js';
import type { MasterView } from '../core/view.js';
import type { MasterSite } from './site.js';

export type WhySite = Pick<MasterSite, 'clock' | 'leader' | 'view' | 'explainInSlices'>;

const SLICE_MS = 4;
/** A piece of work takes some microseconds; a look at the clock, a tenth of one. */
const PIECES_PER_LOOK = 32;
/** From the call to the answer. */
const DEADLINE_MS = 10_000;
/** The one that is worked on included; a person or a view has one or two on their way. */
const MAX_QUESTIONS = 32;

const BUSY = reject('unavailable', `${MAX_QUESTIONS} questions wait for their answers: try again later`);
const LATE = reject('unavailable', `The master is too busy to answer within ${DEADLINE_MS / 1000} s: try again later`);
const DEPOSED = reject('unavailable', 'The leader changed meanwhile: ask again');

/** Answers calls that passed validation (wire/validation/extension-call); `isGone`: nobody waits for the answer any more. */
export type WhyDesk = (
  site: WhySite,
  call: api.Call_Why,
  isGone: () => boolean,
) => Promise<api.Response_Why | Rejection>;

/** For one master. */
export function createWhyDesk(): WhyDesk {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async (site, call, isGone) => {
    if (waiting >= MAX_QUESTIONS) return BUSY;
    waiting++;
    const untilMs = site.clock.now().monotonicMs + DEADLINE_MS;
    const answer = last.then(() => answerWhy(site, call, () => stopOf(site, untilMs, isGone)));
    last = answer.catch(() => undefined).finally(() => waiting--);
    return await answer;
  };
}

function stopOf(site: WhySite, untilMs: number, isGone: () => boolean): Rejection | undefined {
  if (isGone() || site.leader().kind !== 'leading') return DEPOSED;
  return site.clock.now().monotonicMs > untilMs ? LATE : undefined;
}

async function answerWhy(
  site: WhySite,
  call: api.Call_Why,
  findStop: () => Rejection | undefined,
): Promise<api.Response_Why | Rejection> {
  const view = site.view();
  const first = findStop() ?? questionOf(view, call);
  if (isRejection(first)) return first;
  const work = site.explainInSlices(first, site.clock.now(), clusterFactsOf(view));
  for (let resumedAt: Instant | undefined; ; resumedAt = site.clock.now()) {
    const answer = runSlice(site.clock, work, resumedAt);
    if (answer !== undefined) return describeAnswer(answer);
    await new Promise((resolve) => setImmediate(resolve));
    if (site.view() !== view) return DEPOSED;
    // What is asked about may be gone by now.
    const stop = findStop() ?? questionOf(view, call);
    if (isRejection(stop)) return stop;
  }
}

function runSlice(clock: Clock, work: Explanation, resumedAt: Instant | undefined): Answer | undefined {
  const endMs = clock.now().monotonicMs + SLICE_MS;
  let next = work.next(resumedAt);
  for (let pieces = 1; next.done !== true; pieces++) {
    if (pieces % PIECES_PER_LOOK === 0 && clock.now().monotonicMs >= endMs) return undefined;
    next = work.next(undefined);
  }
  return next.value;
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
