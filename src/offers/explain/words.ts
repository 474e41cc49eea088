/** Reasons as sentences, and the one thing to do first about each, as somebody reads them who was just woken. Pure. */
import { fromMilli } from '../resources/resource-value.js';
import type { Resources } from '../resources/resources.js';
import type { Code, Detail, Holder, Question, Shortage, Standing } from './answer.js';

/** What a sentence is about. */
export interface Told {
  readonly detail: Detail;
  readonly agents: number;
  /** For a question about one agent. */
  readonly frameworks: number | undefined;
  /** It is about one agent, which is then called by its name. */
  readonly isSingle: boolean;
  /** Hostname of the agent that stands for the others, or its id. */
  readonly best: string;
  readonly nowUnixMs: number;
  /** Name of the framework, or the role, that is asked about. */
  readonly who: string;
  readonly frameworkId: string | undefined;
}

/** For lists of counts. */
export const SHORT_WORDS: Readonly<Partial<Record<Code, string>>> = {
  AVAILABLE: 'free',
  DRF_ORDER: 'free, others first',
  FILTERED: 'declined before',
  OFFERED: 'offered to others',
  IN_USE: 'in use',
  BELOW_MINIMUM: 'with next to nothing free',
  HEADROOM: 'kept for guarantees',
  QUOTA_LIMIT: 'beyond quota',
  MAINTENANCE: 'in maintenance',
  DRAINING: 'draining',
  DEACTIVATED: 'deactivated',
  INACTIVE: 'not active',
  WHITELIST: 'not on the whitelist',
  UNREACHABLE: 'unreachable',
  CONSTRAINT: 'excluded by constraints',
  RESERVED: 'reserved for others',
  OFFER_FRACTION: 'too small for one offer',
  OFFER_LIMIT: 'not for who holds enough offers',
  CAPABILITY: 'for other capabilities',
  REGION: 'in another region',
  TOO_SMALL: 'too small',
};

export function sentenceOf(told: Told): string {
  const { detail, who } = told;
  const agents = countedOf(told);
  const best = bestOf(told);
  const is = told.isSingle ? 'is' : 'are';
  switch (detail.code) {
    case 'NO_AGENTS':
      return 'no agent is registered';
    case 'PAUSED':
      return 'nothing is offered yet: after a change of leader the master waits for its agents to come back';
    case 'NOT_SUBSCRIBED':
      if (detail.state === undefined) return unsubscribedSentence(told);
      return `${untakenText(told)}${awayText(told)}`;
    case 'BACKPRESSURE':
      return `${untakenText(told)}${who} reads its events too slowly: no offers until it has caught up`;
    case 'OFFER_LIMIT':
      return `${untakenText(told)}${offerLimitText(told)}`;
    case 'SUPPRESSED':
      return `${untakenText(told)}${who} suppressed offers${detail.role === undefined || who === `role ${detail.role}` ? '' : ` for role ${detail.role}`}`;
    case 'UNREACHABLE':
      return `${agents} cannot be reached: ${best} ${AWAY[detail.state ?? ''] ?? 'is unreachable'}${forText(detail.sinceUnixMs, told)}`;
    case 'DEACTIVATED':
      return `${agents} ${is} deactivated by an operator${forText(detail.sinceUnixMs, told)}${named(told)}`;
    case 'DRAINING':
      return `${agents} ${detail.state === 'DRAINED' ? `${is} drained` : `${is} draining`}${forText(detail.sinceUnixMs, told)}${named(told)}`;
    case 'MAINTENANCE':
      return `${agents} ${is} down for maintenance${named(told)}${untilText(detail, told)}`;
    case 'INACTIVE':
      return `${agents} ${is} not active${named(told)}`;
    case 'WHITELIST':
      return `${agents} ${is} not on the whitelist of the master${named(told)}`;
    case 'CAPABILITY':
      return capabilitySentence(told, agents);
    case 'REGION':
      return `${agents} ${is} in another region: ${best} ${told.isSingle ? 'is ' : ''}in ${detail.region}, the master in ${detail.masterRegion}`;
    case 'CONSTRAINT':
      return `${agents} ${is} excluded by offer constraints: ${best} fails ${detail.constraint ?? 'all of them'}`;
    case 'TOO_SMALL':
      return `${agents} ${is} too small even when idle: ${nearest(told)} has ${shortText(detail.shortages)}`;
    case 'RESERVED':
      return `${agents} ${told.isSingle ? 'has' : 'have'} enough only with what is reserved: on ${best} ${holdersText(detail.holders, 'for role')}`;
    case 'OFFER_FRACTION':
      return `one offer holds at most ${percent(detail.fraction ?? 1)} of an agent: of ${told.isSingle ? told.best : `the nearest, ${told.best},`} that is ${shortText(detail.shortages)}`;
    case 'IN_USE':
      return `${agents} ${is} in use: ${nearest(told)} has ${shortText(detail.shortages)} free${usedText(detail.holders)}`;
    case 'OFFERED':
      return offeredSentence(told, agents, is);
    case 'QUOTA_LIMIT':
      return `the quota limit of role ${detail.role} leaves ${limitText(detail.shortages)}`;
    case 'HEADROOM':
      return `what is free is kept for guarantees not met yet: ${holdersText(detail.holders, 'for role')}; that leaves ${shortText(detail.shortages)}`;
    case 'BELOW_MINIMUM':
      return `${agents} ${told.isSingle ? 'has' : 'have'} less free than the smallest offer: ${best} has ${shortText(detail.shortages)}`;
    case 'FILTERED':
      return filteredSentence(told, agents);
    case 'DRF_ORDER':
      return orderSentence(told, agents, is);
    case 'AVAILABLE':
      return told.frameworks === undefined
        ? `${agents} ${is} free for it${named(told)}: the next allocation offers it`
        : `${agents} goes to ${who} with the next allocation`;
  }
}

