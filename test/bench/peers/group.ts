/** Three members of a replicated store as a bench sees them, whatever software they are. */
import type { Exit } from '../../harness/process.mjs';
import type { LoadResult } from './http-load.js';

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
  /** `clients` that write some 256 bytes each, one write after the other, by way of the leader if that is cheaper. */
  load(clients: number, seconds: number): Promise<LoadResult>;
  killLeader(): Promise<Killed>;
  restart(index: number): void;
  stop(): Promise<void>;
}
