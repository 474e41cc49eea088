// Which quotas of a tree of roles can hold together.
import { describe, expect, it } from 'vitest';
import { type QuotaAmounts, validateQuotaTree } from '../../../src/offers/allocator/quota-tree.js';

type Amounts = Readonly<Record<string, number>>;

const quota = (guarantees: Amounts, limits: Amounts = {}): QuotaAmounts => ({
  guarantees: new Map(Object.entries(guarantees)),
  limits: new Map(Object.entries(limits)),
});
const complaint = (quotas: Readonly<Record<string, QuotaAmounts>>) =>
  validateQuotaTree(new Map(Object.entries(quotas)))?.message;

describe('a tree of quotas', () => {
  it.each<[string, Readonly<Record<string, QuotaAmounts>>]>([
    ['nothing', {}],
    ['roles beside each other', { eng: quota({ cpus: 9 }, { cpus: 9 }), ops: quota({ cpus: 9 }), engine: quota({}) }],
    [
      'a guarantee that covers its children',
      { eng: quota({ cpus: 3 }), 'eng/a': quota({ cpus: 1 }), 'eng/b': quota({ cpus: 2 }) },
    ],
    ['tenths', { eng: quota({ cpus: 0.3 }), 'eng/a': quota({ cpus: 0.1 }), 'eng/b': quota({ cpus: 0.2 }) }],
    [
      'a limit as its parent',
      { eng: quota({}, { cpus: 3 }), 'eng/a': quota({}, { cpus: 3 }), 'eng/b': quota({}, { cpus: 3 }) },
    ],
    ['a limit where the parent has none', { 'eng/a': quota({}, { cpus: 3 }), eng: quota({}, { mem: 1 }) }],
    ['no limit where the parent has one', { eng: quota({}, { cpus: 3 }), 'eng/a': quota({}, { mem: 5 }) }],
    ['three levels', { a: quota({ cpus: 2 }), 'a/b': quota({ cpus: 2 }), 'a/b/c': quota({ cpus: 1 }) }],
  ])('may be %s', (_what, quotas) => {
    expect(complaint(quotas)).toBeUndefined();
  });

  it.each<[string, Readonly<Record<string, QuotaAmounts>>, string]>([
    [
      'a limit above its parent',
      { eng: quota({}, { cpus: 3 }), 'eng/a': quota({}, { cpus: 4 }) },
      "the limit of 4 cpus of role 'eng/a' is above the 3 of role 'eng'",
    ],
    [
      'a limit above one further up',
      { a: quota({}, { mem: 10 }), 'a/b': quota({}, { cpus: 1 }), 'a/b/c': quota({}, { mem: 11 }) },
      "the limit of 11 mem of role 'a/b/c' is above the 10 of role 'a'",
    ],
    [
      'guarantees above their parent together',
      { eng: quota({ cpus: 3 }), 'eng/a': quota({ cpus: 2 }), 'eng/b': quota({ cpus: 2 }) },
      "role 'eng' guarantees 3 cpus, less than the 4 of the roles below it",
    ],
    ['a guarantee without one above', { 'eng/a': quota({ cpus: 1 }) }, "role 'eng' guarantees 0 cpus, less than the 1"],
    [
      'a level that guarantees nothing',
      { a: quota({ cpus: 2 }), 'a/b/c': quota({ cpus: 1 }) },
      "role 'a/b' guarantees 0 cpus, less than the 1",
    ],
  ])('may not be %s', (_what, quotas, message) => {
    expect(complaint(quotas)).toContain(message);
  });
});
