/**
 * Why something is not offered, with numbers: for a framework, a role, an agent or a wanted task. Looks at the same facts in the same
 * order as the allocation run and changes nothing: no draw of randomness, no order of a sorter moved.
 *
 * Each agent counts under the first thing that stands in its way. The reasons are in the order of how near their agents are to
 * an offer, so the first one is where to begin.
 *
 * On a large cluster it takes long, so it may be cut into slices. The books change between them, and no moment is kept: counts are of
 * the time the survey took, but all that is named (the reasons' best agents, the findings, shares, amounts) is looked at again
 * in the last slice and true of that moment. See Survey.renewed.
 */

import { present } from '../../base/assert.js';
import type { Instant } from '../../base/clock.js';
import type { Client } from '../allocator/allocator-state.js';
import { compileGroups } from '../allocator/offer-constraints.js';
import type { Answer, Detail, Explanation, Finding, Question, Reason } from './answer.js';
import type { ExplainContext, Inquiry } from './context.js';
import { visibleIn } from './obstacles.js';
import { CLIENT_CODES, type Look, Survey } from './survey.js';
import { amountsText, countOf, firstStepOf, opened, SHORT_WORDS, sentenceOf, type Told } from './words.js';

const MAX_ASIDE = 5;

export function explain(context: ExplainContext, question: Question): Answer {
  const inquiry = inquiryOf(context, question);
  return new Report(inquiry, new Survey(inquiry).visitAll()).answer();
}

/** `contextAt`: of the books as they are when it is called. */
export function* explainInSlices(
  contextAt: (now: Instant) => ExplainContext,
  question: Question,
  now: Instant,
): Explanation {
  const inquiry = inquiryOf(contextAt(now), question);
  const survey = new Survey(inquiry);
  let resumedAt: Instant | undefined;
  for (const _ of survey.visit()) resumedAt = (yield) ?? resumedAt;
  if (resumedAt === undefined) return new Report(inquiry, survey).answer();
  const renewed = { ...inquiry, ...contextAt(resumedAt) };
  return new Report(renewed, survey.renewed(renewed)).answer();
}

function inquiryOf(context: ExplainContext, question: Question): Inquiry {
  const constraints = question.constraints === undefined ? undefined : compileGroups(question.constraints);
  return { ...context, question, constraints };
}

interface Explained {
  readonly reason: Reason;
  readonly told: Told;
}

class Report {
  readonly #inquiry: Inquiry;
  readonly #survey: Survey;

  /** Of a survey that looked at everybody. */
  constructor(inquiry: Inquiry, survey: Survey) {
    this.#inquiry = inquiry;
    this.#survey = survey;
  }

  answer(): Answer {
    const { question } = this.#inquiry;
    const { looks, byFramework } = this.#survey;
    const explained = this.#reasons();
    const first = present(explained[0], 'every agent counts under some reason, and no agent is one');
    const step = firstStepOf(first.told, question);
    const [next] = first.reason.behind;
    const isFree = ({ codes }: Look) => codes[0] === 'AVAILABLE' || codes[0] === 'DRF_ORDER';
    const available = looks.filter(isFree).length;
    return {
      summary: this.#summaryOf(first, explained.slice(1)),
      firstStep: next === undefined ? step.text : `${step.text} Behind that: ${next}.`,
      commands: step.commands,
      reasons: explained.map(({ reason }) => reason),
      findings: this.#survey.nearest().map((look) => this.#findingOf(look)),
      agents: byFramework ? Math.min(1, looks.length) : looks.length,
      available: byFramework ? Math.min(1, available) : available,
    };
  }

