/**
 * The language of the allocator's golden scripts: one command a line, each answers with the lines it prints.
 * The interpreter plays the master: it remembers what was offered and launched, and gives it back when told to.
 *
 *   options [sorter=drf|random] [frameworks=drf|random] [seed=N] [min=cpus:1|mem:64] [exclude=gpus,...] [region=R] [gpus=offer-to-all] [fraction=0.5] [bound=N]   a cluster without anything
 *   agent ID RESOURCES [host=H] [region=R] [attributes=k:v;...] [capabilities=none] [used=FRAMEWORK/ROLE/RESOURCES,...]
 *   framework ID ROLES [can=CAP,...] [suppressed=ROLES] [min=ROLE/RESOURCES|ROLE/any] [where=ROLE/CONSTRAINT] [inactive]
 *   update-framework (as framework)   remove-framework ID   deactivate ID   activate ID   back-pressure ID on|off
 *   update-agent ID [total=RESOURCES] [host=H] [region=R] [attributes=...] [capabilities=none|all]   (what is not named: as before)
 *   remove-agent ID   deactivate-agent ID   activate-agent ID
 *   allocate [agents=ID,...] [budget=N] [slices=N] [times=N]   now +MS
 *       times: each run declined at once, and only how many offers each had is told; slices: no more of them than that
 *   maintenance AGENT START|none   answer-inverse FRAMEWORK AGENT accept|decline [refuse=MS]   inverse-gone FRAMEWORK AGENT
 *   decline FRAMEWORK AGENT [role=R] [refuse=MS]   decline-all [refuse=MS]   launch FRAMEWORK AGENT RESOURCES|all [role=R]   (the rest stays offered)
 *   finish FRAMEWORK AGENT RESOURCES|all [role=R]   reserve FRAMEWORK AGENT RESOURCES [role=R]
 *   create-shared FRAMEWORK AGENT ID MB [role=R]   operator-reserve AGENT ROLE RESOURCES
 *   suppress ID [ROLES]   revive ID [ROLES]   weight ROLE N   quota ROLE [guarantee=RESOURCES] [limit=RESOURCES]
 *   whitelist HOSTS|everybody   pause   resume   explain [framework=ID] [role=R] RESOURCES   shares   agents
 *
 * RESOURCES and CONSTRAINT: see ../resource-words.ts.
 */
import { isRejection } from '../../../src/base/rejection.js';
import type { Allocator, AllocatorFramework, AllocatorOptions } from '../../../src/offers/allocator/allocator.js';
import { createAllocator } from '../../../src/offers/allocator/hierarchical-allocator.js';
import { parseAttributes } from '../../../src/offers/resources/attributes.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { amountsOf, constraintsOf, isNamed, listOf, resourcesOf, splitLine, splitNamed } from '../resource-words.js';

/** What a framework has under a role on an agent, as the master knows it. */
export interface Holding {
  readonly frameworkId: string;
  readonly agentId: string;
  readonly role: string;
  offered: Resources;
  launched: Resources;
  /** Outstanding: what is offered of an agent at different times is offered apart. */
  offers: number;
}

interface Arguments {
  readonly words: readonly string[];
  readonly named: ReadonlyMap<string, string>;
}

export class Interpreter {
  #options: AllocatorOptions = defaultOptions();
  #allocator: Allocator | undefined;
  #holdings: Holding[] = [];
  #nowMs = 0;
  /** Of the agents that are there, as they were described last. */
  readonly #agentWords = new Map<string, ReadonlyMap<string, string>>();

  /** `create`: what makes the allocator that the script drives. */
  constructor(private readonly create: (options: AllocatorOptions) => Allocator = createAllocator) {}

  get holdings(): readonly Readonly<Holding>[] {
    return this.#holdings;
  }

  run(line: string): readonly string[] {
    const [command = '', ...rest] = splitLine(line);
    const args = { words: rest.filter((word) => !isNamed(word)), named: new Map(rest.filter(isNamed).map(splitNamed)) };
    return (
      this.#setUp(command, args) ??
      this.#change(command, args) ??
      this.#act(command, args) ?? [`unknown command ${command}`]
    );
  }

