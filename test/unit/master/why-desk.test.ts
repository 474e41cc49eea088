// How the shell asks the allocator why: in slices with turns between them, one question at a time, in a bounded line.
import { describe, expect, it } from 'vitest';
import { createWhyDesk, type WhySite } from '../../../src/daemon/master/http/why.js';
import type { Answer, Explanation } from '../../../src/offers/explain/answer.js';
import { Harness } from './support/harness.js';

const ANSWER: Answer = {
  summary: 'Nothing.',
  firstStep: 'Wait.',
  commands: [],
  reasons: [],
  findings: [],
  agents: 0,
  available: 0,
};
const PIECES = 1_000;
const nobodyLeft = () => false;

/** Every look at the clock takes a millisecond; an explanation has PIECES pieces. */
class Site implements WhySite {
  nowMs = 0;
  kind: 'leading' | 'recovering' = 'leading';
  /** Explanations begun, and pieces of all of them with whether others could act before each. */
  begun = 0;
  readonly pieces: boolean[] = [];
  harness = new Harness();

  readonly clock = { now: () => ({ monotonicMs: ++this.nowMs, unixMs: this.nowMs }) };
  leader = () => ({ kind: this.kind, term: 1, clusterId: 'c' }) as ReturnType<WhySite['leader']>;
  view = () => this.harness.core.view;
  explainInSlices = () => this.#work();

  *#work(): Explanation {
    this.begun++;
    for (let piece = 0; piece < PIECES; piece++) this.pieces.push((yield) !== undefined);
    return ANSWER;
  }
}

describe('the desk where WHY is answered', () => {
  it('does a few milliseconds of work between two turns of the event loop', async () => {
    const site = new Site();
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const answer = await createWhyDesk()(site, {}, nobodyLeft);
    isDone = true;
    expect(answer).toMatchObject({ summary: 'Nothing.' });
    const slices = site.pieces.filter((isResumed) => isResumed).length;
    // A slice is 4 ms, a look at the clock a millisecond of 32 pieces.
    expect(slices).toBeGreaterThanOrEqual(PIECES / (32 * 5));
    expect(turns).toBeGreaterThanOrEqual(slices);
  });

  it('answers one after the other and refuses what is too much', async () => {
    const site = new Site();
    const ask = createWhyDesk();
    const asked = Array.from({ length: 40 }, () => ask(site, {}, nobodyLeft));
    await asked[0];
    expect(site.begun).toBeLessThanOrEqual(2);
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => 'summary' in answer)).toHaveLength(32);
    expect(answers.slice(32)).toEqual(Array(8).fill(expect.objectContaining({ code: 'unavailable' })));
    expect(await ask(site, {}, nobodyLeft)).toMatchObject({ summary: 'Nothing.' });
  });

  it.each([
    ['the time is over', 'unavailable', /too busy/, (site: Site) => (site.nowMs += 11_000)],
    ['the master leads no more', 'unavailable', /leader changed/, (site: Site) => (site.kind = 'recovering')],
    ['another term began', 'unavailable', /leader changed/, (site: Site) => (site.harness = new Harness())],
  ])('gives up when %s', async (_, code, message, change) => {
    const site = new Site();
    const answer = createWhyDesk()(site, {}, nobodyLeft);
    setImmediate(() => change(site));
    expect(await answer).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(site.pieces.length).toBeLessThan(PIECES);
  });

  it('gives up what nobody waits for, and goes on with the next', async () => {
    const site = new Site();
    const ask = createWhyDesk();
    const [left, other] = [ask(site, {}, () => site.pieces.length > 0), ask(site, {}, nobodyLeft)];
    expect(await left).toMatchObject({ code: 'unavailable' });
    expect(await other).toMatchObject({ summary: 'Nothing.' });
  });

  it('says that what it is asked about is gone by now', async () => {
    const site = new Site();
    const scheduler = site.harness.scheduler();
    scheduler.subscribe();
    const question = { framework_id: { value: scheduler.id } };
    const frameworks = site.view().frameworks as Map<string, never>;
    const answer = createWhyDesk()(site, question, nobodyLeft);
    setImmediate(() => frameworks.delete(scheduler.id));
    expect(await answer).toMatchObject({ code: 'not-found' });
    expect(site.begun).toBe(1);
  });
});
