/**
 * Plays a script on a few directories and writes down all they do. Time stands still unless a command moves it; messages and
 * disks wait until they are told to go on. Ids are made of a name and the number of its directory: m1.1, m1.2.
 *
 *   start m1 peers m1 m2 m3   a directory begins, or begins again; `join` instead of peers: it waits for a leader
 *   second m1 ...            another directory of a name that runs begins
 *   meet                      everybody introduces itself to everybody
 *   deliver [m1.1>m2.1 ...] [drop]   messages of these links (all links), once; with `drop` they are lost
 *   persist [m1.1 ...]        what these disks were asked for is durable
 *   stabilize                 deliver and persist until nothing is left
 *   elapse MS                 time passes for all
 *   crash m1.1 | wipe m1      the process ends; the disk of the newest m1 is lost, the next start makes another directory
 *   lead m1.1                 its Raft core says that it leads, with the configuration of its disk
 *   hear m2.1 ...             the leader has just heard of these, and of nobody else
 *   changed m3.2 ...          the leader's change is committed; learners and voters are then as asked for
 *   show                      standings
 */
import { present } from '../../../src/base/assert.js';
import { isRejection } from '../../../src/base/rejection.js';
import {
  type Admission,
  createAdmission,
  DEFAULT_ADMISSION_TIMING,
} from '../../../src/raft/core/bootstrap/admission.js';
import {
  type Bootstrap,
  createBootstrap,
  DEFAULT_BOOTSTRAP_TIMING,
} from '../../../src/raft/core/bootstrap/bootstrap.js';
import type {
  AdmissionEffect,
  AdmissionEvent,
  BootstrapEffect,
  BootstrapEvent,
  BootstrapMessage,
  Followers,
  Introduction,
} from '../../../src/raft/core/bootstrap/protocol.js';
import type { Configuration } from '../../../src/raft/core/configuration.js';
import { isJoint } from '../../../src/raft/core/configuration.js';
import { changedConfiguration, leftConfiguration } from '../../../src/raft/core/membership.js';
import type { MembershipChange } from '../../../src/raft/core/protocol.js';
import { Disk } from '../../sim/disk.js';

interface Directory {
  readonly id: string;
  readonly name: string;
  readonly disk: Disk;
  bootstrap: Bootstrap | undefined;
  isWriting: boolean;
}

interface Sent {
  readonly from: Introduction;
  readonly to: string;
  readonly message: BootstrapMessage;
}

export class Script {
  readonly #directories = new Map<string, Directory>();
  readonly #current = new Map<string, Directory>();
  readonly #births = new Map<string, number>();
  #queue: Sent[] = [];
  #lines: string[] = [];
  #nowMs = 0;
  #clusters = 0;
  #leader: { readonly id: string; readonly admission: Admission; configuration: Configuration } | undefined;
  #change: readonly MembershipChange[] = [];
  #heard = new Map<string, { match: number; heardMs: number }>();

  /** Performs one command; returns the trace. */
  run(command: string): string[] {
    this.#lines = [];
    const [verb = '', ...words] = command.trim().split(/\s+/);
    this.#perform(verb, words);
    return this.#lines.length === 0 ? ['ok'] : this.#lines;
  }