  get #core(): Allocator {
    this.#allocator ??= this.create(this.#options);
    return this.#allocator;
  }

  #setUp(command: string, { words, named }: Arguments): readonly string[] | undefined {
    const [id = '', what = ''] = words;
    switch (command) {
      case 'options':
        this.#options = optionsOf(named);
        this.#allocator = undefined;
        this.#holdings = [];
        this.#agentWords.clear();
        this.#nowMs = 0;
        return [];
      case 'agent':
        this.#agentWords.set(id, named);
        this.#core.addAgent({
          id,
          info: agentInfo(id, named),
          capabilities: agentCapabilities(named),
          total: resourcesOf(what),
          used: this.#used(id, named.get('used')),
        });
        return [];
      case 'framework':
        this.#core.addFramework(frameworkOf(words, named), new Map());
        return [];
      case 'update-framework':
        this.#core.updateFramework(frameworkOf(words, named));
        return [];
      case 'now':
        this.#nowMs += Number(id);
        return [];
      default:
        return undefined;
    }
  }

  #change(command: string, { words, named }: Arguments): readonly string[] | undefined {
    const [id = '', what = ''] = words;
    const core = this.#core;
    const changes: Record<string, () => void> = {
      'remove-framework': () => {
        for (const holding of this.#holdings.filter(({ frameworkId }) => frameworkId === id))
          this.#giveAllBack(holding);
        core.removeFramework(id);
      },
      deactivate: () => core.deactivateFramework(id),
      activate: () => core.activateFramework(id),
      'back-pressure': () => core.setBackPressure(id, what === 'on'),
      'remove-agent': () => {
        for (const holding of this.#holdings.filter(({ agentId }) => agentId === id)) this.#endOffers(holding);
        core.removeAgent(id);
        this.#holdings = this.#holdings.filter(({ agentId }) => agentId !== id);
      },
      'deactivate-agent': () => core.deactivateAgent(id),
      'activate-agent': () => core.activateAgent(id),
      'update-agent': () => this.#updateAgent(id, named),
      maintenance: () =>
        core.updateUnavailability(id, what === 'none' ? undefined : { start: { nanoseconds: Number(what) } }),
      'answer-inverse': () => this.#answerInverse(words, named.get('refuse')),
      'inverse-gone': () => core.updateInverseOffer(id, what),
      suppress: () => core.suppressRoles(id, listOf(what)),
      revive: () => core.reviveRoles(id, listOf(what)),
      weight: () => core.updateWeights(new Map([[id, Number(what)]])),
      quota: () =>
        core.updateQuota(id, { guarantees: amountsOf(named.get('guarantee')), limits: amountsOf(named.get('limit')) }),
      whitelist: () => core.updateWhitelist(id === 'everybody' ? null : new Set(listOf(id))),
      pause: () => core.pause(),
      resume: () => core.resume(),
    };
    const change = changes[command];
    if (change === undefined) return undefined;
    change();
    return [];
  }

  #act(command: string, args: Arguments): readonly string[] | undefined {
    const { words, named } = args;
    switch (command) {
      case 'allocate':
        return named.has('times') ? this.#allocateOften(Number(named.get('times'))) : this.#allocate(named);
      case 'decline':
        return this.#decline(this.#holding(args), named.get('refuse'));
      case 'decline-all':
        for (const holding of this.#holdings) if (!holding.offered.isEmpty) this.#decline(holding, named.get('refuse'));
        return [];
      case 'launch':
        return this.#launch(this.#holding(args), words[2] ?? '');
      case 'finish':
        return this.#finish(this.#holding(args), words[2] ?? '');
      case 'reserve':
        return this.#reserve(this.#holding(args), resourcesOf(words[2] ?? ''));
      case 'create-shared':
        return this.#createShared(this.#holding(args), words[2] ?? '', Number(words[3]));
      case 'operator-reserve':
        return this.#operatorReserve(words[0] ?? '', words[1] ?? '', resourcesOf(words[2] ?? ''));
      case 'explain':
        return this.#core
          .explain(
            { frameworkId: named.get('framework'), role: named.get('role'), wanted: resourcesOf(words[0] ?? '') },
            { monotonicMs: this.#nowMs, unixMs: this.#nowMs },
          )
          .reasons.map(
            ({ code, message, bestAgentId }) =>
              `${code}${bestAgentId === undefined ? '' : ` [${bestAgentId}]`}: ${message}`,
          );
      case 'shares':
        return [...this.#core.snapshot().roles]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([role, { dominantShare, weight }]) => `${role}: ${dominantShare.toFixed(3)} at weight ${weight}`);
      case 'agents':
        return [...this.#core.snapshot().agents].map(([id, { total, available }]) => `${id}: ${available} of ${total}`);
      default:
        return undefined;
    }
  }

  #allocate(named: ReadonlyMap<string, string>): readonly string[] {
    const budget = named.get('budget');
    const out: string[] = [];
    let slices = 0;
    const most = Number(named.get('slices') ?? Number.POSITIVE_INFINITY);
    for (let more = true; more && slices < most; slices++) {
      const slice = this.#allocateSlice(named, budget === undefined ? undefined : Number(budget));
      more = slice.more;
      out.push(...slice.lines);
    }
    if (out.length === 0) return ['no offers'];
    return [...out.sort(), ...(budget === undefined ? [] : [`in ${slices} slices`])];
  }

  #allocateOften(times: number): readonly string[] {
    const counts = new Map<string, number>();
    for (let run = 0; run < times; run++) {
      this.#allocate(new Map());
      for (const holding of this.#holdings) {
        if (holding.offered.isEmpty) continue;
        const who = `${holding.frameworkId} (${holding.role})`;
        counts.set(who, (counts.get(who) ?? 0) + 1);
        this.#decline(holding, undefined);
      }
    }
    return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([who, count]) => `${who}: ${count} offers`);
  }

  #allocateSlice(named: ReadonlyMap<string, string>, budget: number | undefined): { lines: string[]; more: boolean } {
    const agents = named.get('agents');
    const agentIds = agents === undefined ? undefined : new Set(listOf(agents));
    const { offers, inverseOffers, more } = this.#core.allocate(agentIds, this.#nowMs, budget);
    const lines = offers.map(({ frameworkId, agentId, role, resources }) => {
      const holding = this.#getHolding(frameworkId, agentId, role);
      holding.offered = holding.offered.add(resources);
      holding.offers++;
      return `${agentId} -> ${frameworkId} (${role}): ${resources.unallocated()}`;
    });
    const inverse = inverseOffers.map(
      ({ frameworkId, agentId, unavailability }) =>
        `${agentId} wanted back from ${frameworkId} at ${unavailability.start.nanoseconds}`,
    );
    return { lines: [...lines, ...inverse], more };
  }

  #updateAgent(id: string, named: ReadonlyMap<string, string>): void {
    const words = new Map([...(this.#agentWords.get(id) ?? []), ...named]);
    this.#agentWords.set(id, words);
    const total = named.get('total');
    const isOther = ['host', 'region', 'attributes'].some((name) => named.has(name));
    this.#core.updateAgent(id, {
      ...(total === undefined ? {} : { total: resourcesOf(total) }),
      ...(isOther ? { info: agentInfo(id, words) } : {}),
      ...(named.has('capabilities') ? { capabilities: agentCapabilities(words) } : {}),
    });
  }

  #answerInverse([frameworkId = '', agentId = '', word = '']: readonly string[], refuse: string | undefined): void {
    const status = word === 'accept' ? ('ACCEPT' as const) : ('DECLINE' as const);
    this.#core.updateInverseOffer(frameworkId, agentId, {
      status: { status, framework_id: { value: frameworkId }, timestamp: { nanoseconds: this.#nowMs * 1e6 } },
      untilMs: refuse === undefined ? undefined : this.#nowMs + Number(refuse),
    });
  }

  #decline(holding: Holding, refuse: string | undefined): readonly string[] {
    const { frameworkId, agentId, offered } = holding;
    if (offered.isEmpty) return ['nothing is offered'];
    this.#endOffers(holding);
    const untilMs = this.#nowMs + Number(refuse ?? 0);
    this.#core.recoverResources({
      frameworkId,
      agentId,
      resources: offered,
      allocated: false,
      refuse: refuse === undefined ? undefined : { untilMs },
    });
    holding.offered = Resources.empty;
    return [];
  }

  #launch(holding: Holding, text: string): readonly string[] {
    const part = text === 'all' ? holding.offered : resourcesOf(text).allocatedTo(holding.role);
    if (!holding.offered.contains(part)) return [`offered is only ${holding.offered}`];
    this.#core.transitionOfferedToAllocated(holding.agentId, part);
    holding.offered = holding.offered.subtract(part);
    holding.launched = holding.launched.add(part);
    if (holding.offered.isEmpty) this.#endOffers(holding);
    return [];
  }

  #finish(holding: Holding, text: string): readonly string[] {
    const part = text === 'all' ? holding.launched : resourcesOf(text).allocatedTo(holding.role);
    const { frameworkId, agentId } = holding;
    this.#core.recoverResources({ frameworkId, agentId, resources: part, allocated: true });
    holding.launched = holding.launched.subtract(part);
    return [];
  }

  #reserve(holding: Holding, resources: Resources): readonly string[] {
    return this.#convert(holding, resources, reservedTo(holding.role, resources));
  }

  #createShared(holding: Holding, id: string, mb: number): readonly string[] {
    const plain: mesos.Resource = {
      name: 'disk',
      type: 'SCALAR',
      scalar: { value: mb },
      reservations: [{ type: 'DYNAMIC', role: holding.role }],
    };
    const disk: mesos.Resource_DiskInfo = { persistence: { id }, volume: { container_path: id, mode: 'RW' } };
    return this.#convert(holding, Resources.of([plain]), Resources.of([{ ...plain, disk, shared: {} }]));
  }

  #convert(holding: Holding, plainFrom: Resources, plainTo: Resources): readonly string[] {
    const from = plainFrom.allocatedTo(holding.role);
    const to = plainTo.allocatedTo(holding.role);
    if (!holding.offered.contains(from)) return [`offered is only ${holding.offered}`];
    this.#core.updateAllocation(holding.frameworkId, holding.agentId, from, to);
    holding.offered = holding.offered.subtract(from).add(to);
    return [];
  }

  #operatorReserve(agentId: string, role: string, resources: Resources): readonly string[] {
    const refused = this.#core.updateAvailable(agentId, resources, reservedTo(role, resources));
    return refused === undefined ? [] : [`${refused.code}: ${refused.message}`];
  }

  #holding({ words, named }: Arguments): Holding {
    const [frameworkId = '', agentId = ''] = words;
    const role = named.get('role');
    const found = this.#holdings.find(
      (holding) =>
        holding.frameworkId === frameworkId &&
        holding.agentId === agentId &&
        (role === undefined ? !holding.offered.add(holding.launched).isEmpty : holding.role === role),
    );
    return found ?? this.#getHolding(frameworkId, agentId, role ?? '*');
  }

  #getHolding(frameworkId: string, agentId: string, role: string): Holding {
    const found = this.#holdings.find(
      (holding) => holding.frameworkId === frameworkId && holding.agentId === agentId && holding.role === role,
    );
    if (found !== undefined) return found;
    const made = { frameworkId, agentId, role, offered: Resources.empty, launched: Resources.empty, offers: 0 };
    this.#holdings.push(made);
    return made;
  }

  #endOffers(holding: Holding): void {
    for (; holding.offers > 0; holding.offers--) this.#core.offerEnded(holding.frameworkId);
  }

  #giveAllBack(holding: Holding): void {
    const { frameworkId, agentId, offered, launched } = holding;
    this.#endOffers(holding);
    this.#core.recoverResources({ frameworkId, agentId, resources: offered, allocated: false });
    this.#core.recoverResources({ frameworkId, agentId, resources: launched, allocated: true });
    holding.offered = Resources.empty;
    holding.launched = Resources.empty;
  }

  #used(agentId: string, text: string | undefined): ReadonlyMap<string, Resources> {
    const used = new Map<string, Resources>();
    for (const entry of listOf(text ?? '')) {
      const [frameworkId = '', role = '', resources = ''] = /^([^/]+)\/(.+)\/([^/]+)$/.exec(entry)?.slice(1) ?? [];
      const part = resourcesOf(resources).allocatedTo(role);
      const holding = this.#getHolding(frameworkId, agentId, role);
      holding.launched = holding.launched.add(part);
      used.set(frameworkId, (used.get(frameworkId) ?? Resources.empty).add(part));
    }
    return used;
  }
}