const AWAY: Readonly<Record<string, string>> = {
  UNREACHABLE: 'has been silent, and UNREACHABLE',
  DISCONNECTED: 'has been DISCONNECTED',
  RECOVERED: 'has not come back since the last election,',
  REACTIVATED: 'was drained and has to register again',
};

/** What to do about it, a sentence; commands that can be pasted. */
export function firstStepOf(told: Told, question: Question): { readonly text: string; readonly commands: string[] } {
  const { detail, best, who } = told;
  const onAgent = [`mesoctl agent show ${best}`];
  switch (detail.code) {
    case 'NO_AGENTS':
      return step('Start an agent on a machine that can reach the masters.', 'mesoctl agent join HOST:5050');
    case 'PAUSED':
      return step('Wait: offers begin when enough agents are back. See which are missing.', 'mesoctl agent list');
    case 'NOT_SUBSCRIBED':
      if (told.frameworks !== undefined)
        return step('Nothing is wrong with it: no framework asks for offers now.', 'mesoctl framework list');
      return detail.state === undefined
        ? step('Start a framework, or give one the role.', 'mesoctl framework list')
        : absentStep(told);
    case 'BACKPRESSURE':
      return step(
        `Look after the scheduler of ${who}: it has to read its event stream.`,
        showFramework(told.frameworkId),
      );
    case 'OFFER_LIMIT':
      return step(
        `${subjectOf(who)} has to accept or decline an offer it holds; --max-offers-per-framework of the masters is the bound.`,
        'mesoctl offer list',
        showFramework(told.frameworkId),
      );
    case 'SUPPRESSED':
      return step(`${subjectOf(who)} has to send REVIVE; nobody else can.`, showFramework(told.frameworkId));
    case 'UNREACHABLE':
      return step(`Look at the agent process on ${best} and its way to the masters.`, ...onAgent);
    case 'DEACTIVATED':
    case 'DRAINING':
      return detail.code === 'DEACTIVATED' || detail.state === 'DRAINED'
        ? step(`Reactivate ${best} if that work is over (REACTIVATE_AGENT).`, ...onAgent)
        : step(
            `Wait until the tasks of ${best} have ended and their frameworks know: then it can be reactivated.`,
            `mesoctl task list --filter host==${best}`,
          );
    case 'MAINTENANCE':
      // No command shows it: the agent of a machine that is down is not known any more.
      return step(`Bring ${best} up when its maintenance is over (STOP_MAINTENANCE).`);
    case 'INACTIVE':
      return step(`Find out why ${best} is not active.`, ...onAgent);
    case 'WHITELIST':
      return step(`Add ${best} to the file of --whitelist; it is read again every 5 seconds.`);
    case 'CAPABILITY':
      return detail.lackedBy === 'agent'
        ? step(`Upgrade ${best}: it has to announce ${detail.capability}.`, ...onAgent)
        : step(`${subjectOf(who)} has to subscribe with the capability ${detail.capability}.`);
    case 'REGION':
      return step(`${subjectOf(who)} has to subscribe with the capability REGION_AWARE.`);
    case 'CONSTRAINT':
      return step('Loosen the offer constraints, or give an agent the attributes they ask for.', ...onAgent);
    case 'TOO_SMALL':
      return step(`Ask for no more than ${atMost(detail.shortages)}, or add a larger agent.`, 'mesoctl agent list');
    case 'RESERVED':
      return step(
        `Ask in role ${detail.holders?.[0]?.role ?? 'of the reservation'}, or unreserve it on ${best}.`,
        ...onAgent,
      );
    case 'OFFER_FRACTION':
      return step(
        `Ask for no more than ${atMost(detail.shortages)}, accept two offers of one agent together, or raise --max-offer-fraction of the masters.`,
        ...onAgent,
      );
    case 'IN_USE':
      return step(
        `Wait for tasks to end, or free ${lackText(detail.shortages)} on ${best}.`,
        `mesoctl task list --filter host==${best}`,
      );
    case 'OFFERED':
      return offeredStep(told);
    case 'QUOTA_LIMIT':
      return step(
        `Raise the limit of role ${detail.role} to ${raisedText(detail.shortages)}${orFree(detail.shortages)}.`,
        'mesoctl role list',
      );
    case 'HEADROOM':
      return step(
        `Add agents, or lower the guarantee of role ${detail.holders?.[0]?.role ?? 'that it is kept for'}.`,
        'mesoctl role list',
      );
    case 'BELOW_MINIMUM':
      return step(`Wait for tasks to end on ${best}, or lower --min-allocatable-resources.`, ...onAgent);
    case 'FILTERED':
      return step(`Wait${untilText(detail, told)}, or let the framework send REVIVE.`);
    case 'DRF_ORDER':
      return detail.isDrawn === true
        ? step('Wait: frameworks are drawn at random by weight.', 'mesoctl role list')
        : step('Wait for its turn; a greater weight of its role brings it forward.', 'mesoctl role list');
    case 'AVAILABLE':
      return question.frameworkId === undefined && !question.wanted.isEmpty
        ? step('Nothing: launch it.')
        : step('Nothing: an offer comes within the allocation interval.');
  }
}

