/** Three members of a replicated store as a bench sees them, whatever software they are. */
import type { Exit } from '../../harness/process.mjs';

export interface Killed {
  /** When, by `performance.now()`. */
  readonly at: number;
  readonly exited: Promise<Exit>;
  readonly index: number;
}

export interface Group {
  readonly name: string;
  /** One write through any living member; whether it was acknowledged within 250 ms. */
  write(): Promise<boolean>;
  killLeader(): Promise<Killed>;
  restart(index: number): void;
  stop(): Promise<void>;
}
