import { describe, expect, test } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import { memberName } from '../../../src/daemon/config/flag-kinds.js';
import { defaultMemberName } from '../../../src/daemon/config/master-flags.js';

describe('the name of a member that was given none', () => {
  test.each([
    ['m1.example.org', 'm1.example.org'],
    ['(none)', 'none'],
    ['_build host', 'build-host'],
    ['-', 'master'],
    ['', 'master'],
    [`(${'x'.repeat(80)})`, 'x'.repeat(63)],
  ])('of the machine %j is %j, and is one that --name takes', (machine, name) => {
    expect(defaultMemberName(machine)).toBe(name);
    expect(isRejection(memberName.parse(name))).toBe(false);
  });
});
