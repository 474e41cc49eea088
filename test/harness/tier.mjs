// The runner of the tiers that vitest does not run (interop, guest): a list of named cases, one after the other, each with
// a deadline, and the closing line `N passed, N failed, N skipped`. Vitest takes ten times longer to start in a guest.
import { messageAndCause } from './failure.mjs';

const DEFAULT_DEADLINE_MS = 120_000;

export class Tier {
  #cases = [];
  #counts = { passed: 0, failed: 0, skipped: 0 };
  #only;

  /** `only`: run the cases whose name holds this text. */
  constructor(name, ...only) {
    this.name = name;
    this.#only = only.length > 0 ? only[0] : process.argv[2];
  }

  /** Adds a case. `options.skip`: a text says why it cannot run here. */
  add(name, run, options = {}) {
    this.#cases.push({ name, run, options });
  }

  /** Runs all cases and sets the exit status. `teardown` runs at the end, whatever happened. */
  async run(teardown = () => undefined) {
    for (const one of this.#cases) {
      if (this.#only !== undefined && !one.name.includes(this.#only)) continue;
      await this.#runCase(one);
    }
    try {
      await teardown();
    } catch (error) {
      this.#report('failed', `${this.name}: cleaning up`, messageAndCause(error));
    }
    this.close();
  }

  /** Prints the closing line of what ran so far. */
  close() {
    const { passed, failed, skipped } = this.#counts;
    if (passed + failed + skipped === 0) console.log(`${this.name}: no case ran`);
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    process.exitCode = failed > 0 || passed + skipped === 0 ? 1 : 0;
  }

  async #runCase({ name, run, options }) {
    if (options.skip !== undefined) return this.#report('skipped', name, options.skip);
    const started = performance.now();
    try {
      const note = await withDeadline(run(), options.deadlineMs ?? DEFAULT_DEADLINE_MS);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      this.#report('passed', name, [`${seconds} s`, note].filter(Boolean).join(', '));
    } catch (error) {
      this.#report('failed', name, messageAndCause(error));
    }
  }

  #report(outcome, name, detail) {
    this.#counts[outcome] += 1;
    console.log(`${outcome}: ${name}${detail === undefined || detail === '' ? '' : ` (${detail})`}`);
  }
}

async function withDeadline(promise, deadlineMs) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
