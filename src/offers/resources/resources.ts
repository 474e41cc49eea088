/**
 * The resource algebra (spec page 05, 5.3). Immutable. Invariants of a `Resources`: no entry is empty; two entries of one
 * kind and one allocation role exist only where the kind never merges (MOUNT, BLOCK, identified RAW, persistent volumes);
 * identical shared volumes are one entry with a count. Subtraction takes away what is there and never goes below zero.
 * Results that equal an operand are that operand: callers (the allocator's filters) rely on `===` as a fast path.
 */
import { isRejection, type Rejection } from '../../base/rejection.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { DEFAULT_ROLE } from '../../wire/validation/roles.js';
import { kindOf, type ResourceKind, STANDARD_SCALARS } from './resource-kind.js';
import { formatEntry, parseResourceList } from './resource-text.js';
import {
  addItems,
  addRanges,
  coalesceRanges,
  containsItems,
  containsRanges,
  countRanges,
  fromMilli,
  type ItemList,
  type RangeList,
  sameList,
  sortedItems,
  subtractItems,
  subtractRanges,
  toMilli,
} from './resource-value.js';
import { isAllocatableToRole } from './roles.js';
import { downgradeResource, toEndpointFormat, upgradeResource } from './validation.js';
import { encodeRanges } from './value-text.js';

/** One resource. Which of `milli`, `ranges` and `items` counts follows from `kind.type`; the others are empty. */
export interface ResourceEntry {
  readonly kind: ResourceKind;
  /** `allocation_info.role`; undefined: not allocated. */
  readonly allocationRole: string | undefined;
  /** Thousandths. */
  readonly milli: number;
  readonly ranges: RangeList;
  readonly items: ItemList;
  /** Holders of a shared volume; 1 for everything else. */
  readonly count: number;
}

const NOTHING: readonly never[] = [];

/** From here on pairwise comparison loses against an index. */
const INDEX_THRESHOLD = 256;

export class Resources {
  static readonly empty: Resources = new Resources([]);

  #plain: Resources | undefined;
  /** The last answer of `allocatedTo`: the same agent is offered under the same role again and again. */
  #tagged: Resources | undefined;
  #taggedRole: string | undefined;
  #hasShared: boolean | undefined;
  /** null: there is something else. */
  #standard: readonly number[] | null | undefined;

  private constructor(readonly entries: readonly ResourceEntry[]) {}

  /** Of valid resources (`validateResources`) in POST or PRE format; zero amounts vanish. */
  static of(wire: readonly mesos.Resource[]): Resources {
    return Resources.#merged(wire.map(entryOf));
  }

  /** Reads `cpus:4;mem(eng):1024` or a JSON array of Resource. */
  static parse(text: string, defaultRole: string = DEFAULT_ROLE): Resources | Rejection {
    const listed = parseResourceList(text, defaultRole);
    return isRejection(listed) ? listed : Resources.of(listed);
  }

  static sum(items: Iterable<Resources>): Resources {
    const entries: ResourceEntry[] = [];
    let first: Resources | undefined;
    let others = 0;
    let last: Resources | undefined;
    let times = 0;
    for (const item of items) {
      if (item.isEmpty) continue;
      if (first === undefined) first = item;
      else others++;
      if (item !== last) {
        if (last !== undefined) pushRepeated(entries, last, times);
        last = item;
        times = 0;
      }
      times++;
    }
    if (first === undefined || last === undefined) return Resources.empty;
    if (others === 0) return first;
    pushRepeated(entries, last, times);
    return Resources.#merged(entries);
  }

