import { describe, expect, test } from 'vitest';
import { changedError, findIncompatibilities } from '../../../src/daemon/agent/shell/reconfiguration.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';

function info(resources: string, more: Partial<mesos.AgentInfo> = {}): mesos.AgentInfo {
  const parsed = Resources.parse(resources);
  if (!(parsed instanceof Resources)) throw new Error(parsed.message);
  return { hostname: 'h', port: 5051, resources: parsed.toWire(), ...more };
}

const BEFORE = info('cpus:4;mem:1024;ports:[31000-32000]', {
  attributes: [{ name: 'rack', type: 'TEXT', text: { value: 'r1' } }],
});

function find(after: mesos.AgentInfo, policy: 'equal' | 'additive', anyPort = false): readonly string[] {
  return findIncompatibilities({ before: BEFORE, after, policy, anyPort });
}

describe('an agent that describes itself', () => {
  test('as before comes back under either policy', () => {
    expect(find(structuredClone(BEFORE), 'equal')).toEqual([]);
    expect(find(structuredClone(BEFORE), 'additive')).toEqual([]);
  });

  test.each([
    ['more resources', info('cpus:8;mem:1024;ports:[31000-33000];gpus:1', { attributes: BEFORE.attributes })],
    [
      'more attributes',
      {
        ...BEFORE,
        attributes: [...(BEFORE.attributes ?? []), { name: 'ssd', type: 'SCALAR' as const, scalar: { value: 1 } }],
      },
    ],
    ['a domain', { ...BEFORE, domain: { fault_domain: { region: { name: 'r' }, zone: { name: 'z' } } } }],
  ])('with %s needs the additive policy', (_what, after) => {
    expect(find(after, 'equal')).toHaveLength(1);
    expect(find(after, 'additive')).toEqual([]);
  });

  test.each([
    [
      'fewer resources',
      info('cpus:2;mem:1024;ports:[31000-32000]', { attributes: BEFORE.attributes }),
      'resources: were',
    ],
    [
      'reserved resources',
      info('cpus(eng):4;mem:1024;ports:[31000-32000]', { attributes: BEFORE.attributes }),
      'resources',
    ],
    ['another host name', { ...BEFORE, hostname: 'x' }, "hostname: was 'h', is 'x'"],
    ['another port', { ...BEFORE, port: 1 }, 'port: was 5051, is 1'],
    [
      'another attribute',
      { ...BEFORE, attributes: [{ name: 'rack', type: 'TEXT' as const, text: { value: 'r2' } }] },
      'attributes',
    ],
    ['no attributes', { ...BEFORE, attributes: [] }, 'attributes'],
  ])('with %s is another one under both', (_what, after, text) => {
    for (const policy of ['equal', 'additive'] as const) expect(find(after, policy).join()).toContain(text);
  });

  test('on another port is the same when any port was asked for', () => {
    expect(find({ ...BEFORE, port: 40_000 }, 'equal', true)).toEqual([]);
  });

  test('is told what to do', () => {
    const error = changedError(['port: was 1, is 2'], 'equal', '/w/checkpoint');
    expect(error.code).toBe('REFUSED');
    expect(error.message).toContain('port: was 1, is 2');
    expect(error.suggestions.join('\n')).toMatch(/additive[\s\S]*rm -r \/w\/checkpoint/);
  });
});

test('attributes of ranges and sets may gain members', () => {
  const ranges = (end: number): mesos.AgentInfo => ({
    ...BEFORE,
    attributes: [{ name: 'p', type: 'RANGES', ranges: { range: [{ begin: 1, end }] } }],
  });
  const grows = { before: ranges(5), after: ranges(9), policy: 'additive' as const, anyPort: false };
  expect(findIncompatibilities(grows)).toEqual([]);
  expect(findIncompatibilities({ ...grows, before: ranges(9), after: ranges(5) })).toHaveLength(1);
});
