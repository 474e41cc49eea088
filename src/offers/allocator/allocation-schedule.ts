/**
 * When the allocator runs (architecture, section 1, "When resources are offered"). Urgent: at once, but not within
 * OFFER_COALESCING_MS of the previous urgent run, so an idle cluster answers immediately and a busy one coalesces.
 * Ordinary: at the next multiple of the allocation interval, all agents, one run however many asked. With nothing asked
 * there is no run. It decides times only; its owner (the master core, the simulator) calls the allocator.
 */
import type { Timers } from '../../base/timers.js';

/** Resources that became free are offered after this at the latest; what comes in between joins (architecture, 1). */
export const OFFER_COALESCING_MS = 2;

/** `agentIds` undefined: all agents. */
export interface AllocationRun {
  readonly agentIds: ReadonlySet<string> | undefined;
}

type Wanted = Set<string> | 'all' | undefined;

export class AllocationSchedule {
  readonly #timers: Timers<() => void>;
  readonly #intervalMs: number;
  /** Wanted urgently, before its time. */
  #urgent: Wanted;
  #urgentTimerArmed = false;
  #lastUrgentMs = Number.NEGATIVE_INFINITY;
  /** Due, waits for the current run. */
  #due: Wanted;
  #current: AllocationRun | undefined;
  readonly #armedTicks = new Set<number>();

  constructor(timers: Timers<() => void>, intervalMs: number) {
    this.#timers = timers;
    this.#intervalMs = intervalMs;
  }

  get isIdle(): boolean {
    return this.#current === undefined && this.#due === undefined;
  }

  /** Resources of `agentId` became free for somebody; 'all': anything may have. */
  requestNow(nowMs: number, agentId: string | 'all'): void {
    this.#urgent = merged(this.#urgent, agentId);
    if (this.#urgentTimerArmed) return;
    const atMs = this.#lastUrgentMs + OFFER_COALESCING_MS;
    if (atMs <= nowMs) {
      this.#makeUrgentDue(nowMs);
      return;
    }
    this.#urgentTimerArmed = true;
    this.#timers.arm(atMs, () => {
      this.#urgentTimerArmed = false;
      this.#makeUrgentDue(atMs);
    });
  }

  /** At the first interval boundary after `nowMs`, or, with `notBeforeMs` (a filter's end), at the first from there. */
  requestAtInterval(nowMs: number, notBeforeMs = nowMs): void {
    const boundary = Math.ceil(notBeforeMs / this.#intervalMs);
    const tick = boundary * this.#intervalMs > nowMs ? boundary : boundary + 1;
    if (this.#armedTicks.has(tick)) return;
    this.#armedTicks.add(tick);
    this.#timers.arm(tick * this.#intervalMs, () => {
      this.#armedTicks.delete(tick);
      this.#due = 'all';
    });
  }

  /** The run to go on with or to begin; undefined: none is due. */
  currentRun(): AllocationRun | undefined {
    if (this.#current === undefined && this.#due !== undefined) {
      this.#current = { agentIds: this.#due === 'all' ? undefined : this.#due };
      this.#due = undefined;
    }
    return this.#current;
  }

  endRun(): void {
    this.#current = undefined;
  }

  #makeUrgentDue(nowMs: number): void {
    this.#lastUrgentMs = nowMs;
    const urgent = this.#urgent;
    this.#urgent = undefined;
    if (urgent === undefined || this.#due === 'all') return;
    if (urgent === 'all' || this.#due === undefined) this.#due = urgent;
    else for (const agentId of urgent) this.#due.add(agentId);
  }
}

function merged(wanted: Wanted, agentId: string | 'all'): Wanted {
  if (wanted === 'all' || agentId === 'all') return 'all';
  return (wanted ?? new Set<string>()).add(agentId);
}