  #perform(verb: string, words: readonly string[]): void {
    const [first = '', ...rest] = words;
    switch (verb) {
      case 'start':
        this.#start(first, rest);
        return;
      case 'second':
        this.#current.delete(first);
        this.#start(first, rest);
        return;
      case 'meet':
        this.#meet();
        return;
      case 'deliver':
        this.#deliver(words);
        return;
      case 'persist':
        for (const directory of words.length === 0 ? this.#running() : words.map((id) => this.#directory(id)))
          this.#persist(directory);
        return;
      case 'stabilize':
        for (
          let round = 0;
          round < 50 && (this.#queue.length > 0 || this.#running().some((one) => one.isWriting));
          round++
        ) {
          for (const directory of this.#running()) this.#persist(directory);
          this.#deliver([]);
        }
        return;
      case 'elapse':
        this.#nowMs += Number(first);
        for (const directory of this.#running()) this.#step(directory, [{ kind: 'tick' }]);
        this.#stepLeader([this.#followers(), { kind: 'tick' }]);
        return;
      case 'crash':
        this.#crash(this.#directory(first));
        return;
      case 'wipe':
        this.#crash(present(this.#current.get(first), 'a directory'));
        this.#current.delete(first);
        return;
      case 'lead':
        this.#lead(first);
        return;
      case 'hear':
        for (const id of words) this.#heard.set(id, { match: 1, heardMs: this.#nowMs });
        this.#stepLeader([this.#followers()]);
        return;
      case 'changed':
        this.#applyChange();
        return;
      case 'show':
        for (const { id, disk } of this.#current.values()) {
          const { standing } = disk;
          this.#lines.push(`${id} ${standing.kind}${standing.kind === 'empty' ? '' : ` ${standing.clusterId}`}`);
        }
        return;
      default:
        throw new Error(`unknown command ${verb}`);
    }
  }

  #start(name: string, words: readonly string[]): void {
    const directory = this.#current.get(name) ?? this.#bear(name);
    const { base } = directory.disk.stored();
    const peers =
      words[0] === 'peers' ? words.slice(1).map((one) => ({ name: one, address: `${one}:5060` })) : undefined;
    directory.bootstrap = createBootstrap({
      member: { id: directory.id, name, address: `${name}:5060` },
      peers,
      isJoining: words[0] === 'join',
      standing: directory.disk.standing,
      first: base.configuration,
      features: 1,
      newClusterId: () => `c${++this.#clusters}`,
      timing: DEFAULT_BOOTSTRAP_TIMING,
    });
    this.#step(directory, [{ kind: 'tick' }]);
  }

  #bear(name: string): Directory {
    const birth = (this.#births.get(name) ?? 0) + 1;
    this.#births.set(name, birth);
    const directory = { id: `${name}.${birth}`, name, disk: new Disk(), bootstrap: undefined, isWriting: false };
    this.#directories.set(directory.id, directory);
    this.#current.set(name, directory);
    return directory;
  }

  #running(): readonly Directory[] {
    return [...this.#directories.values()].filter(({ bootstrap }) => bootstrap !== undefined);
  }

  #directory(id: string): Directory {
    return present(this.#directories.get(id), `there is no directory ${id}`);
  }

  #meet(): void {
    for (const from of this.#running())
      for (const to of this.#running()) {
        if (from === to || from.bootstrap === undefined || to.bootstrap === undefined) continue;
        const { introduction } = from.bootstrap;
        this.#step(to, [{ kind: 'introduction', introduction }]);
        if (to.id === this.#leader?.id) this.#stepLeader([{ kind: 'introduction', introduction }]);
      }
  }

  #step(directory: Directory, events: readonly BootstrapEvent[]): void {
    const effects = directory.bootstrap?.step(events, { monotonicMs: this.#nowMs, unixMs: this.#nowMs }) ?? [];
    for (const effect of effects) this.#take(directory, effect);
  }

  #take(directory: Directory, effect: BootstrapEffect): void {
    const { id } = directory;
    switch (effect.kind) {
      case 'keep-standing':
        this.#lines.push(
          `${id} keeps ${effect.standing.kind}${effect.standing.kind === 'empty' ? '' : ` ${effect.standing.clusterId}`}`,
        );
        directory.disk.submitStanding(effect.standing, effect.configuration);
        directory.isWriting = true;
        return;
      case 'send':
        this.#lines.push(`${id} sends ${id}>${effect.to} ${describeMessage(effect.message)}`);
        this.#queue.push({
          from: present(directory.bootstrap, 'it runs').introduction,
          to: effect.to,
          message: effect.message,
        });
        return;
      case 'introduce':
        return;
      case 'start':
        this.#lines.push(`${id} starts in ${effect.clusterId}: ${describeConfiguration(effect.configuration)}`);
        return;
      case 'give-up':
        this.#lines.push(`${id} gives up, ${effect.code}: ${effect.message}; ${effect.suggestion}`);
        this.#crash(directory);
        return;
      case 'log':
        this.#lines.push(`${id} logs ${effect.message} ${JSON.stringify(effect.fields)}`);
        return;
    }
  }

