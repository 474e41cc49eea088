/**
 * A network that may lose, delay, reorder and duplicate, with links that may be cut in one direction or both, or clogged so
 * that what is sent arrives late and all at once. Connections are not modelled; that they close is told by the cluster.
 */
import type { Random } from '../../src/base/random.js';
import type { Schedule } from './schedule.js';

interface Addressed {
  readonly from: string;
  readonly to: string;
}

export interface NetworkFaults {
  readonly loss: number;
  readonly duplication: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

export class Network<Message extends Addressed> {
  faults: NetworkFaults = { loss: 0, duplication: 0, minDelayMs: 0.1, maxDelayMs: 1 };
  readonly counts = { sent: 0, lost: 0, duplicated: 0, blocked: 0, clogged: 0 };
  readonly #cutUntilMs = new Map<string, number>();
  readonly #cloggedUntilMs = new Map<string, number>();

  constructor(
    private readonly schedule: Schedule,
    private readonly random: Random,
    private readonly deliver: (message: Message) => void,
  ) {}

  send(message: Message): void {
    this.counts.sent += 1;
    const link = `${message.from}>${message.to}`;
    if (this.#isCut(link)) {
      this.counts.blocked += 1;
      return;
    }
    if (this.random.next() < this.faults.loss) {
      this.counts.lost += 1;
      return;
    }
    this.#transmit(link, message);
    if (this.random.next() < this.faults.duplication) {
      this.counts.duplicated += 1;
      this.#transmit(link, message);
    }
  }

  cut(from: string, to: string, untilMs: number): void {
    const link = `${from}>${to}`;
    this.#cutUntilMs.set(link, Math.max(untilMs, this.#cutUntilMs.get(link) ?? 0));
  }

  clog(from: string, to: string, untilMs: number): void {
    this.#cloggedUntilMs.set(`${from}>${to}`, untilMs);
  }

  heal(): void {
    this.#cutUntilMs.clear();
    this.#cloggedUntilMs.clear();
  }

  #isCut(link: string): boolean {
    return (this.#cutUntilMs.get(link) ?? 0) > this.schedule.nowMs;
  }

  #transmit(link: string, message: Message): void {
    const { minDelayMs, maxDelayMs } = this.faults;
    const clogged = (this.#cloggedUntilMs.get(link) ?? 0) - this.schedule.nowMs;
    if (clogged > 0) this.counts.clogged += 1;
    const delayMs = Math.max(0, clogged) + minDelayMs + this.random.next() * (maxDelayMs - minDelayMs);
    this.schedule.after(delayMs, () => {
      // What is on its way when a link is cut is lost as well.
      if (this.#isCut(link)) this.counts.blocked += 1;
      else this.deliver(message);
    });
  }
}
