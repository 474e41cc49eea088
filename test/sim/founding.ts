/**
 * The first hour: members start together or one after the other, over a network and on disks that may be bad, crash, and lose
 * their disks in the middle of it. However bad it was, a cluster must be founded soon after the trouble is over.
 */
import type { Random } from '../../src/base/random.js';
import type { BootstrapMessage } from '../../src/raft/core/bootstrap/protocol.js';
import type { MemberId } from '../../src/raft/core/configuration.js';
import { Violation } from './checkers.js';
import type { Cluster } from './cluster.js';
import type { Member } from './member.js';

const TROUBLE_MS = 8_000;
const PATIENCE_MS = 40_000;

export class Founding {
  #isOver = false;
  /** How often the moments that matter most are struck. */
  readonly #malice: number;
  /** They may lose their disks, as often as it happens: too few to lose a cluster. */
  readonly #fragile: readonly string[];

  constructor(
    private readonly cluster: Cluster,
    private readonly random: Random,
  ) {
    const names = cluster.roster.peers.map(({ name }) => name);
    const most = Math.floor((names.length - 1) / 2);
    // Mostly the coordinator: nobody else decides anything.
    const offset = random.next() < 0.7 ? 0 : Math.floor(random.next() * names.length);
    this.#fragile = Array.from({ length: most }, (_, i) => names[(offset + i) % names.length] ?? '');
    this.#malice = random.next() < 0.4 ? 0 : random.next();
  }

  run(isFounded: () => boolean): void {
    const { cluster, random } = this;
    const { schedule, roster } = cluster;
    const spreadMs = random.next() < 0.5 ? 0 : random.next() * 5_000;
    for (const member of roster.members.values())
      schedule.after(random.next() * spreadMs, () => roster.maybeStart(member));
    if (this.#malice > 0) {
      if (random.next() < 0.7) cluster.spoilNetwork(TROUBLE_MS);
      if (random.next() < 0.7) cluster.slowDisk(TROUBLE_MS);
      const troubles = random.next() * 10 * this.#malice;
      for (let i = 0; i < troubles; i++) schedule.after(random.next() * TROUBLE_MS, () => this.#trouble());
    }
    schedule.after(TROUBLE_MS, () => {
      if (this.#isOver) return;
      cluster.calm();
      for (const { name } of roster.peers) {
        const member = roster.current(name);
        if (member?.isUp === false) member.start();
      }
    });
    while (!isFounded() && schedule.nowMs < PATIENCE_MS && schedule.run()) {}
    if (!isFounded()) throw new Violation(`liveness: nothing is founded ${PATIENCE_MS / 1_000} s after the start`);
    this.#isOver = true;
    cluster.calm();
  }

  /** A promise was just given, a proposal just made. */
  onMessage(from: MemberId, message: BootstrapMessage): void {
    if (message.kind === 'promise' && message.isGranted) this.#strike(from, 0.15);
    else if (message.kind === 'prepare') this.#strike(from, 0.05);
  }

  /** It has just become a member, and maybe nobody knows. */
  onMember({ id }: Member): void {
    const { cluster, random } = this;
    // What it says of it may come late, when another directory has its name.
    if (!this.#isOver && random.next() < this.#malice)
      for (const { id: other } of cluster.roster.running())
        if (other !== id && random.next() < 0.7) cluster.clogLink(id, other, random.next() * 1_500);
    this.#strike(id, 0.5);
  }

  #strike(id: MemberId, probability: number): void {
    const { cluster, random } = this;
    if (this.#isOver || cluster.schedule.nowMs > TROUBLE_MS || random.next() >= probability * this.#malice) return;
    const member = cluster.roster.members.get(id);
    cluster.schedule.after(random.next() ** 3 * 20, () => {
      if (!this.#isOver && member?.isUp === true) this.#hit(member);
    });
  }

  #trouble(): void {
    const { cluster, random } = this;
    if (this.#isOver) return;
    const draw = random.next();
    const durationMs = random.next() ** 2 * 2_000;
    if (draw < 0.1) cluster.crashAll(durationMs);
    else if (draw < 0.3) cluster.partition(durationMs, random.next() < 0.5);
    else if (draw < 0.5) cluster.clog(durationMs);
    else {
      const running = cluster.roster.running();
      const member = running[Math.floor(random.next() * running.length)];
      if (member !== undefined) this.#hit(member);
    }
  }

  #hit(member: Member): void {
    if (this.#fragile.includes(member.name) && this.random.next() < 0.6) this.cluster.wipeNode(member.name, 300);
    else this.cluster.crash(member, this.random.next() ** 2 * 600);
  }
}
