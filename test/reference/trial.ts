/**
 * A trial plays one sequence of events on the allocator, on a second one whose runs are cut into slices, and on the reference,
 * and stops at the first event after which they disagree or a law is broken. What it stopped at is a golden script: the
 * commands so far, each with the right answer as far as the reference knows it. Where it does not, the wrong answer is named as
 * one that must not be, so that the script fails until the right one is written down.
 */
import fc from 'fast-check';
import { isRejection } from '../../src/base/rejection.js';
import type {
  AllocationResult,
  Allocator,
  AllocatorOptions,
  AllocatorSnapshot,
  InverseOfferDecision,
  OfferDecision,
} from '../../src/offers/allocator/allocator.js';
import { createAllocator } from '../../src/offers/allocator/hierarchical-allocator.js';
import { Interpreter } from '../golden/allocator/interpreter.js';
import { commandsOf, formatScript, type Step } from '../golden/allocator/script-text.js';
import { type Kind, linesOf, type Move, type Situation } from './events.js';
import {
  type Complaints,
  judgeBooks,
  judgeDoubles,
  judgeFairness,
  judgeGuarantees,
  judgeLeftovers,
  judgeOffers,
} from './laws.js';
import { ReferenceAllocator } from './reference-allocator.js';
import { rolesOf } from './rules.js';

/** A step, and of what kind the move was that it came of; undefined: it sets the options. */
export interface Played extends Step {
  readonly kind: Kind | undefined;
}

/** Which of the comparisons a trial makes. */
export interface Terms {
  readonly create?: (options: AllocatorOptions) => Allocator;
  /** Of `allocate` for the sliced allocator; undefined: there is none. */
  readonly budget?: number | undefined;
  /**
   * Offers: the reference decides as well. Roles: it only keeps the facts, as with random sorters or events between slices, and
   * what is known of the roles follows from those. Nothing: the laws alone.
   */
  readonly compares: 'offers' | 'roles' | 'nothing';
  readonly judges: boolean;
  /** Options of the script, as its first line. */
  readonly options?: string | undefined;
}

export const MUST_NOT_BE = 'this is wrong:';
export const SCRIPT_FOLLOWS = 'As a golden script of the allocator:';

class Violation extends Error {
  override readonly name = 'Violation';

  constructor(
    readonly complaints: Complaints,
    readonly script: string,
  ) {
    super(`${complaints.join('\n')}\n\n${SCRIPT_FOLLOWS}\n\n${script}`);
  }
}

/** Throws a `Violation` if `moves` lead to one. Returns the script that was played, with its answers. */
export function play(moves: readonly Move[], terms: Terms): readonly Played[] {
  const trial = new Trial(terms);
  if (terms.options !== undefined) trial.run(`options ${terms.options}`, undefined);
  for (const move of moves) for (const line of linesOf(move, trial.situation)) trial.run(line, move.kind);
  return trial.steps;
}

/** Throws a `Violation` as playing the moves did that led to the lines of `script`, if they still lead to one. */
export function playScript(script: string, terms: Terms): void {
  const trial = new Trial({ ...terms, options: undefined });
  for (const line of commandsOf(script)) trial.run(line, undefined);
}

export interface Search {
  readonly sequences: fc.Arbitrary<readonly Move[]>;
  readonly runs: number;
  readonly terms: (budget: number, seed: number) => Terms;
  /** Of fast-check; undefined: another each time. */
  readonly seed?: number;
  /** Whether a failure is made as small as it gets. */
  readonly shrinks: boolean;
}

/** Plays random sequences until one leads to a violation, which is then shrunk and told as a golden script. */
export function findViolation({ sequences, runs, terms, seed, shrinks }: Search): string | undefined {
  const property = fc.property(sequences, fc.integer({ min: 1, max: 9 }), fc.nat(1000), (moves, budget, ownSeed) => {
    play(moves, terms(budget, ownSeed));
  });
  const parameters = { numRuns: runs, endOnFailure: !shrinks };
  const result = fc.check(property, seed === undefined ? parameters : { ...parameters, seed });
  if (!result.failed) return undefined;
  const told = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
  return `sequence ${result.numRuns} of ${runs} (seed ${result.seed}, path ${result.counterexamplePath}):\n${told}`;
}

class Trial {
  readonly steps: Played[] = [];
  readonly #interpreter: Interpreter;
  #side: SideBySide | undefined;