  static #merged(entries: readonly ResourceEntry[]): Resources {
    const set = new EntrySet([], entries.length);
    for (const entry of entries) set.add(entry);
    return Resources.#from(set.toArray());
  }

  static #from(entries: readonly ResourceEntry[]): Resources {
    return entries.length === 0 ? Resources.empty : new Resources(entries);
  }

  /** There is one empty object, so this does not touch the entries: the allocator asks all the time. */
  get isEmpty(): boolean {
    return this === Resources.empty;
  }

  add(other: Resources): Resources {
    if (this.isEmpty) return other;
    if (other.isEmpty) return this;
    const set = new EntrySet(this.entries, other.entries.length);
    for (const entry of other.entries) set.add(entry);
    return Resources.#from(set.toArray());
  }

  /** Takes away what is there; what is not there is ignored. Whole resources only go as a whole. */
  subtract(other: Resources): Resources {
    if (other === this) return Resources.empty;
    if (this.isEmpty || other.isEmpty) return this;
    const set = new EntrySet(this.entries, other.entries.length);
    for (const entry of other.entries) set.subtract(entry);
    return set.changed ? Resources.#from(set.toArray()) : this;
  }

  /** Whether `other` could be taken away in full. */
  contains(other: Resources): boolean {
    if (other === this || other.isEmpty) return true;
    if (this.isEmpty) return false;
    const set = new EntrySet(this.entries, other.entries.length);
    for (const entry of other.entries) if (!set.take(entry)) return false;
    return true;
  }

  equals(other: Resources): boolean {
    return (
      this === other || (this.entries.length === other.entries.length && this.contains(other) && other.contains(this))
    );
  }

  /** POST format. A shared volume is written once, whatever its count. */
  toWire(): mesos.Resource[] {
    return this.entries.map(encodeEntry);
  }

  /** For reports: reservations that are not refined in the new and in the old form at once. */
  toEndpointFormat(): mesos.Resource[] {
    return toEndpointFormat(this.toWire());
  }

  toPreRefinement(): mesos.Resource[] {
    return this.entries.map(encodePreRefinement);
  }

  /** The same, tagged with `allocation_info.role`. */
  allocatedTo(role: string): Resources {
    if (this.isEmpty) return this;
    if (this.#tagged !== undefined && this.#taggedRole === role) return this.#tagged;
    const plain = this.unallocated();
    if (plain !== this) return plain.allocatedTo(role);
    const tagged = new Resources(this.entries.map((entry) => taggedWith(entry, role)));
    tagged.#plain = this;
    tagged.#standard = this.#standard;
    this.#tagged = tagged;
    this.#taggedRole = role;
    return tagged;
  }

  /** The same without `allocation_info`; entries that differed in nothing else merge. */
  unallocated(): Resources {
    if (this.#plain !== undefined) return this.#plain;
    const isPlain = this.entries.every((entry) => entry.allocationRole === undefined);
    this.#plain = isPlain ? this : Resources.#merged(this.entries.map((entry) => taggedWith(entry, undefined)));
    return this.#plain;
  }

  /** The role all entries are allocated to; undefined when there are several, none, or no entries. */
  get allocationRole(): string | undefined {
    const role = this.entries[0]?.allocationRole;
    for (const entry of this.entries) if (entry.allocationRole !== role) return undefined;
    return role;
  }

  /** By allocation role; what carries none is left out. */
  byAllocationRole(): Map<string, Resources> {
    const only = this.allocationRole;
    if (only !== undefined) return new Map([[only, this]]);
    const entriesOfRole = new Map<string, ResourceEntry[]>();
    for (const entry of this.entries) {
      if (entry.allocationRole === undefined) continue;
      const entries = entriesOfRole.get(entry.allocationRole);
      if (entries === undefined) entriesOfRole.set(entry.allocationRole, [entry]);
      else entries.push(entry);
    }
    const out = new Map<string, Resources>();
    for (const [role, entries] of entriesOfRole)
      out.set(role, entries.length === this.entries.length ? this : new Resources(entries));
    return out;
  }

  /** Returns this very object when every entry passes. */
  filter(predicate: (entry: ResourceEntry) => boolean): Resources {
    const kept = this.entries.filter(predicate);
    return kept.length === this.entries.length ? this : Resources.#from(kept);
  }

  /** Each entry replaced by what `change` makes of it (undefined: dropped); amounts may only shrink. */
  shrinkEach(change: (entry: ResourceEntry) => ResourceEntry | undefined): Resources {
    const kept = this.entries.map(change).filter((entry) => entry !== undefined && !isNothing(entry));
    const same = kept.length === this.entries.length && kept.every((entry, i) => entry === this.entries[i]);
    return same ? this : Resources.#from(kept.filter((entry) => entry !== undefined));
  }

  unreserved(): Resources {
    return this.filter((entry) => entry.kind.reservations.length === 0);
  }

  reserved(): Resources {
    return this.filter((entry) => entry.kind.reservations.length > 0);
  }

  /** Reserved to exactly `role`. */
  reservedTo(role: string): Resources {
    return this.filter((entry) => entry.kind.reservations.length > 0 && entry.kind.reservationRole === role);
  }

  /** Unreserved, or reserved to `role` or one of its ancestors. */
  allocatableTo(role: string): Resources {
    return this.filter((entry) => isAllocatableToRole(entry.kind.reservationRole, role));
  }

  revocable(): Resources {
    return this.filter((entry) => entry.kind.revocable);
  }

  nonRevocable(): Resources {
    return this.filter((entry) => !entry.kind.revocable);
  }

  /**
   * Thousandths of the standard scalars, by their place in `STANDARD_NAMES`, when there is nothing but plain standard resources:
   * none reserved, revocable, shared or on a disk of its own. undefined: something is. Whoever it is allocated to does not matter.
   */
  get standardMilli(): readonly number[] | undefined {
    if (this.#standard === undefined) this.#standard = this.#sumStandard() ?? null;
    return this.#standard ?? undefined;
  }

  #sumStandard(): readonly number[] | undefined {
    if (this.#plain !== undefined && this.#plain !== this) return this.#plain.standardMilli;
    const sums = new Array<number>(STANDARD_SCALARS).fill(0);
    for (const { kind, milli } of this.entries) {
      if (kind.standard < 0) return undefined;
      if (kind.standard < STANDARD_SCALARS) sums[kind.standard] = (sums[kind.standard] ?? 0) + milli;
    }
    return sums;
  }

  /** Whether a shared volume is among them. */
  get hasShared(): boolean {
    if (this.#standard !== undefined && this.#standard !== null) return false;
    this.#hasShared ??= this.entries.some((entry) => entry.kind.shared);
    return this.#hasShared;
  }

  shared(): Resources {
    return this.hasShared ? this.filter((entry) => entry.kind.shared) : Resources.empty;
  }

  nonShared(): Resources {
    return this.hasShared ? this.filter((entry) => !entry.kind.shared) : this;
  }

  persistentVolumes(): Resources {
    return this.filter((entry) => entry.kind.isPersistentVolume);
  }

  /** Sum over all scalar entries of that name, in its natural unit (cores, MB). 0 when there is none. */
  scalar(name: string): number {
    return fromMilli(this.scalarMilli(name));
  }

  /** As `scalar`, in thousandths. */
  scalarMilli(name: string): number {
    let milli = 0;
    for (const entry of this.entries)
      if (entry.kind.name === name && entry.kind.type === 'SCALAR') milli += entry.milli;
    return milli;
  }

  /** Sums of the scalars by name, in natural units. A shared volume counts once. */
  scalars(): ReadonlyMap<string, number> {
    return sumByName(this.entries.filter((entry) => entry.kind.type === 'SCALAR'));
  }

  /** As `scalars`, with ranges counted by integers and sets by items. */
  quantities(): ReadonlyMap<string, number> {
    return sumByName(this.entries);
  }

  /** As `quantities` for one name, in thousandths. */
  quantityMilli(name: string): number {
    let milli = 0;
    for (const entry of this.entries) if (entry.kind.name === name) milli += entryQuantityMilli(entry);
    return milli;
  }

  /** All ranges of that name together, as flat inclusive pairs. */
  ranges(name: string): RangeList {
    return this.entries
      .filter((entry) => entry.kind.name === name && entry.kind.type === 'RANGES')
      .reduce<RangeList>((sum, entry) => addRanges(sum, entry.ranges), NOTHING);
  }

  names(): ReadonlySet<string> {
    return new Set(this.entries.map((entry) => entry.kind.name));
  }

  /** One line; `{}` when empty. */
  toString(): string {
    return this.isEmpty ? '{}' : this.entries.map(formatEntry).join('; ');
  }
}

/** Amount in thousandths: of the scalar, of the integers in ranges, of the items in a set. */
export function entryQuantityMilli(entry: ResourceEntry): number {
  switch (entry.kind.type) {
    case 'SCALAR':
      return entry.milli;
    case 'RANGES':
      return countRanges(entry.ranges) * 1000;
    case 'SET':
      return entry.items.length * 1000;
  }
}

function sumByName(entries: readonly ResourceEntry[]): Map<string, number> {
  const milliOfName = new Map<string, number>();
  for (const entry of entries)
    milliOfName.set(entry.kind.name, (milliOfName.get(entry.kind.name) ?? 0) + entryQuantityMilli(entry));
  return new Map([...milliOfName].map(([name, milli]) => [name, fromMilli(milli)]));
}

function entryOf(resource: mesos.Resource): ResourceEntry {
  const upgraded = upgradeResource(resource);
  const { ranges, set, scalar, allocation_info } = upgraded;
  return {
    kind: kindOf(upgraded),
    allocationRole: allocation_info?.role,
    milli: toMilli(scalar?.value ?? 0),
    ranges: ranges === undefined ? NOTHING : rangesOf(ranges),
    items: set === undefined ? NOTHING : sortedItems(set.item ?? []),
    count: 1,
  };
}

function rangesOf({ range }: mesos.Value_Ranges): RangeList {
  return coalesceRanges((range ?? []).map(({ begin, end }) => [Number(begin), Number(end)] as const));
}

function encodeEntry(entry: ResourceEntry): mesos.Resource {
  const out = encodeUnreserved(entry);
  const { reservations } = entry.kind;
  if (reservations.length > 0) out.reservations = [...reservations];
  return out;
}

/** As `toPreRefinement` of resources/validation writes it, without the copies: there is one for each resource of each offer. */
function encodePreRefinement(entry: ResourceEntry): mesos.Resource {
  if (entry.kind.reservations.length > 0) return downgradeResource(encodeEntry(entry));
  const out = encodeUnreserved(entry);
  out.role = DEFAULT_ROLE;
  return out;
}

function encodeUnreserved(entry: ResourceEntry): mesos.Resource {
  const kind = entry.kind;
  const out: mesos.Resource = { name: kind.name, type: kind.type };
  if (kind.type === 'SCALAR') out.scalar = { value: fromMilli(entry.milli) };
  else if (kind.type === 'RANGES') out.ranges = encodeRanges(entry.ranges);
  else out.set = { item: [...entry.items] };
  if (kind.disk !== undefined) out.disk = kind.disk;
  if (kind.revocable) out.revocable = {};
  if (kind.shared) out.shared = {};
  if (entry.allocationRole !== undefined) out.allocation_info = { role: entry.allocationRole };
  if (kind.providerId !== undefined) out.provider_id = { value: kind.providerId };
  return out;
}

function isNothing(entry: ResourceEntry): boolean {
  return entryQuantityMilli(entry) <= 0 || entry.count <= 0;
}

function sameKind(left: ResourceEntry, right: ResourceEntry): boolean {
  return (left.kind === right.kind || left.kind.key === right.kind.key) && left.allocationRole === right.allocationRole;
}

function sameAmount(left: ResourceEntry, right: ResourceEntry): boolean {
  return left.milli === right.milli && sameList(left.ranges, right.ranges) && sameList(left.items, right.items);
}

function hasAmount(left: ResourceEntry, right: ResourceEntry): boolean {
  if (left.kind.type === 'SCALAR') return left.milli >= right.milli;
  if (left.kind.type === 'RANGES') return containsRanges(left.ranges, right.ranges);
  return containsItems(left.items, right.items);
}

// Entries are made member by member: a spread of the old one costs twenty times as much, and these are made for every task.

function withMilli({ kind, allocationRole, ranges, items, count }: ResourceEntry, milli: number): ResourceEntry {
  return { kind, allocationRole, milli, ranges, items, count };
}

function withRanges({ kind, allocationRole, milli, items, count }: ResourceEntry, ranges: RangeList): ResourceEntry {
  return { kind, allocationRole, milli, ranges, items, count };
}

function withItems({ kind, allocationRole, milli, ranges, count }: ResourceEntry, items: ItemList): ResourceEntry {
  return { kind, allocationRole, milli, ranges, items, count };
}

function withCount({ kind, allocationRole, milli, ranges, items }: ResourceEntry, count: number): ResourceEntry {
  return { kind, allocationRole, milli, ranges, items, count };
}

function taggedWith(entry: ResourceEntry, allocationRole: string | undefined): ResourceEntry {
  const { kind, milli, ranges, items, count } = entry;
  return { kind, allocationRole, milli, ranges, items, count };
}

function plus(left: ResourceEntry, right: ResourceEntry): ResourceEntry {
  if (left.kind.type === 'SCALAR') return withMilli(left, left.milli + right.milli);
  if (left.kind.type === 'RANGES') return withRanges(left, addRanges(left.ranges, right.ranges));
  return withItems(left, addItems(left.items, right.items));
}

function minus(left: ResourceEntry, right: ResourceEntry): ResourceEntry {
  if (left.kind.type === 'SCALAR') return withMilli(left, Math.max(0, left.milli - right.milli));
  if (left.kind.type === 'RANGES') return withRanges(left, subtractRanges(left.ranges, right.ranges));
  return withItems(left, subtractItems(left.items, right.items));
}

/** The entries of one object that many holders share, at once where amounts simply add up. */
function pushRepeated(entries: ResourceEntry[], { entries: own }: Resources, times: number): void {
  for (const entry of own) {
    const { kind } = entry;
    if (kind.type === 'SCALAR' && !kind.whole && !kind.shared) entries.push(withMilli(entry, entry.milli * times));
    else for (let i = 0; i < times; i++) entries.push(entry);
  }
}

/**
 * Scratch of one operation: the entries of the left operand while those of the right one are worked in.
 * Looks entries up pairwise, or by key when there are many of them.
 */
class EntrySet {
  changed = false;
  /** The operand's own until something is written. */
  #entries: readonly (ResourceEntry | undefined)[];
  #written: (ResourceEntry | undefined)[] | undefined;
  #hasHoles = false;
  /** Slots of `#entries` by key, shared between allocation roles; only for large operands. */
  readonly #slotsOfKey: Map<string, number[]> | undefined;

  constructor(entries: readonly ResourceEntry[], expected: number) {
    this.#entries = entries;
    if (Math.max(entries.length, expected) * expected <= INDEX_THRESHOLD) return;
    this.#slotsOfKey = new Map();
    for (const [slot, entry] of entries.entries()) this.#index(entry, slot);
  }

  toArray(): readonly ResourceEntry[] {
    // Without holes every slot is an entry.
    return this.#hasHoles
      ? this.#entries.filter((entry) => entry !== undefined)
      : (this.#entries as readonly ResourceEntry[]);
  }

  add(entry: ResourceEntry): void {
    if (isNothing(entry)) return;
    this.changed = true;
    // A whole resource stays beside its equals; a shared one is counted when it is the same volume of the same size.
    const slot = entry.kind.whole && !entry.kind.shared ? -1 : this.#find(entry, entry.kind.shared);
    const held = this.#entries[slot];
    if (held === undefined) {
      this.#index(entry, this.#entries.length);
      this.#write(this.#entries.length, entry);
    } else {
      this.#write(slot, entry.kind.shared ? withCount(held, held.count + entry.count) : plus(held, entry));
    }
  }

  /** Takes away as much of `entry` as is there. */
  subtract(entry: ResourceEntry): void {
    const slot = this.#find(entry, entry.kind.whole || entry.kind.shared);
    const held = this.#entries[slot];
    if (held === undefined) return;
    this.changed = true;
    this.#replace(slot, held, entry);
  }

  /** Takes `entry` away when all of it is there; returns whether it was. */
  take(entry: ResourceEntry): boolean {
    const slot = this.#find(entry, entry.kind.whole || entry.kind.shared);
    const held = this.#entries[slot];
    if (held === undefined) return false;
    if (entry.kind.shared) return held.count >= entry.count;
    // Mergeable entries are unique in the right operand: only whole ones need be struck off.
    if (entry.kind.whole) this.#write(slot, undefined);
    return hasAmount(held, entry);
  }

  #replace(slot: number, held: ResourceEntry, gone: ResourceEntry): void {
    if (held.kind.shared) {
      const count = held.count - gone.count;
      this.#write(slot, count > 0 ? withCount(held, count) : undefined);
    } else if (held.kind.whole) {
      this.#write(slot, undefined);
    } else {
      const left = minus(held, gone);
      this.#write(slot, isNothing(left) ? undefined : left);
    }
  }

  #write(slot: number, entry: ResourceEntry | undefined): void {
    if (this.#written === undefined) {
      this.#written = this.#entries.slice();
      this.#entries = this.#written;
    }
    this.#written[slot] = entry;
    if (entry === undefined) this.#hasHoles = true;
  }

  /** Slot of an entry of the same kind (and amount, if `exact`); -1 when there is none. */
  #find(entry: ResourceEntry, exact: boolean): number {
    if (this.#slotsOfKey !== undefined) {
      for (const slot of this.#slotsOfKey.get(entry.kind.key) ?? NOTHING)
        if (this.#matches(this.#entries[slot], entry, exact)) return slot;
      return -1;
    }
    for (let slot = 0; slot < this.#entries.length; slot++)
      if (this.#matches(this.#entries[slot], entry, exact)) return slot;
    return -1;
  }

  #matches(held: ResourceEntry | undefined, entry: ResourceEntry, exact: boolean): boolean {
    return held !== undefined && sameKind(held, entry) && (!exact || sameAmount(held, entry));
  }

  #index(entry: ResourceEntry, slot: number): void {
    if (this.#slotsOfKey === undefined) return;
    const slots = this.#slotsOfKey.get(entry.kind.key);
    if (slots === undefined) this.#slotsOfKey.set(entry.kind.key, [slot]);
    else slots.push(slot);
  }
}