  #reasons(): readonly Explained[] {
    const groups = this.#survey.groups();
    const general = this.#generalDetails().map((detail) => {
      const group = groups.get(detail.code) ?? [];
      groups.delete(detail.code);
      return this.#reasonOf(detail, group, group.length === 0 ? undefined : this.#survey.bestOf(group));
    });
    const particular = Array.from(groups, ([code, group]) => {
      const best = this.#survey.bestOf(group);
      return { best, ...this.#reasonOf(this.#survey.detailOf(code, best), group, best) };
    });
    particular.sort((a, b) => a.best.distance - b.best.distance || b.reason.agents - a.reason.agents);
    return [...general, ...particular, ...this.#asideDetails().map((detail) => this.#reasonOf(detail, [], undefined))];
  }

  /** What holds whatever the agents are: most important first. */
  #generalDetails(): readonly Detail[] {
    const { question, isPaused } = this.#inquiry;
    const { looks, clients, byFramework } = this.#survey;
    const details: Detail[] = [];
    if (clients.length === 0 && !byFramework) details.push(this.#noClients());
    if (clients.length > 0 && !clients.some((client) => this.#survey.isOpen(client)) && !byFramework)
      for (const code of CLIENT_CODES) {
        const client = clients.find((candidate) => this.#survey.clientObstacle(candidate) === code);
        if (client !== undefined) details.push(this.#survey.clientDetail(code, client));
      }
    if (isPaused) details.push({ code: 'PAUSED' });
    if (looks.length === 0 && question.agentId === undefined) details.push({ code: 'NO_AGENTS' });
    return details;
  }

  /** Roles of the framework that take no part, while others do. */
  #asideDetails(): readonly Detail[] {
    const { clients } = this.#survey;
    if (this.#inquiry.question.frameworkId === undefined || !clients.some((client) => this.#survey.isOpen(client)))
      return [];
    return clients
      .flatMap((client) => {
        const code = this.#survey.clientObstacle(client);
        return code === undefined ? [] : [this.#survey.clientDetail(code, client)];
      })
      .slice(0, MAX_ASIDE);
  }

  #noClients(): Detail {
    const { question, facts } = this.#inquiry;
    const state = question.frameworkId === undefined ? undefined : facts.findFrameworkState(question.frameworkId);
    // A connected framework without a client is one that is not subscribed to the role.
    const isAway = state !== undefined && state.state !== 'ACTIVE';
    return {
      code: 'NOT_SUBSCRIBED',
      role: question.role,
      ...(isAway ? { state: state.state, sinceUnixMs: state.sinceUnixMs } : {}),
    };
  }

  #reasonOf(detail: Detail, group: readonly Look[], best: Look | undefined): Explained {
    const { byFramework } = this.#survey;
    const agent = best?.pair?.agent;
    const reason = {
      ...withoutIdentity(detail),
      agents: byFramework ? Math.min(1, group.length) : group.length,
      frameworks: byFramework
        ? group.filter(({ pair }) => pair !== undefined && pair.client.slot >= 0).length
        : undefined,
      bestAgentId: agent?.id ?? best?.absent?.id,
      bestHostname: agent?.info.hostname ?? best?.absent?.hostname,
      bestAvailable: best?.pair === undefined ? undefined : visibleIn(this.#inquiry, best.pair),
      behind: best?.codes.slice(1) ?? [],
    };
    const told = this.#toldOf(detail, group.length, best);
    return { reason: { ...reason, message: sentenceOf(told) }, told };
  }

  #toldOf(detail: Detail, count: number, look: Look | undefined): Told {
    const { byFramework } = this.#survey;
    const agent = look?.pair?.agent;
    return {
      detail,
      agents: count,
      frameworks: byFramework ? count : undefined,
      isSingle: count <= 1 || byFramework,
      best: agent?.info.hostname ?? look?.absent?.hostname ?? look?.absent?.id ?? 'an agent',
      nowUnixMs: this.#inquiry.now.unixMs,
      ...this.#whoIs(byFramework ? look?.pair?.client : undefined),
    };
  }

  /** The framework or role that is asked about. */
  #whoIs(client?: Client): Pick<Told, 'who' | 'frameworkId'> {
    const { question, facts } = this.#inquiry;
    const frameworkId = client?.frameworkId ?? question.frameworkId;
    if (frameworkId !== undefined && frameworkId !== '')
      return { who: facts.findFrameworkName(frameworkId) ?? frameworkId, frameworkId };
    return { who: question.role === undefined ? 'the framework' : `role ${question.role}`, frameworkId: undefined };
  }

  #findingOf(look: Look): Finding {
    const { byFramework } = this.#survey;
    const { pair, absent, codes } = look;
    const [code = 'AVAILABLE', ...behind] = codes;
    const client = byFramework && pair !== undefined && pair.client.slot >= 0 ? pair.client : undefined;
    return {
      agentId: pair?.agent.id ?? absent?.id ?? look.agent?.id ?? '',
      hostname: pair?.agent.info.hostname ?? absent?.hostname ?? look.agent?.info.hostname,
      frameworkId: client?.frameworkId,
      frameworkName: client === undefined ? undefined : this.#inquiry.facts.findFrameworkName(client.frameworkId),
      role: client?.role.path,
      code,
      message: sentenceOf(this.#toldOf(this.#survey.detailOf(code, look), 1, look)),
      behind,
    };
  }

  /** `No offer of cpus 4: 3 agents are in use: ... (of 5 agents also 2 draining).` */
  #summaryOf({ reason, told }: Explained, others: readonly Explained[]): string {
    const { byFramework, looks } = this.#survey;
    const counted = others.filter((other) => other.reason.agents > 0 && !byFramework);
    const rest = counted.map(({ reason: { code, agents } }) => `${agents} ${SHORT_WORDS[code] ?? code}`);
    const of = rest.length === 0 ? '' : ` (of ${countOf(looks.length, 'agent')} also ${rest.join(', ')})`;
    return `${opened(`${this.#subject(reason)}${reason.message}`, told)}${of}.`;
  }

  #subject({ code }: Reason): string {
    const { wanted } = this.#inquiry.question;
    if (wanted.isEmpty) return '';
    return `${code === 'AVAILABLE' ? 'an' : 'no'} offer of ${amountsText(wanted)}: `;
  }
}

/** Of an absent agent its id and name are told elsewhere. */
function withoutIdentity(detail: Detail & { readonly id?: string; readonly hostname?: string | undefined }): Detail {
  const { id: _id, hostname: _hostname, ...rest } = detail;
  return rest;
}