  constructor(private readonly terms: Terms) {
    this.#interpreter = new Interpreter((options) => {
      this.#side = new SideBySide(options, terms);
      return this.#side.asAllocator();
    });
  }

  get situation(): Situation {
    const reference = this.#side?.reference;
    const { holdings } = this.#interpreter;
    return {
      agents: new Set(reference?.agents.keys() ?? []),
      frameworks: new Map([...(reference?.frameworks.values() ?? [])].map((f) => [f.id, rolesOf(f)] as const)),
      holdings,
      underMaintenance: [...(reference?.maintenance.scheduled.keys() ?? [])],
      get volumes() {
        const totals = [...(reference?.agents.values() ?? [])].flatMap(({ total }) => total.entries);
        return new Set(totals.flatMap(({ kind }) => kind.disk?.persistence?.id ?? []));
      },
    };
  }

  run(line: string, kind: Kind | undefined): void {
    let answer: readonly string[] = [];
    const complaints: string[] = [];
    try {
      answer = this.#interpreter.run(line);
    } catch (error) {
      complaints.push(error instanceof Error ? `${line}: ${error.message}` : String(error));
    }
    const side = this.#side;
    if (side !== undefined) {
      if (complaints.length === 0 && this.terms.judges) complaints.push(...this.#judgeBooks(side));
      complaints.push(...side.takeComplaints());
    }
    const isWrong = complaints.length > 0;
    this.steps.push({ line, kind, answer: isWrong ? (side?.rightAnswer ?? wrong(answer)) : answer });
    if (isWrong) throw new Violation(complaints, formatScript(complaints.join('\n'), this.steps));
  }

  #judgeBooks(side: SideBySide): Complaints {
    const { agents } = side.reference;
    return judgeBooks(side.fast.snapshot(), this.#interpreter.holdings, { agents, isRunOpen: side.isRunOpen });
  }
}

function wrong(answer: readonly string[]): readonly string[] {
  return (answer.length === 0 ? ['ok'] : answer).map((line) => `${MUST_NOT_BE} ${line}`);
}

/** Hands every call to all allocators; answers as the one under trial does. */
class SideBySide {
  readonly fast: Allocator;
  readonly reference: ReferenceAllocator;
  readonly #sliced: Allocator | undefined;
  #complaints: string[] = [];
  #rightAnswer: readonly string[] | undefined;
  #open: OpenRun | undefined;

  constructor(
    options: AllocatorOptions,
    private readonly terms: Terms,
  ) {
    const create = terms.create ?? createAllocator;
    this.fast = create(options);
    this.#sliced = terms.budget === undefined ? undefined : create(options);
    this.reference = new ReferenceAllocator(options);
  }

  /** What the reference answered to the last run, as a script says it. */
  get rightAnswer(): readonly string[] | undefined {
    return this.#rightAnswer;
  }

  /** The allocator may have decided what it has not said yet. */
  get isRunOpen(): boolean {
    return this.#open !== undefined;
  }

  takeComplaints(): Complaints {
    const taken = this.#complaints;
    this.#complaints = [];
    return taken;
  }

  asAllocator(): Allocator {
    return new Proxy(this.fast, {
      get: (fast, name) => {
        if (name === 'allocate') return this.#allocate.bind(this);
        return (...args: unknown[]) => {
          this.#rightAnswer = undefined;
          const answer = invoke(fast, name, args);
          const ofSliced = invoke(this.#sliced, name, args);
          // What is decided and not said yet is free for the reference only.
          const isRefused = isRejection(answer);
          const ofReference = isRefused && this.isRunOpen ? answer : invoke(this.reference, name, args);
          if (
            isRejection(ofReference) !== isRefused ||
            (this.#sliced !== undefined && isRejection(ofSliced) !== isRefused)
          )
            this.#complaints.push(`${String(name)} is refused by some only`);
          return answer;
        };
      },
    });
  }

  #allocate(agentIds: ReadonlySet<string> | undefined, nowMs: number, budget?: number): AllocationResult {
    if (this.#open !== undefined || budget !== undefined) return this.#allocateSlice(agentIds, nowMs, budget);
    const { fast, reference, terms } = this;
    const whole = allSlices(fast, agentIds, nowMs, undefined);
    const ofSlices = this.#sliced === undefined ? whole : allSlices(this.#sliced, agentIds, nowMs, terms.budget);
    if (terms.judges) this.#complaints.push(...judgeOffers(reference, whole.offers, agentIds, nowMs));
    if (!areSame(whole, ofSlices))
      this.#complaints.push(
        `in slices of ${terms.budget} the offers are ${tell(ofSlices).join(', ')}; at once ${tell(whole).join(', ')}`,
      );
    if (terms.compares === 'offers') this.#compare(whole, reference.allocate(agentIds, nowMs));
    else if (!reference.isPaused) this.#adoptRun(whole, agentIds, nowMs);
    if (terms.judges && this.#complaints.length === 0) this.#complaints.push(...judgeFairness(reference, whole.offers));
    if (terms.compares !== 'nothing' && this.#complaints.length === 0) this.#complaints.push(...this.#compareRoles());
    return { ...whole, more: false };
  }

  /** Without a run of the reference to compare with: what must hold after one in whatever order it went. */
  #adoptRun(whole: Decisions, agentIds: ReadonlySet<string> | undefined, nowMs: number): void {
    const { reference, terms } = this;
    reference.dropExpiredFilters(nowMs);
    const before = { required: reference.requiredHeadroom(), available: reference.availableHeadroom() };
    reference.adopt(whole.offers);
    if (terms.judges && this.#complaints.length === 0) {
      const run = { agentIds, offers: whole.offers };
      this.#complaints.push(...judgeGuarantees(before, reference, run));
      this.#complaints.push(...judgeLeftovers(before.required, reference, run));
    }
    this.#compareInverse(whole.inverseOffers, reference.decideInverseOffers(agentIds, nowMs));
  }

  /** One slice of a run between whose slices other things happen: each is held to the facts of its time. */
  #allocateSlice(
    agentIds: ReadonlySet<string> | undefined,
    nowMs: number,
    budget: number | undefined,
  ): AllocationResult {
    const { fast, reference } = this;
    const result = fast.allocate(agentIds, nowMs, budget);
    if (reference.isPaused) {
      if (result.offers.length > 0) this.#complaints.push('offers are made while paused');
      return result;
    }
    if (this.#open === undefined) reference.dropExpiredFilters(nowMs);
    const run = this.#open ?? { agentIds, offers: [] };
    const complaints = [
      ...judgeOffers(reference, result.offers, run.agentIds, nowMs),
      ...judgeDoubles([...run.offers, ...result.offers]),
    ];
    this.#complaints.push(...complaints);
    reference.adopt(result.offers);
    this.#open = result.more ? { ...run, offers: [...run.offers, ...result.offers] } : undefined;
    if (!result.more) this.#compareInverse(result.inverseOffers, reference.decideInverseOffers(run.agentIds, nowMs));
    return result;
  }

  #compare(fast: Decisions, right: Decisions): void {
    this.#rightAnswer = tell(right);
    if (!areSame(fast, right))
      this.#complaints.push(
        `the allocator offers ${tell(fast).join(', ')}; the reference offers ${tell(right).join(', ')}`,
      );
  }