function defaultOptions(): AllocatorOptions {
  return {
    seed: 1,
    minAllocatable: [resourcesOf('cpus:0.01'), resourcesOf('mem:32')],
    roleSorter: 'drf',
    frameworkSorter: 'drf',
    excludedResourceNames: new Set(),
    filterGpuResources: true,
  };
}

function optionsOf(named: ReadonlyMap<string, string>): AllocatorOptions {
  const sorter = named.get('sorter') === 'random' ? 'random' : 'drf';
  const region = named.get('region');
  return {
    ...defaultOptions(),
    seed: Number(named.get('seed') ?? 1),
    roleSorter: sorter,
    frameworkSorter: named.get('frameworks') === 'random' ? 'random' : sorter,
    minAllocatable: (named.get('min') ?? 'cpus:0.01|mem:32').split('|').map(resourcesOf),
    excludedResourceNames: new Set(listOf(named.get('exclude') ?? '')),
    filterGpuResources: named.get('gpus') !== 'offer-to-all',
    maxOfferFraction: named.has('fraction') ? Number(named.get('fraction')) : undefined,
    maxOffersPerFramework: named.has('bound') ? Number(named.get('bound')) : undefined,
    domain: region === undefined ? undefined : { fault_domain: { region: { name: region }, zone: { name: 'z' } } },
  };
}