  #persist(directory: Directory): void {
    if (!directory.isWriting) return;
    directory.isWriting = false;
    directory.disk.syncStanding();
    this.#step(directory, [{ kind: 'standing-kept' }]);
  }

  #deliver(words: readonly string[]): void {
    const links = words.filter((word) => word !== 'drop');
    const matches = ({ from, to }: Sent) => links.length === 0 || links.includes(`${from.member.id}>${to}`);
    const now = this.#queue.filter(matches);
    this.#queue = this.#queue.filter((sent) => !matches(sent));
    for (const { from, to, message } of now) {
      const directory = this.#directory(to);
      if (words.includes('drop') || directory.bootstrap === undefined)
        this.#lines.push(`lost: ${from.member.id}>${to} ${describeMessage(message)}`);
      else this.#step(directory, [{ kind: 'message', from, message }]);
    }
  }

  #crash(directory: Directory): void {
    directory.bootstrap = undefined;
    directory.isWriting = false;
    directory.disk.crash({ next: () => 0.9 });
    for (const other of this.#running()) this.#step(other, [{ kind: 'disconnected', id: directory.id }]);
    this.#stepLeader([{ kind: 'disconnected', id: directory.id }]);
  }

  #lead(id: string): void {
    const { disk } = this.#directory(id);
    const { configuration } = disk.stored().base;
    const clusterId = disk.standing.kind === 'member' ? disk.standing.clusterId : '';
    const admission = createAdmission({
      member: present(
        configuration.members.find((known) => known.id === id),
        'a leader is a member',
      ),
      clusterId,
      configuration,
      maxRequests: 4,
      timing: DEFAULT_ADMISSION_TIMING,
    });
    this.#leader = { id, admission, configuration };
    for (const voter of configuration.voters)
      if (voter !== id) this.#heard.set(voter, { match: 0, heardMs: this.#nowMs });
    this.#stepLeader([this.#followers()]);
  }

  #followers(): AdmissionEvent {
    const followers: Followers = new Map([...this.#heard].map(([id, known]) => [id, { ...known }]));
    return { kind: 'followers', followers };
  }

  #stepLeader(events: readonly AdmissionEvent[]): void {
    const leader = this.#leader;
    const now = { monotonicMs: this.#nowMs, unixMs: this.#nowMs };
    for (const effect of leader?.admission.step(events, now) ?? []) this.#carryOut(leader?.id ?? '', effect);
  }

  #carryOut(id: string, effect: AdmissionEffect): void {
    if (effect.kind === 'send') {
      this.#lines.push(`${id} sends ${id}>${effect.to} ${describeMessage(effect.message)}`);
      const { bootstrap } = this.#directory(id);
      this.#queue.push({ from: present(bootstrap, 'it runs').introduction, to: effect.to, message: effect.message });
    } else if (effect.kind === 'change-membership') {
      this.#change = effect.changes;
      this.#lines.push(`${id} changes ${effect.changes.map(describeChange).join(' ')}`);
    }
  }

  #applyChange(): void {
    const leader = present(this.#leader, 'somebody leads');
    const changed = changedConfiguration(leader.configuration, this.#change);
    if (isRejection(changed)) throw new Error(changed.message);
    leader.configuration = isJoint(changed) ? leftConfiguration(changed) : changed;
    this.#lines.push(`${leader.id} is configured: ${describeConfiguration(leader.configuration)}`);
    this.#stepLeader([{ kind: 'configured', configuration: leader.configuration }, { kind: 'changed' }]);
  }
}

function describeChange(change: MembershipChange): string {
  return 'member' in change ? `${change.kind} ${change.member.id}` : `${change.kind} ${change.id}`;
}

function describeConfiguration({ voters, learners }: Configuration): string {
  return `voters ${voters.join(' ') || '-'}${learners.length === 0 ? '' : ` | learners ${learners.join(' ')}`}`;
}

function describeMessage(message: BootstrapMessage): string {
  switch (message.kind) {
    case 'prepare': {
      const replaces = message.replaces === undefined ? '' : ` replaces ${message.replaces}`;
      return `prepare ${message.clusterId}${replaces}: ${describeConfiguration(message.configuration)}`;
    }
    case 'promise':
      return `promise ${message.clusterId} ${message.isGranted ? 'granted' : `refused, promised ${message.promised ?? '-'}`}`;
    case 'found':
      return `found ${message.clusterId}: ${describeConfiguration(message.configuration)}`;
    case 'admit':
      return `admit ${message.clusterId}`;
    case 'refuse':
      return `refuse ${message.code}: ${message.message}`;
  }
}
