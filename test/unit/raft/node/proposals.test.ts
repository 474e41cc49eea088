import { describe, expect, test } from 'vitest';
import { Proposals } from '../../../../src/raft/node/proposals.js';

const result = (text: string) => new TextEncoder().encode(text);

describe('Proposals', () => {
  test('the answer of the state machine goes to whoever proposed the entry', () => {
    const proposals = new Proposals();
    proposals.proposed(7, 3, 10);
    proposals.proposed(8, 3, 11);
    expect(proposals.applied(10, [{ index: 10, term: 3, result: result('a') }])).toEqual([
      { requestId: 7, kind: 'applied', index: 10, result: result('a') },
    ]);
    expect(proposals.size).toBe(1);
  });

  test("another leader's entry at the same index is no answer", () => {
    const proposals = new Proposals();
    proposals.proposed(7, 3, 10);
    expect(proposals.applied(10, [{ index: 10, term: 4, result: result('b') }])).toEqual([
      { requestId: 7, kind: 'replaced' },
    ]);
    expect(proposals.size).toBe(0);
  });

  test('what was dropped is told once and answered never', () => {
    const proposals = new Proposals();
    proposals.proposed(7, 3, 10);
    proposals.proposed(8, 3, 11);
    expect(proposals.dropped(11)).toEqual([8]);
    expect(proposals.dropped(11)).toEqual([]);
    expect(proposals.applied(11, [{ index: 11, term: 3, result: result('c') }])).toEqual([]);
    expect(proposals.size).toBe(1);
  });

  test('entries of others are nobody here', () => {
    const proposals = new Proposals();
    expect(proposals.applied(5, [{ index: 5, term: 1, result: result('d') }])).toEqual([]);
  });

  test('a read waits until its index is applied', () => {
    const proposals = new Proposals();
    expect(proposals.addRead(1, 0)).toBe(true);
    expect(proposals.addRead(2, 4)).toBe(false);
    expect(proposals.addRead(3, 6)).toBe(false);
    proposals.applied(5, []);
    expect(proposals.takeReads()).toEqual([2]);
    expect(proposals.takeReads()).toEqual([]);
    expect(proposals.addRead(4, 5)).toBe(true);
    proposals.applied(6, []);
    expect(proposals.takeReads()).toEqual([3]);
  });
});
