/**
 * Clients that read and write weights as registers through the public operator API while faults happen, and what they saw, for
 * the search for an order that explains it (test/sim/linearizability.ts). Each round has registers of its own, which keeps
 * the search small.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Operation } from '../sim/linearizability.js';
import { callMaster, type MasterAt, updateWeight, weightsOf } from './api.js';

const CLIENTS = 4;
const REGISTERS = 3;
const TIMEOUT_MS = 1_500;
const PAUSE_MS = 25;

export class RegisterClients {
  readonly #masters: readonly MasterAt[];
  #history: Operation[] = [];
  #round = 0;
  #lastValue = 0;
  #isOver = false;
  readonly #running: Promise<void>[];
  acknowledged = 0;

  constructor(masters: readonly MasterAt[]) {
    this.#masters = masters;
    this.#running = Array.from({ length: CLIENTS }, (_, at) => this.#run(at));
  }

  /** New registers from here on. */
  nextRound(): void {
    this.#round += 1;
  }

  /** Everything that was seen, once all of it has come back. */
  async end(): Promise<readonly Operation[]> {
    this.#isOver = true;
    await Promise.all(this.#running);
    return this.#history;
  }

  async #run(client: number): Promise<void> {
    for (let turn = client; !this.#isOver; turn++) {
      const key = `register-${this.#round}-${turn % REGISTERS}`;
      const master = this.#masters[(turn * 7 + client) % this.#masters.length];
      if (master !== undefined) await (turn % 2 === 0 ? this.#write(key, master) : this.#read(key, master));
      await pause(PAUSE_MS);
    }
  }

  async #write(key: string, master: MasterAt): Promise<void> {
    this.#lastValue += 1;
    const value = this.#lastValue;
    const calledAt = performance.now();
    const { status } = await callMaster(master.url, updateWeight(key, value), TIMEOUT_MS);
    // Sent elsewhere: it did not happen. Anything else but 200 may or may not have.
    if (status === 307) return;
    const isDone = status === 200;
    if (isDone) this.acknowledged += 1;
    const returnedAt = isDone ? performance.now() : undefined;
    this.#history.push({ key, kind: 'write', value: String(value), calledAt, returnedAt });
  }

  async #read(key: string, master: MasterAt): Promise<void> {
    const calledAt = performance.now();
    const { status, body } = await callMaster(master.url, { type: 'GET_WEIGHTS' }, TIMEOUT_MS);
    if (status !== 200) return;
    this.acknowledged += 1;
    const value = weightsOf(body).get(key);
    const text = value === undefined ? undefined : String(value);
    this.#history.push({ key, kind: 'read', value: text, calledAt, returnedAt: performance.now() });
  }
}
