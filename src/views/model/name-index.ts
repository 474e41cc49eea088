/**
 * Names of agents or frameworks, and who refers to them: the tasks and offers whose rows must follow when a name becomes known or
 * changes. A name is kept as long as something refers to it, so that a task still tells its host when its agent is gone. Pure.
 */
interface Known {
  name: string;
  isPresent: boolean;
  readonly tasks: Set<string>;
  readonly offers: Set<string>;
  /** Of the tasks, those that have not ended. */
  liveTasks: number;
}

const NONE: ReadonlySet<string> = new Set();

export class NameIndex {
  readonly #known = new Map<string, Known>();

  /** '' if it is not known. */
  nameOf(id: string): string {
    return this.#known.get(id)?.name ?? '';
  }

  /** Keys of tasks, ended ones too. */
  tasksOf(id: string): ReadonlySet<string> {
    return this.#known.get(id)?.tasks ?? NONE;
  }

  offersOf(id: string): ReadonlySet<string> {
    return this.#known.get(id)?.offers ?? NONE;
  }

  liveTasksOf(id: string): number {
    return this.#known.get(id)?.liveTasks ?? 0;
  }

  /** It is there, by this name; unset or '': by the one it had. Returns whether the name changed. */
  setName(id: string, name: string | undefined): boolean {
    const known = this.#ensure(id);
    known.isPresent = true;
    if (name === undefined || name === '' || name === known.name) return false;
    known.name = name;
    return true;
  }

  removeName(id: string): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    known.isPresent = false;
    this.#maybeForget(id, known);
  }

  addTask(id: string, key: string, isLive: boolean): void {
    const known = this.#ensure(id);
    known.tasks.add(key);
    if (isLive) known.liveTasks++;
  }

  /** A task that refers to it ended, or lives again. */
  changeLive(id: string, by: 1 | -1): void {
    const known = this.#known.get(id);
    if (known !== undefined) known.liveTasks += by;
  }

  removeTask(id: string, key: string, wasLive: boolean): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    known.tasks.delete(key);
    if (wasLive) known.liveTasks--;
    this.#maybeForget(id, known);
  }

  addOffer(id: string, key: string): void {
    this.#ensure(id).offers.add(key);
  }

  removeOffer(id: string, key: string): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    known.offers.delete(key);
    this.#maybeForget(id, known);
  }

  #ensure(id: string): Known {
    let known = this.#known.get(id);
    if (known === undefined) {
      known = { name: '', isPresent: false, tasks: new Set(), offers: new Set(), liveTasks: 0 };
      this.#known.set(id, known);
    }
    return known;
  }

  #maybeForget(id: string, known: Known): void {
    if (!known.isPresent && known.tasks.size === 0 && known.offers.size === 0) this.#known.delete(id);
  }
}
