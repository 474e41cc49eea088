/**
 * Why something is not offered, with numbers: for a framework, a role, an agent or a wanted task. Looks at the same facts in the same
 * order as the allocation run and changes nothing: no draw of randomness, no order of a sorter moved.
 *
 * Each agent counts under the first thing that stands in its way. The reasons are in the order of how near their agents are to
 * an offer, so the first one is where to begin.
 */

import type { Client } from '../allocator/allocator-state.js';
import { compileGroups } from '../allocator/offer-constraints.js';
import type { Answer, Code, Detail, Finding, Question, Reason } from './answer.js';
import type { ExplainContext, Inquiry } from './context.js';
import { visibleIn } from './obstacles.js';
import { CLIENT_CODES, type Look, Survey } from './survey.js';
import { amountsText, countOf, firstStepOf, opened, SHORT_WORDS, sentenceOf, type Told } from './words.js';

const DEFAULT_LISTED = 20;

export function explain(context: ExplainContext, question: Question): Answer {
  const constraints = question.constraints === undefined ? undefined : compileGroups(question.constraints);
  return new Report({ ...context, question, constraints }).answer();
}

class Report {
  readonly #inquiry: Inquiry;
  readonly #survey: Survey;

  constructor(inquiry: Inquiry) {
    this.#inquiry = inquiry;
    this.#survey = new Survey(inquiry);
  }

  answer(): Answer {
    const { question } = this.#inquiry;
    const { looks, byFramework } = this.#survey;
    const reasons = this.#reasons();
    const [first] = reasons;
    const step = firstStepOf(this.#toldOfReason(first), question);
    const [next] = first?.behind ?? [];
    const nearest = [...looks].sort((a, b) => a.distance - b.distance).slice(0, question.listed ?? DEFAULT_LISTED);
    const isFree = ({ codes }: Look) => codes[0] === 'AVAILABLE' || codes[0] === 'DRF_ORDER';
    const available = looks.filter(isFree).length;
    return {
      summary: this.#summaryOf(reasons),
      firstStep: next === undefined ? step.text : `${step.text} Behind that: ${next}.`,
      commands: step.commands,
      reasons,
      findings: nearest.map((look) => this.#findingOf(look)),
      agents: byFramework ? Math.min(1, looks.length) : looks.length,
      available: byFramework ? Math.min(1, available) : available,
    };
  }

  #reasons(): readonly Reason[] {
    const groups = new Map<Code, Look[]>();
    for (const look of this.#survey.looks) {
      const code = look.codes[0] ?? 'AVAILABLE';
      const group = groups.get(code);
      if (group === undefined) groups.set(code, [look]);
      else group.push(look);
    }
    const general = this.#generalDetails().map((detail) => {
      const group = groups.get(detail.code) ?? [];
      groups.delete(detail.code);
      return this.#reasonOf(detail, group, group.length === 0 ? undefined : this.#survey.bestOf(group));
    });
    const particular = Array.from(groups, ([code, group]) => {
      const best = this.#survey.bestOf(group);
      return { best, reason: this.#reasonOf(this.#survey.detailOf(code, best), group, best) };
    });
    particular.sort((a, b) => a.best.distance - b.best.distance || b.reason.agents - a.reason.agents);
    return [...general, ...particular.map(({ reason }) => reason)];
  }

  /** What holds whatever the agents are: most important first. */
  #generalDetails(): readonly Detail[] {
    const { question, isPaused } = this.#inquiry;
    const { looks, clients, byFramework } = this.#survey;
    const details: Detail[] = [];
    if (clients.length === 0 && !byFramework) details.push(this.#noClients());
    if (clients.length > 0 && !clients.some(({ active }) => active) && !byFramework)
      for (const code of CLIENT_CODES) {
        const client = clients.find((candidate) => this.#survey.clientObstacle(candidate) === code);
        if (client !== undefined) details.push(this.#survey.clientDetail(code, client));
      }
    if (isPaused) details.push({ code: 'PAUSED' });
    if (looks.length === 0 && question.agentId === undefined) details.push({ code: 'NO_AGENTS' });
    return details;
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

  #reasonOf(detail: Detail, group: readonly Look[], best: Look | undefined): Reason {
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
    return { ...reason, message: sentenceOf(this.#toldOf(detail, group.length, best)) };
  }

  #toldOf(detail: Detail, count: number, look: Look | undefined): Told {
    const { byFramework } = this.#survey;
    const agent = look?.pair?.agent;
    return {
      detail,
      agents: count,
      frameworks: byFramework ? count : undefined,
      best: agent?.info.hostname ?? look?.absent?.hostname ?? look?.absent?.id ?? 'an agent',
      nowUnixMs: this.#inquiry.now.unixMs,
      who: this.#whoIs(byFramework ? look?.pair?.client : undefined),
    };
  }

  #toldOfReason(reason: Reason | undefined): Told {
    const { byFramework } = this.#survey;
    return {
      detail: reason ?? { code: 'NO_AGENTS' },
      agents: reason?.agents ?? 0,
      frameworks: byFramework ? (reason?.frameworks ?? 0) : undefined,
      best: reason?.bestHostname ?? reason?.bestAgentId ?? 'an agent',
      nowUnixMs: this.#inquiry.now.unixMs,
      who: this.#whoIs(),
    };
  }

  /** The framework or role that is asked about. */
  #whoIs(client?: Client): string {
    const { question, facts } = this.#inquiry;
    const frameworkId = client?.frameworkId ?? question.frameworkId;
    if (frameworkId !== undefined && frameworkId !== '') return facts.findFrameworkName(frameworkId) ?? frameworkId;
    return question.role === undefined ? 'the framework' : `role ${question.role}`;
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
  #summaryOf(reasons: readonly Reason[]): string {
    const [first, ...others] = reasons;
    if (first === undefined) return 'Nothing is known of it.';
    const { byFramework, looks } = this.#survey;
    const counted = others.filter((reason) => reason.agents > 0 && !byFramework);
    const rest = counted.map(({ code, agents: count }) => `${count} ${SHORT_WORDS[code] ?? code}`);
    const of = rest.length === 0 ? '' : ` (of ${countOf(looks.length, 'agent')} also ${rest.join(', ')})`;
    return `${opened(`${this.#subject(first)}${first.message}`, this.#toldOfReason(first))}${of}.`;
  }

  #subject({ code }: Reason): string {
    const { wanted } = this.#inquiry.question;
    if (wanted.isEmpty) return '';
    return code === 'AVAILABLE' ? `${amountsText(wanted)}: ` : `no offer of ${amountsText(wanted)}: `;
  }
}

/** Of an absent agent its id and name are told elsewhere. */
function withoutIdentity(detail: Detail & { readonly id?: string; readonly hostname?: string | undefined }): Detail {
  const { id: _id, hostname: _hostname, ...rest } = detail;
  return rest;
}