function absentStep({ detail, who, frameworkId }: Told): { readonly text: string; readonly commands: string[] } {
  const command = showFramework(frameworkId);
  if (detail.state === 'DETACHED') return step('Nothing: it has the one task that it was made for.', command);
  if (detail.state === 'COMPLETED' || detail.state === 'REMOVING')
    return step('It was removed and never comes back: start its scheduler as a new framework.', command);
  return step(`Look after the scheduler of ${who}: it has to subscribe again.`, command);
}

/** By the end of its id: names may hold blanks. */
function showFramework(frameworkId: string | undefined): string {
  return frameworkId === undefined ? 'mesoctl framework list' : `mesoctl framework show ${shortId(frameworkId)}`;
}

function step(text: string, ...commands: string[]): { readonly text: string; readonly commands: string[] } {
  return { text, commands };
}

/** What the sentence begins with: so many agents, or the one that is asked about. */
function countedOf({ agents, isSingle, best }: Told): string {
  return isSingle ? best : countOf(agents, 'agent');
}

/** The agent that the numbers are of; where it is the only one, it was named. */
function bestOf({ isSingle, best }: Told): string {
  return isSingle ? 'it' : best;
}

export function countOf(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

function nearest(told: Told): string {
  return told.isSingle ? bestOf(told) : `the nearest, ${told.best},`;
}

/** Where one agent is asked about, its name was said. */
function named({ isSingle, best }: Told): string {
  return isSingle ? '' : `, such as ${best}`;
}

/** Of an agent that could be offered, if only somebody took part. */
function untakenText({ frameworks, best }: Told): string {
  return frameworks === undefined ? '' : `${best} has something free, but `;
}

function awayText(told: Told): string {
  const { detail, who } = told;
  if (detail.state === 'DETACHED') return `${who} was left behind by task launch --detach and wants no offers`;
  return `${who} is ${detail.state}${forText(detail.sinceUnixMs, told)}: its scheduler is not connected`;
}

function unsubscribedSentence(told: Told): string {
  const { detail, who, frameworks } = told;
  const role = detail.role === undefined ? 'any role' : `role ${detail.role}`;
  if (frameworks !== undefined) return `${untakenText(told)}no framework is subscribed to ${role}`;
  return isFramework(who) ? `${who} is not subscribed to ${role}` : `no framework is subscribed to ${role}`;
}

function isFramework(who: string): boolean {
  return who !== 'the framework' && !who.startsWith('role ');
}

function capabilitySentence(told: Told, agents: string): string {
  const { detail, who } = told;
  const { capability, lackedBy } = detail;
  const isMany = !told.isSingle;
  if (lackedBy === 'agent') return `${agents} ${isMany ? 'lack' : 'lacks'} the capability ${capability}${named(told)}`;
  return `${agents} ${isMany ? 'are' : 'is'} for frameworks with ${capability}, which ${who} does not have${named(told)}`;
}

function offeredSentence(told: Told, agents: string, is: string): string {
  const { detail, best, isSingle } = told;
  const [holder] = detail.holders ?? [];
  const since = `${offerText(holder)}${forText(holder?.sinceUnixMs, told)}${takenBackText(holder, told)}`;
  if (detail.isOwn === true)
    return `${agents} ${is} offered to ${told.who} already${isSingle ? '' : `: ${best}`}${since}`;
  const to = holder === undefined ? 'others' : `${holderName(holder)} in role ${holder.role}`;
  return isSingle
    ? `${agents} is offered to ${to}${since}`
    : `${agents} ${is} offered to others: ${best} to ${to}${since}`;
}

function offeredStep(told: Told): { readonly text: string; readonly commands: string[] } {
  const { detail, best } = told;
  const [holder] = detail.holders ?? [];
  const command = `mesoctl offer list --filter host==${best}`;
  if (detail.isOwn === true)
    return step(`${subjectOf(told.who)} has to accept or decline the offer it holds.`, command);
  const name = holder === undefined ? 'the holder' : holderName(holder);
  if (holder?.untilUnixMs !== undefined)
    return step(`Wait: ${name} accepts or declines, or --offer-timeout takes it back.`, command);
  if (holder?.heldUntilUnixMs !== undefined)
    return step(`Wait: --rescind-held-offers-after takes it back for who has no offer and could have it.`, command);
  return step(
    `Wait until ${name} accepts or declines; --offer-timeout or --rescind-held-offers-after of the masters bound that.`,
    command,
  );
}

function takenBackText(holder: Holder | undefined, { nowUnixMs }: Told): string {
  if (holder?.untilUnixMs !== undefined) return `, taken back in ${duration(holder.untilUnixMs - nowUnixMs)}`;
  if (holder?.heldUntilUnixMs === undefined) return '';
  return `, taken back in ${duration(holder.heldUntilUnixMs - nowUnixMs)} if somebody waits for it`;
}

/** `f holds 3 offers, as many as it may, the oldest for 12s` */
function offerLimitText(told: Told): string {
  const { outstanding = 0, sinceUnixMs } = told.detail;
  const since =
    sinceUnixMs === undefined ? '' : `,${outstanding === 1 ? '' : ' the oldest'}${forText(sinceUnixMs, told)}`;
  return `${told.who} holds ${countOf(outstanding, 'offer')}, as many as it may${since}`;
}

function filteredSentence(told: Told, agents: string): string {
  const { detail, best } = told;
  const which = detail.offerId === undefined ? '' : ` with offer ${shortId(detail.offerId)}`;
  const ago = detail.sinceUnixMs === undefined ? '' : ` ${duration(told.nowUnixMs - detail.sinceUnixMs)} ago`;
  const where = told.frameworks === undefined ? `${best} was declined` : `${told.who} declined ${best}`;
  const subject = told.isSingle ? '' : `${agents} were declined before: `;
  return `${subject}${where}${which}${ago}, and is not offered again${untilText(detail, told)}`;
}

function orderSentence(told: Told, agents: string, is: string): string {
  const { ahead = [], own, isDrawn } = told.detail;
  const [first] = ahead;
  if (first === undefined) return `${agents} ${is} free and others come first`;
  const more = ahead.length > 1 ? ` and ${ahead.length - 1} more` : '';
  if (isDrawn === true) return `${agents} ${is} free, and ${standingName(first)}${more} may be drawn before`;
  const numbers = `${standingText(first)}${more}, before ${own === undefined ? told.who : standingText(own)}`;
  return `${agents} ${is} free and ${is === 'is' ? 'goes' : 'go'} to others first: ${numbers}`;
}

function standingText(standing: Standing): string {
  return `${standingName(standing)} with share ${percent(standing.share)} at weight ${standing.weight}`;
}

function standingName({ role, frameworkId, frameworkName }: Standing): string {
  const framework = frameworkName ?? shortId(frameworkId);
  return role === undefined ? framework : `role ${role}${framework === '' ? '' : ` (${framework})`}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** `cpus 2 of 4 wanted, mem 512M of 8192M wanted` */
export function shortText(shortages: readonly Shortage[] | undefined): string {
  if (shortages === undefined || shortages.length === 0) return 'nothing';
  return shortages
    .map(({ name, has, wanted }) => `${amount(name, has)} of the ${value(name, wanted)} wanted`)
    .join(', ');
}

function lackText(shortages: readonly Shortage[] | undefined): string {
  if (shortages === undefined || shortages.length === 0) return 'something';
  return shortages.map(({ name, lacks }) => amount(name, lacks)).join(', ');
}

function atMost(shortages: readonly Shortage[] | undefined): string {
  if (shortages === undefined || shortages.length === 0) return 'there is';
  return shortages.map(({ name, has }) => amount(name, has)).join(', ');
}

function limitText(shortages: readonly Shortage[] | undefined): string {
  if (shortages === undefined || shortages.length === 0) return 'too little for an offer';
  return shortages
    .map(({ name, has, wanted, limit, consumed }) => {
      const of = limit === undefined ? '' : ` (${value(name, consumed ?? 0)} of ${value(name, limit)} consumed)`;
      return `${amount(name, has)} of the ${value(name, wanted)} wanted${of}`;
    })
    .join(', ');
}

/** More may be consumed than a limit allows that was set since. */
/** Freeing does not help a wish that is beyond the limit as such. */
function orFree(shortages: readonly Shortage[] = []): string {
  const isBeyond = shortages.some(({ limit, wanted }) => limit !== undefined && limit < wanted);
  return isBeyond ? '' : ', or free what it uses and is offered';
}

function raisedText(shortages: readonly Shortage[] | undefined): string {
  const limited = (shortages ?? []).filter(({ limit }) => limit !== undefined);
  if (limited.length === 0) return 'more';
  return limited
    .map(({ name, limit = 0, consumed = 0, lacks }) =>
      amount(name, Number((Math.max(limit, consumed) + lacks).toFixed(3))),
    )
    .join(', ');
}

function holdersText(holders: readonly Holder[] | undefined, word: string): string {
  if (holders === undefined || holders.length === 0) return 'others';
  return holders.map(({ role, resources }) => `${amountsText(resources)} ${word} ${role}`).join(', ');
}

function usedText(holders: readonly Holder[] | undefined): string {
  const [first] = holders ?? [];
  if (first === undefined) return '';
  const more = (holders?.length ?? 0) > 1 ? `, ${(holders?.length ?? 1) - 1} more share the rest` : '';
  return `; ${holderName(first)} uses ${amountsText(first.resources)}${more}`;
}

function holderName({ frameworkName, frameworkId, role }: Holder): string {
  return frameworkName ?? (frameworkId === undefined ? `role ${role}` : shortId(frameworkId));
}

function offerText(holder: Holder | undefined): string {
  return holder?.offerId === undefined ? '' : `, offer ${shortId(holder.offerId)}`;
}

function forText(sinceUnixMs: number | undefined, { nowUnixMs }: Told): string {
  return sinceUnixMs === undefined ? '' : ` for ${duration(nowUnixMs - sinceUnixMs)}`;
}

function untilText({ untilUnixMs }: Detail, { nowUnixMs }: Told): string {
  return untilUnixMs === undefined ? '' : ` for ${duration(untilUnixMs - nowUnixMs)}`;
}

/** Scalars by name, ranges and sets by how many: `cpus 2, mem 512M, ports 3`. */
export function amountsText(resources: Resources): string {
  const parts = [...resources.names()].map((name) => amount(name, fromMilli(resources.quantityMilli(name))));
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

function amount(name: string, number: number): string {
  return `${name} ${value(name, number)}`;
}

function value(name: string, number: number): string {
  return `${Number(number.toFixed(3))}${name === 'mem' || name === 'disk' ? 'M' : ''}`;
}

/** `0.4s`, `12s`, `3m`, `1h20m`, `6d` */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${Number(seconds.toFixed(1))}s`;
  if (seconds < 120) return `${Math.round(seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d`;
}

/** What tells apart the ids that one master gives out: their end. */
export function shortId(id: string): string {
  return id.length > 37 && id.charAt(36) === '-' ? id.slice(37) : id;
}

/** Names are never written with a capital that they do not have. */
export function opened(text: string, { who, best }: Told): string {
  return text.startsWith(best) || (isFramework(who) && text.startsWith(who)) ? text : capital(text);
}

function subjectOf(who: string): string {
  if (who === 'the framework') return 'The framework';
  return isFramework(who) ? `Framework ${who}` : `A framework of ${who}`;
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
