/**
 * What every part of the core works with. One per core; `now` is that of the running step. Parts are functions over
 * this; they reach each other downwards only: calls and agents -> frameworks -> tasks and offers -> machine.
 */
import type { Instant } from '../../../../base/clock.js';
import type { Random } from '../../../../base/random.js';
import { type TimerHandle, Timers } from '../../../../base/timers.js';
import { AllocationSchedule } from '../../../../offers/allocator/allocation-schedule.js';
import type { Allocator } from '../../../../offers/allocator/allocator.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { RemovalLimiter } from '../agents/removal-limiter.js';
import { Counters } from '../metrics/counters.js';
import { Happenings } from '../metrics/happenings.js';
import type { MasterCoreConfig, MasterCoreOptions } from '../options.js';
import type { MasterView } from '../view.js';
import { viewOf } from '../view-of.js';
import { Watchers } from '../watchers/watchers.js';
import { Jobs } from './jobs.js';
import { Outbox } from './outbox.js';
import { Proposals } from './proposals.js';
import { MasterState } from './state.js';
import { Turns } from './turns.js';

export class Context {
  readonly config: MasterCoreConfig;
  readonly masterInfo: mesos.MasterInfo;
  readonly allocator: Allocator;
  readonly random: Random;
  readonly state: MasterState;
  readonly timers = new Timers<() => void>();
  readonly outbox = new Outbox();
  readonly registry = new Proposals(this.outbox);
  readonly turns = new Turns();
  readonly jobs = new Jobs();
  readonly counters = new Counters();
  readonly happenings = new Happenings();
  readonly watchers = new Watchers();
  readonly allocation: AllocationSchedule;
  readonly removals: RemovalLimiter;
  /** What others may read between steps, and pictures are made of within them. */
  readonly view: MasterView;
  now: Instant;

  constructor(options: MasterCoreOptions) {
    this.config = options.config;
    this.masterInfo = options.masterInfo;
    this.allocator = options.allocator;
    this.random = options.random;
    this.now = options.startedAt;
    this.state = new MasterState(options.masterInfo.id);
    this.allocation = new AllocationSchedule(this.timers, options.config.allocationIntervalMs);
    this.removals = new RemovalLimiter(this.timers, options.config.agentRemovalRateLimit);
    this.view = viewOf(this, options);
  }

  /** Arms a timer `delayMs` from now. */
  after(delayMs: number, run: () => void): TimerHandle {
    return this.timers.arm(this.now.monotonicMs + delayMs, run);
  }
}