function frameworkOf(words: readonly string[], named: ReadonlyMap<string, string>): AllocatorFramework {
  const [id = '', roles = ''] = words;
  const capabilities = ['MULTI_ROLE', ...listOf(named.get('can') ?? '')].map((type) => ({
    type: type as mesos.FrameworkInfo_Capability_Type,
  }));
  const info: mesos.FrameworkInfo = { user: 'nobody', name: id, roles: listOf(roles), capabilities };
  const least = named.get('min');
  const slash = least?.lastIndexOf('/') ?? -1;
  if (least !== undefined)
    info.offer_filters = {
      [least.slice(0, slash)]: { min_allocatable_resources: { quantities: minimumOf(least.slice(slash + 1)) } },
    };
  const where = named.get('where');
  return {
    id,
    info,
    suppressedRoles: new Set(listOf(named.get('suppressed') ?? '')),
    offerConstraints: where === undefined ? undefined : constraintsOf(where),
    active: !words.includes('inactive'),
  };
}

function minimumOf(text: string): mesos.OfferFilters_ResourceQuantities[] {
  if (text === 'any') return [];
  const entries = [...resourcesOf(text).quantities()].map(([name, value]) => [name, { value }] as const);
  return [{ quantities: Object.fromEntries(entries) }];
}

/** One more reservation on top of those that are there. */
function reservedTo(role: string, resources: Resources): Resources {
  const reserved = resources.toWire().map(
    (resource): mesos.Resource => ({
      ...resource,
      reservations: [...(resource.reservations ?? []), { type: 'DYNAMIC', role }],
    }),
  );
  return Resources.of(reserved);
}

function agentCapabilities(named: ReadonlyMap<string, string>): ReadonlySet<mesos.AgentInfo_Capability_Type> {
  if (named.get('capabilities') === 'none') return new Set();
  return new Set(['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT']);
}

function agentInfo(id: string, named: ReadonlyMap<string, string>): mesos.AgentInfo {
  const attributes = parseAttributes(named.get('attributes') ?? '');
  if (isRejection(attributes)) throw new Error(attributes.message);
  const info: mesos.AgentInfo = { hostname: named.get('host') ?? `${id}.host`, attributes };
  const region = named.get('region');
  if (region !== undefined) info.domain = { fault_domain: { region: { name: region }, zone: { name: `${region}-1` } } };
  return info;
}