  #compareInverse(fast: readonly InverseOfferDecision[], right: readonly InverseOfferDecision[]): void {
    const [some, others] = [fast, right].map((inverseOffers) => ({ offers: [], inverseOffers }));
    if (some !== undefined && others !== undefined && !areSame(some, others))
      this.#complaints.push(
        `the inverse offers are ${tell(some).join(', ')}; of the reference ${tell(others).join(', ')}`,
      );
  }

  #compareRoles(): Complaints {
    return compareRoles(this.fast.snapshot().roles, this.reference.snapshot().roles);
  }
}

/** A run that is not over: what it is about, and what it offered so far. */
interface OpenRun {
  readonly agentIds: ReadonlySet<string> | undefined;
  readonly offers: readonly OfferDecision[];
}

type Decisions = Pick<AllocationResult, 'offers' | 'inverseOffers'>;

function compareRoles(fast: AllocatorSnapshot['roles'], reference: AllocatorSnapshot['roles']): Complaints {
  const tellRoles = (roles: AllocatorSnapshot['roles']): string =>
    Array.from(
      roles,
      ([role, { weight, dominantShare, frameworkIds }]) =>
        `${role} weight ${weight} share ${dominantShare} frameworks ${[...frameworkIds].sort()}`,
    )
      .sort()
      .join('; ');
  const [ofFast, ofReference] = [tellRoles(fast), tellRoles(reference)];
  return ofFast === ofReference ? [] : [`the roles of the allocator are ${ofFast}; of the reference ${ofReference}`];
}

function allSlices(
  allocator: Allocator,
  agentIds: ReadonlySet<string> | undefined,
  nowMs: number,
  budget: number | undefined,
): Decisions {
  const offers: OfferDecision[] = [];
  const inverseOffers: InverseOfferDecision[] = [];
  for (let more = true; more; ) {
    const result = allocator.allocate(agentIds, nowMs, budget);
    offers.push(...result.offers);
    inverseOffers.push(...result.inverseOffers);
    more = result.more;
  }
  return { offers, inverseOffers };
}

/** As the interpreter answers `allocate`. */
function tell({ offers, inverseOffers }: Decisions): readonly string[] {
  const lines = offers.map(
    ({ agentId, frameworkId, role, resources }) => `${agentId} -> ${frameworkId} (${role}): ${resources.unallocated()}`,
  );
  const inverse = inverseOffers.map(
    ({ agentId, frameworkId, unavailability }) =>
      `${agentId} wanted back from ${frameworkId} at ${unavailability.start.nanoseconds}`,
  );
  return lines.length + inverse.length === 0 ? ['no offers'] : [...lines, ...inverse].sort();
}

/** The order of offers, and of the entries of one, says nothing. */
function areSame(some: Decisions, others: Decisions): boolean {
  const inOrder = (decisions: Decisions): string =>
    tell(decisions)
      .map((line) =>
        line
          .split(/(?<=\):) |; /)
          .sort()
          .join(),
      )
      .sort()
      .join();
  return inOrder(some) === inOrder(others);
}

function invoke(target: object | undefined, name: string | symbol, args: readonly unknown[]): unknown {
  const method: unknown = target === undefined ? undefined : Reflect.get(target, name);
  return typeof method === 'function' ? Reflect.apply(method, target, args) : method;
}
