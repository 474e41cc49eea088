/**
 * A trial plays one sequence of events on the allocator, on a second one whose runs are cut into slices, and on the reference,
 * and stops at the first event after which they disagree or a law is broken. What it stopped at is a golden script: the
 * commands so far, each with the right answer as far as the reference knows it.
 */
import fc from 'fast-check';
import type {
  AllocationResult,
  Allocator,
  AllocatorOptions,
  AllocatorSnapshot,
  OfferDecision,
} from '../../src/offers/allocator/allocator.js';
import { createAllocator } from '../../src/offers/allocator/hierarchical-allocator.js';
import { Interpreter } from '../golden/allocator/interpreter.js';
import { formatScript, type Step } from '../golden/allocator/script-text.js';
import { linesOf, type Move } from './events.js';
import { type Complaints, judgeBooks, judgeFairness, judgeOffers } from './laws.js';
import { ReferenceAllocator } from './reference-allocator.js';
import { rolesOf } from './rules.js';

/** Which of the comparisons a trial makes. */
export interface Terms {
  readonly create?: (options: AllocatorOptions) => Allocator;
  /** Of `allocate` for the sliced allocator; undefined: there is none. */
  readonly budget?: number | undefined;
  /** Whether the reference decides as well. With random sorters it only keeps the facts for the laws. */
  readonly compares: boolean;
  readonly judges: boolean;
  /** Options of the script, as its first line. */
  readonly options?: string;
}

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
export function play(moves: readonly Move[], terms: Terms): readonly Step[] {
  const trial = new Trial(terms);
  if (terms.options !== undefined) trial.run(`options ${terms.options}`);
  for (const move of moves) for (const line of linesOf(move, trial.situation)) trial.run(line);
  return trial.steps;
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
  readonly steps: Step[] = [];
  readonly #interpreter: Interpreter;
  #side: SideBySide | undefined;

  constructor(private readonly terms: Terms) {
    this.#interpreter = new Interpreter((options) => {
      this.#side = new SideBySide(options, terms);
      return this.#side.asAllocator();
    });
  }

  get situation() {
    const reference = this.#side?.reference;
    const frameworks = [...(reference?.frameworks.values() ?? [])].map((f) => [f.id, rolesOf(f)] as const);
    return {
      agents: new Set(reference?.agents.keys() ?? []),
      frameworks: new Map(frameworks),
      holdings: this.#interpreter.holdings,
      volumes: new Set(
        [...(reference?.agents.values() ?? [])].flatMap(({ total }) =>
          total.entries.flatMap(({ kind }) => kind.disk?.persistence?.id ?? []),
        ),
      ),
    };
  }

  run(line: string): void {
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
    this.steps.push({ line, answer: complaints.length > 0 ? (side?.rightAnswer ?? answer) : answer });
    if (complaints.length > 0) throw new Violation(complaints, formatScript(complaints.join('\n'), this.steps));
  }

  #judgeBooks(side: SideBySide): Complaints {
    return judgeBooks(side.fast.snapshot(), this.#interpreter.holdings, side.reference.agents);
  }
}

/** Hands every call to all allocators; answers as the one under trial does. */
class SideBySide {
  readonly fast: Allocator;
  readonly reference: ReferenceAllocator;
  readonly #sliced: Allocator | undefined;
  #complaints: string[] = [];
  #rightAnswer: readonly string[] | undefined;

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
          for (const other of [this.reference, this.#sliced]) invoke(other, name, args);
          this.#rightAnswer = undefined;
          return invoke(fast, name, args);
        };
      },
    });
  }

  #allocate(agentIds: ReadonlySet<string> | undefined, nowMs: number): AllocationResult {
    const { fast, reference, terms } = this;
    const offers = allSlices(fast, agentIds, nowMs, undefined);
    const ofSlices = this.#sliced === undefined ? offers : allSlices(this.#sliced, agentIds, nowMs, terms.budget);
    if (terms.judges) this.#complaints.push(...judgeOffers(reference, offers, agentIds, nowMs));
    if (!areSame(offers, ofSlices))
      this.#complaints.push(
        `in slices of ${terms.budget} the offers are ${tell(ofSlices).join(', ')}; at once ${tell(offers).join(', ')}`,
      );
    if (terms.compares) this.#compare(offers, reference.allocate(agentIds, nowMs).offers);
    else reference.adopt(offers, nowMs);
    if (terms.judges && this.#complaints.length === 0) this.#complaints.push(...judgeFairness(reference, offers));
    return { offers, inverseOffers: [], more: false };
  }

  #compare(offers: readonly OfferDecision[], right: readonly OfferDecision[]): void {
    this.#rightAnswer = tell(right);
    if (!areSame(offers, right))
      this.#complaints.push(
        `the allocator offers ${tell(offers).join(', ')}; the reference offers ${tell(right).join(', ')}`,
      );
    else this.#complaints.push(...compareRoles(this.fast.snapshot().roles, this.reference.snapshot().roles));
  }
}

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
): readonly OfferDecision[] {
  const offers: OfferDecision[] = [];
  for (let more = true; more; ) {
    const result = allocator.allocate(agentIds, nowMs, budget);
    offers.push(...result.offers);
    more = result.more;
  }
  return offers;
}

/** As the interpreter answers `allocate`. */
function tell(offers: readonly OfferDecision[]): readonly string[] {
  if (offers.length === 0) return ['no offers'];
  return offers
    .map(
      ({ agentId, frameworkId, role, resources }) =>
        `${agentId} -> ${frameworkId} (${role}): ${resources.unallocated()}`,
    )
    .sort();
}

/** The order of offers, and of the entries of one, says nothing. */
function areSame(some: readonly OfferDecision[], others: readonly OfferDecision[]): boolean {
  const inOrder = (offers: readonly OfferDecision[]): string =>
    tell(offers)
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
