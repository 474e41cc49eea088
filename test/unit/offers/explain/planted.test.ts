/**
 * Issue 5, row h: situations with a planted cause, on the real allocator. In each the answer has to name the first true cause with the
 * right numbers; where several are planted, the one that hides the others, and what is behind it.
 */
import { describe, expect, it } from 'vitest';
import type { Answer, Code, Question, Reason } from '../../../../src/offers/explain/answer.js';
import { Resources } from '../../../../src/offers/resources/resources.js';
import { res } from '../fixtures.js';
import { constraints, Plant, rack, START_UNIX_MS } from './plant.js';

interface Planted {
  readonly plant: () => Plant;
  readonly ask: Partial<Question>;
  readonly cause: Code;
  /** Of the first reason. */
  readonly numbers?: object;
  readonly behind?: readonly Code[];
  /** Codes of all reasons, in order. */
  readonly all?: readonly Code[];
  /** What the sentence must say. */
  readonly says?: RegExp;
  /** What to do first, and the commands for it, must say. */
  readonly first?: RegExp;
}

const HOUR = 3_600_000;
const reserved = (text: string, role: string) =>
  Resources.of(
    res(text)
      .toWire()
      .map((resource) => ({ ...resource, reservations: [{ type: 'DYNAMIC' as const, role }] })),
  );
const revocable = (text: string) =>
  Resources.of(
    res(text)
      .toWire()
      .map((resource) => ({ ...resource, revocable: {} })),
  );
const lacks = (name: string, wanted: number, has: number) => [{ name, wanted, has, lacks: wanted - has }];
const where = (...texts: readonly string[]) => ({ constraints: { role_constraints: { '*': constraints(...texts) } } });

const SITUATIONS: Readonly<Record<string, Planted>> = {
  // Nobody and nothing.
  'a cluster without agents': {
    plant: () => new Plant().framework('f'),
    ask: { frameworkId: 'f' },
    cause: 'NO_AGENTS',
    numbers: { agents: 0 },
  },
  'a task for a cluster without agents': {
    plant: () => new Plant(),
    ask: { wanted: res('cpus:1') },
    cause: 'NO_AGENTS',
    says: /No offer of cpus 1: no agent is registered/,
  },
  'a framework nobody has heard of': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096'),
    ask: { frameworkId: 'ghost' },
    cause: 'NOT_SUBSCRIBED',
    says: /ghost is not subscribed to any role/,
  },
  'a role without frameworks': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096').framework('f', ['ops']),
    ask: { role: 'eng' },
    cause: 'NOT_SUBSCRIBED',
    numbers: { role: 'eng', agents: 1 },
    says: /no framework is subscribed to role eng/i,
  },
  'a framework under a role it does not have': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096').framework('f', ['ops']),
    ask: { frameworkId: 'f', role: 'eng' },
    cause: 'NOT_SUBSCRIBED',
    says: /f is not subscribed to role eng/,
  },
  'a framework whose scheduler is away': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('f')
        .do((allocator) => allocator.deactivateFramework('f'))
        .do((_, plant) => plant.states.set('f', { state: 'DISCONNECTED', sinceUnixMs: START_UNIX_MS }))
        .after(720_000),
    ask: { frameworkId: 'f' },
    cause: 'NOT_SUBSCRIBED',
    numbers: { state: 'DISCONNECTED', sinceUnixMs: START_UNIX_MS, agents: 1 },
    says: /f is DISCONNECTED for 12m/,
  },
  'a paused allocator': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('f')
        .do((allocator) => allocator.pause()),
    ask: { frameworkId: 'f' },
    cause: 'PAUSED',
    numbers: { agents: 1 },
  },
  'a task while the allocator is paused': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .agent('b', 'cpus:1;mem:64')
        .do((allocator) => allocator.pause()),
    ask: { wanted: res('cpus:2') },
    cause: 'PAUSED',
    numbers: { agents: 1 },
    all: ['PAUSED', 'TOO_SMALL'],
  },
  'a framework that suppressed its role': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096').framework('f', ['eng'], { suppressed: ['eng'] }),
    ask: { frameworkId: 'f' },
    cause: 'SUPPRESSED',
    numbers: { role: 'eng', agents: 1 },
  },
  'a framework that suppressed hides that nothing is free': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('g')
        .allocate()
        .launch('g', 'a', 'cpus:4;mem:4096')
        .framework('f', ['eng'], { suppressed: ['eng'] }),
    ask: { frameworkId: 'f' },
    cause: 'SUPPRESSED',
    numbers: { agents: 0 },
    all: ['SUPPRESSED', 'IN_USE'],
  },
  'one role suppressed and the other one served': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096').framework('f', ['eng', 'ops'], { suppressed: ['eng'] }),
    ask: { frameworkId: 'f', role: 'eng' },
    cause: 'SUPPRESSED',
    numbers: { role: 'eng' },
  },
  'one role suppressed is told behind the one that waits': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096').framework('f', ['eng', 'ops'], { suppressed: ['eng'] }),
    ask: { frameworkId: 'f', wanted: res('cpus:8') },
    cause: 'TOO_SMALL',
    all: ['TOO_SMALL', 'SUPPRESSED'],
  },
  'a framework that does not read': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('f')
        .do((allocator) => allocator.setBackPressure('f', true)),
    ask: { frameworkId: 'f' },
    cause: 'BACKPRESSURE',
    numbers: { agents: 1 },
  },
  'a role whose only framework does not read and has suppressed': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('f', ['eng'], { suppressed: ['eng'] })
        .do((allocator) => allocator.setBackPressure('f', true)),
    ask: { role: 'eng' },
    cause: 'BACKPRESSURE',
  },
  'a framework that is away hides that it suppressed': {
    plant: () =>
      new Plant().agent('a', 'cpus:4;mem:4096').framework('f', ['eng'], { suppressed: ['eng'], active: false }),
    ask: { frameworkId: 'f' },
    cause: 'NOT_SUBSCRIBED',
    numbers: { state: 'DISCONNECTED' },
  },

  // Agents that are not offered at all.
  'an agent whose link is lost': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('f')
        .deactivate('a', { code: 'UNREACHABLE', state: 'DISCONNECTED', sinceUnixMs: START_UNIX_MS })
        .after(30_000),
    ask: { frameworkId: 'f', wanted: res('cpus:1') },
    cause: 'UNREACHABLE',
    numbers: { state: 'DISCONNECTED', sinceUnixMs: START_UNIX_MS, agents: 1, bestAgentId: 'a' },
    says: /DISCONNECTED for 30s/,
  },
  'an agent that is unreachable': {
    plant: () =>
      new Plant().framework('f').do((_, { absent }) =>
        absent.push({
          id: 'x',
          hostname: 'x.example',
          code: 'UNREACHABLE',
          state: 'UNREACHABLE',
          sinceUnixMs: START_UNIX_MS,
        }),
      ),
    ask: { frameworkId: 'f' },
    cause: 'UNREACHABLE',
    numbers: { state: 'UNREACHABLE', agents: 1, bestHostname: 'x.example' },
  },
  'an unreachable agent that is asked about': {
    plant: () =>
      new Plant()
        .framework('f')
        .agent('a', 'cpus:4;mem:4096')
        .do((_, { absent }) => absent.push({ id: 'x', hostname: undefined, code: 'UNREACHABLE', state: 'RECOVERED' })),
    ask: { agentId: 'x' },
    cause: 'UNREACHABLE',
    numbers: { state: 'RECOVERED', agents: 1 },
  },
  'a draining agent': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096').framework('f').deactivate('a', { code: 'DRAINING' }),
    ask: { frameworkId: 'f', wanted: res('cpus:1') },
    cause: 'DRAINING',
    numbers: { agents: 1, bestHostname: 'a.example' },
    behind: [],
    first: /^Wait until the tasks of a.example have ended/,
  },
  'a drained agent that would be too small as well': {
    plant: () =>
      new Plant().agent('a', 'cpus:4;mem:4096').framework('f').deactivate('a', { code: 'DRAINING', state: 'DRAINED' }),
    ask: { frameworkId: 'f', wanted: res('cpus:8') },
    cause: 'DRAINING',
    numbers: { state: 'DRAINED' },
    behind: ['TOO_SMALL'],
    says: /is drained/,
  },
  'a draining agent nearer than one that is too small': {
    plant: () =>
      new Plant()
        .agent('small', 'cpus:1;mem:64')
        .agent('big', 'cpus:8;mem:4096')
        .framework('f')
        .deactivate('big', { code: 'DRAINING' }),
    ask: { frameworkId: 'f', wanted: res('cpus:4') },
    cause: 'DRAINING',
    all: ['DRAINING', 'TOO_SMALL'],
  },
  'a deactivated agent': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096').framework('f').deactivate('a', { code: 'DEACTIVATED' }),
    ask: { frameworkId: 'f' },
    cause: 'DEACTIVATED',
    numbers: { agents: 1 },
  },
  'a deactivated agent that somebody asks about': {
    plant: () =>
      new Plant().agent('a', 'cpus:4;mem:4096').framework('f').framework('g').deactivate('a', { code: 'DEACTIVATED' }),
    ask: { agentId: 'a' },
    cause: 'DEACTIVATED',
    numbers: { frameworks: 2, agents: 1 },
  },
  'a machine down for maintenance': {
    plant: () =>
      new Plant().framework('f').do((_, { absent }) =>
        absent.push({
          id: 'x',
          hostname: 'x.example',
          code: 'MAINTENANCE',
          sinceUnixMs: START_UNIX_MS,
          untilUnixMs: START_UNIX_MS + HOUR,
        }),
      ),
    ask: { frameworkId: 'f' },
    cause: 'MAINTENANCE',
    numbers: { sinceUnixMs: START_UNIX_MS, untilUnixMs: START_UNIX_MS + HOUR },
    says: /x.example is down for maintenance for 1h/,
    first: /^Bring x.example up when its maintenance is over \(STOP_MAINTENANCE\)\.$/,
  },
  'a connected agent whose machine is down': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096').framework('f').deactivate('a', { code: 'MAINTENANCE' }),
    ask: { frameworkId: 'f', wanted: res('cpus:1') },
    cause: 'MAINTENANCE',
    numbers: { bestAgentId: 'a' },
  },
  'an agent that is off for no known reason': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096').framework('f').deactivate('a'),
    ask: { frameworkId: 'f' },
    cause: 'INACTIVE',
    numbers: { agents: 1 },
  },
  'an agent that is off hides a whitelist': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('f')
        .deactivate('a')
        .do((allocator) => allocator.updateWhitelist(new Set())),
    ask: { agentId: 'a', frameworkId: 'f' },
    cause: 'INACTIVE',
    behind: ['WHITELIST'],
  },
  'agents that are not on the whitelist': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .agent('b', 'cpus:4;mem:4096')
        .framework('f')
        .do((allocator) => allocator.updateWhitelist(new Set(['other.example']))),
    ask: { frameworkId: 'f' },
    cause: 'WHITELIST',
    numbers: { agents: 2 },
  },
  'a whitelist that hides a constraint': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096', rack('b1'))
        .framework('f', ['*'], where('rack=b2'))
        .do((allocator) => allocator.updateWhitelist(new Set())),
    ask: { frameworkId: 'f', wanted: res('cpus:1') },
    cause: 'WHITELIST',
    behind: ['CONSTRAINT'],
  },

  // An agent and a framework that do not go together.
  'GPUs for a framework that cannot use them': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096;gpus:2').framework('f'),
    ask: { frameworkId: 'f' },
    cause: 'CAPABILITY',
    numbers: { capability: 'GPU_RESOURCES', lackedBy: 'framework', bestAgentId: 'a' },
  },
  'an agent that knows one role only': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096', { capabilities: new Set() }).framework('f', ['eng']),
    ask: { frameworkId: 'f' },
    cause: 'CAPABILITY',
    numbers: { capability: 'MULTI_ROLE', lackedBy: 'agent' },
  },
  'an agent that knows no roles within roles': {
    plant: () =>
      new Plant().agent('a', 'cpus:4;mem:4096', { capabilities: new Set(['MULTI_ROLE']) }).framework('f', ['eng/web']),
    ask: { role: 'eng/web', wanted: res('cpus:1') },
    cause: 'CAPABILITY',
    numbers: { capability: 'HIERARCHICAL_ROLE', lackedBy: 'agent' },
  },
  'limits on an agent that cannot hold them': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('f')
        .do((_, { unlimited }) => unlimited.add('a')),
    ask: { frameworkId: 'f', wanted: res('cpus:1'), hasLimits: true },
    cause: 'CAPABILITY',
    numbers: { capability: 'TASK_RESOURCE_LIMITS', lackedBy: 'agent' },
  },
  'revocable cpus for a framework that does not take them': {
    plant: () => new Plant().agent('a', res('cpus:1;mem:4096').add(revocable('cpus:8'))).framework('f'),
    ask: { frameworkId: 'f', wanted: res('cpus:4') },
    cause: 'CAPABILITY',
    numbers: { capability: 'REVOCABLE_RESOURCES', lackedBy: 'framework' },
  },
  'GPUs hide that the agent is too small': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096;gpus:2').framework('f'),
    ask: { frameworkId: 'f', wanted: res('cpus:16') },
    cause: 'CAPABILITY',
    behind: ['TOO_SMALL'],
  },
  'an agent in another region': {
    plant: () =>
      new Plant({ domain: { fault_domain: { region: { name: 'eu' }, zone: { name: 'z' } } } })
        .agent('a', 'cpus:4;mem:4096', { region: 'us' })
        .framework('f'),
    ask: { frameworkId: 'f' },
    cause: 'REGION',
    numbers: { region: 'us', masterRegion: 'eu' },
    says: /in us, the master in eu/,
  },
  'a region that hides what is in use': {
    plant: () =>
      new Plant({ domain: { fault_domain: { region: { name: 'eu' }, zone: { name: 'z' } } } })
        .agent('a', 'cpus:4;mem:4096', { region: 'us' })
        .framework('g', ['*'], { capabilities: ['REGION_AWARE'] })
        .allocate()
        .launch('g', 'a', 'cpus:4;mem:4096')
        .framework('f'),
    ask: { frameworkId: 'f', wanted: res('cpus:1') },
    cause: 'REGION',
    behind: ['IN_USE'],
  },
  'a rack that no agent has': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096', rack('b1'))
        .agent('b', 'cpus:4;mem:4096')
        .framework('f', ['*'], where('rack=b2')),
    ask: { frameworkId: 'f' },
    cause: 'CONSTRAINT',
    numbers: { agents: 2, constraint: 'rack = b2 (it has b1)' },
  },
  'constraints of a question in the place of the framework’s': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096', rack('b1')).framework('f', ['*'], where('rack=b1')),
    ask: { frameworkId: 'f', wanted: res('cpus:1'), constraints: constraints('rack~c.*', 'hostname=z.example') },
    cause: 'CONSTRAINT',
    numbers: { constraint: 'rack matches c.* (it has b1) or hostname = z.example (it has a.example)' },
  },
  'the second of two constraints that must hold': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096', rack('b1')).framework('f', ['*'], where('rack=b1&zone?')),
    ask: { frameworkId: 'f' },
    cause: 'CONSTRAINT',
    numbers: { constraint: 'zone is there (it has none)' },
  },

  // What agents have.
  'a task larger than every agent': {
    plant: () => new Plant().agent('a', 'cpus:2;mem:4096').agent('b', 'cpus:3;mem:4096'),
    ask: { wanted: res('cpus:4;mem:1024') },
    cause: 'TOO_SMALL',
    numbers: { agents: 2, bestAgentId: 'b', shortages: lacks('cpus', 4, 3) },
    says: /2 agents are too small even when idle: the nearest, b.example, has cpus 3 of the 4 wanted/,
  },
  'a task too large in two ways': {
    plant: () => new Plant().agent('a', 'cpus:2;mem:512').framework('f'),
    ask: { frameworkId: 'f', wanted: res('cpus:4;mem:1024') },
    cause: 'TOO_SMALL',
    numbers: { shortages: [...lacks('cpus', 4, 2), ...lacks('mem', 1024, 512)] },
  },
  'ports that no agent has': {
    plant: () => new Plant().agent('a', 'cpus:2;mem:512;ports:[31000-31009]'),
    ask: { wanted: res('cpus:1;ports:[31005-31014]') },
    cause: 'TOO_SMALL',
    numbers: { shortages: lacks('ports', 10, 5) },
  },
  'more ports than any agent has': {
    plant: () => new Plant().agent('a', 'cpus:2;mem:512;ports:[31000-31009]'),
    ask: { wanted: Resources.of([{ name: 'ports', type: 'SCALAR', scalar: { value: 12 } }]) },
    cause: 'TOO_SMALL',
    numbers: { shortages: lacks('ports', 12, 10) },
  },
  'an agent below the smallest offer even when idle': {
    plant: () => new Plant({ minAllocatable: [res('cpus:1;mem:128')] }).agent('a', 'cpus:0.5;mem:128').framework('f'),
    ask: { frameworkId: 'f' },
    cause: 'TOO_SMALL',
    numbers: { shortages: lacks('cpus', 1, 0.5) },
  },
  'what is reserved for others': {
    plant: () => new Plant().agent('a', 'cpus:1;mem:64;cpus(eng):8').framework('f', ['ops']),
    ask: { frameworkId: 'f', wanted: res('cpus:4') },
    cause: 'RESERVED',
    numbers: { holders: [{ role: 'eng', resources: expect.anything() }], shortages: lacks('cpus', 4, 1) },
    says: /a.example has enough only with what is reserved: on it cpus 8 for role eng/,
  },
  'an agent that is reserved as a whole': {
    plant: () => new Plant().agent('a', 'cpus(eng/web):4;mem(eng/web):512').framework('f', ['eng']),
    ask: { role: 'eng' },
    cause: 'RESERVED',
    numbers: { holders: [{ role: 'eng/web', resources: expect.anything() }] },
  },
  'a reservation that hides a quota': {
    plant: () =>
      new Plant().agent('a', 'cpus:1;mem:64;cpus(eng):8').framework('f', ['ops']).quota('ops', {}, { cpus: 1 }),
    ask: { frameworkId: 'f', wanted: res('cpus:4') },
    cause: 'RESERVED',
    behind: [],
  },
  'an agent full of tasks': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('g', ['ops'])
        .allocate()
        .launch('g', 'a', 'cpus:3;mem:4096')
        .framework('f'),
    ask: { frameworkId: 'f', wanted: res('cpus:2') },
    cause: 'IN_USE',
    numbers: {
      shortages: lacks('cpus', 2, 1),
      holders: [{ frameworkId: 'g', role: 'ops', resources: expect.anything() }],
      bestAgentId: 'a',
    },
    says: /has cpus 1 of the 2 wanted free; g uses cpus 3, mem 4096M/,
  },
  'a whole agent in use, for whoever asks about it': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('g')
        .allocate()
        .launch('g', 'a', 'cpus:4;mem:4096')
        .framework('f'),
    ask: { agentId: 'a' },
    cause: 'IN_USE',
    numbers: { frameworks: 2, agents: 1 },
  },
  'tasks and offers that only together fill an agent': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('g')
        .allocate()
        .launch('g', 'a', 'cpus:1;mem:64')
        .framework('h', ['ops'])
        .allocate(),
    ask: { wanted: res('cpus:4') },
    cause: 'IN_USE',
    numbers: { holders: [{ frameworkId: 'g', role: '*', resources: expect.anything() }] },
  },
  'an agent in use hides a filter and says what limits come next': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('g')
        .allocate()
        .launch('g', 'a', 'cpus:3;mem:64')
        .framework('f', ['ops'])
        .allocate()
        .launch('f', 'a', 'cpus:1;mem:64')
        .quota('ops', {}, { cpus: 2 }),
    ask: { frameworkId: 'f', wanted: res('cpus:2') },
    cause: 'IN_USE',
    behind: ['QUOTA_LIMIT'],
  },
  'a limit that forbids it even when the agent is free again': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('g')
        .allocate()
        .launch('g', 'a', 'cpus:4;mem:4096')
        .framework('f', ['ops'])
        .quota('ops', {}, { cpus: 1 }),
    ask: { frameworkId: 'f', wanted: res('cpus:2') },
    cause: 'QUOTA_LIMIT',
    numbers: { role: 'ops', shortages: [{ name: 'cpus', wanted: 2, has: 1, lacks: 1, limit: 1, consumed: 0 }] },
    first: /^Raise the limit of role ops to cpus 2\. Behind that: IN_USE/,
    behind: ['IN_USE'],
  },
  'a limit that forbids it even when nothing is offered': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('g')
        .allocate()
        .framework('f', ['ops'])
        .quota('ops', {}, { cpus: 1 }),
    ask: { frameworkId: 'f', wanted: res('cpus:2') },
    cause: 'QUOTA_LIMIT',
    behind: ['OFFERED'],
  },
  'an agent offered to another framework': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('g', ['ops'])
        .after(5000)
        .allocate()
        .after(40_000)
        .framework('f'),
    ask: { frameworkId: 'f' },
    cause: 'OFFERED',
    numbers: {
      sinceUnixMs: START_UNIX_MS + 5000,
      holders: [
        {
          frameworkId: 'g',
          role: 'ops',
          offerId: 'O0',
          sinceUnixMs: START_UNIX_MS + 5000,
          resources: expect.anything(),
        },
      ],
    },
    says: /a.example is offered to g in role ops, offer O0 for 40s/,
  },
  'an offer that the framework holds itself': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096').framework('f').allocate().after(60_000),
    ask: { frameworkId: 'f', wanted: res('cpus:1') },
    cause: 'OFFERED',
    numbers: { isOwn: true, sinceUnixMs: START_UNIX_MS },
    says: /offered to f already/,
  },
  'a task while all is offered': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096').agent('b', 'cpus:4;mem:64').framework('f').allocate(),
    ask: { wanted: res('cpus:1;mem:512') },
    cause: 'OFFERED',
    numbers: { agents: 1, bestAgentId: 'a' },
    all: ['OFFERED', 'TOO_SMALL'],
  },

  'an offer that times out': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('g', ['ops'])
        .do((_, { takenBackAfterMs }) => {
          takenBackAfterMs.timeout = 30_000;
          takenBackAfterMs.held = 60_000;
        })
        .allocate()
        .after(12_000)
        .framework('f'),
    ask: { frameworkId: 'f' },
    cause: 'OFFERED',
    numbers: { holders: [expect.objectContaining({ untilUnixMs: START_UNIX_MS + 30_000 })] },
    says: /offer O0 for 12s, taken back in 18s\./,
  },
  'an offer that somebody sits on': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('g', ['ops'])
        .do((_, { takenBackAfterMs }) => {
          takenBackAfterMs.held = 60_000;
        })
        .allocate()
        .after(15_000)
        .framework('f'),
    ask: { frameworkId: 'f' },
    cause: 'OFFERED',
    numbers: { holders: [expect.objectContaining({ heldUntilUnixMs: START_UNIX_MS + 60_000 })] },
    says: /offer O0 for 15s, taken back in 45s if somebody waits for it/,
  },

  // Bounds of offers.
  'a framework that holds as many offers as it may': {
    plant: () =>
      new Plant({ maxOffersPerFramework: 2 })
        .agent('a', 'cpus:4;mem:4096')
        .agent('b', 'cpus:4;mem:4096')
        .agent('c', 'cpus:4;mem:4096')
        .framework('f')
        .after(1000)
        .allocate()
        .after(90_000),
    ask: { frameworkId: 'f' },
    cause: 'OFFER_LIMIT',
    numbers: { outstanding: 2, maxOffers: 2, sinceUnixMs: START_UNIX_MS + 1000, agents: 1, role: '*' },
    all: ['OFFER_LIMIT', 'OFFERED'],
    says: /f holds 2 offers, as many as it may, the oldest for 90s/,
  },
  'a framework at its bound hides that nothing is free': {
    plant: () =>
      new Plant({ maxOffersPerFramework: 1 })
        .agent('a', 'cpus:4;mem:4096')
        .framework('f', ['eng', 'ops'])
        .allocate()
        .after(3000),
    ask: { frameworkId: 'f', role: 'ops' },
    cause: 'OFFER_LIMIT',
    numbers: { outstanding: 1, maxOffers: 1, sinceUnixMs: START_UNIX_MS, agents: 0, role: 'ops' },
    says: /f holds 1 offer, as many as it may, for 3s/,
  },
  'an agent that is left to nobody but who has enough': {
    plant: () =>
      new Plant({ maxOffersPerFramework: 1 })
        .agent('a', 'cpus:4;mem:4096')
        .framework('f')
        .allocate()
        .agent('b', 'cpus:4;mem:4096'),
    ask: { agentId: 'b' },
    cause: 'OFFER_LIMIT',
    numbers: { outstanding: 1, frameworks: 1 },
    says: /b.example has something free, but f holds 1 offer/,
  },
  'a framework at its bound whose offer ended': {
    plant: () =>
      new Plant({ maxOffersPerFramework: 1 })
        .agent('a', 'cpus:4;mem:4096')
        .framework('f')
        .allocate()
        .launch('f', 'a', 'cpus:4;mem:4096')
        .agent('b', 'cpus:4;mem:4096'),
    ask: { frameworkId: 'f' },
    cause: 'AVAILABLE',
    all: ['AVAILABLE', 'IN_USE'],
  },
  'others at their bound do not come first': {
    plant: () =>
      new Plant({ maxOffersPerFramework: 1 })
        .agent('a', 'cpus:4;mem:4096;disk:9')
        .framework('g', ['ops'])
        .allocate()
        .agent('b', 'cpus:4;mem:4096')
        .framework('f', ['zzz'])
        .do((allocator) => allocator.updateWeights(new Map([['ops', 1000]]))),
    ask: { frameworkId: 'f', agentId: 'b' },
    cause: 'AVAILABLE',
  },
  'a task larger than the part of an agent that an offer holds': {
    plant: () => new Plant({ maxOfferFraction: 0.5 }).agent('a', 'cpus:4;mem:4096').agent('b', 'cpus:2;mem:64'),
    ask: { wanted: res('cpus:3;mem:512') },
    cause: 'OFFER_FRACTION',
    numbers: { fraction: 0.5, shortages: lacks('cpus', 3, 2), agents: 1, bestAgentId: 'a' },
    all: ['OFFER_FRACTION', 'TOO_SMALL'],
    says: /one offer holds at most 50.0% of an agent: of a.example that is cpus 2 of the 3 wanted/,
  },
  'a part of an agent that is in use besides': {
    plant: () =>
      new Plant({ maxOfferFraction: 0.25 })
        .agent('a', 'cpus:4;mem:4096')
        .framework('f')
        .allocate()
        .launch('f', 'a', 'cpus:1;mem:1024'),
    ask: { frameworkId: 'f', wanted: res('cpus:2') },
    cause: 'OFFER_FRACTION',
    numbers: { fraction: 0.25, shortages: lacks('cpus', 2, 1) },
    behind: [],
  },
  'a part that was declined is what would be offered': {
    plant: () =>
      new Plant({ maxOfferFraction: 0.5 })
        .agent('a', 'cpus:4;mem:4096')
        .framework('f')
        .allocate()
        .decline('f', 'a', 60_000),
    ask: { frameworkId: 'f' },
    cause: 'FILTERED',
    numbers: { offerId: 'O0', untilUnixMs: START_UNIX_MS + 60_000 },
  },

  // Quota.
  'a limit that is used up': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:8;mem:4096')
        .framework('f', ['ops'])
        .quota('ops', {}, { cpus: 3 })
        .allocate()
        .launch('f', 'a', 'cpus:3;mem:64'),
    ask: { frameworkId: 'f', wanted: res('cpus:1') },
    cause: 'QUOTA_LIMIT',
    numbers: { role: 'ops', shortages: [{ name: 'cpus', wanted: 1, has: 0, lacks: 1, limit: 3, consumed: 3 }] },
    says: /limit of role ops leaves cpus 0 of the 1 wanted \(3 of 3 consumed\)/,
  },
  'a limit that was set below what is used': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:8;mem:4096')
        .framework('f', ['ops'])
        .allocate()
        .launch('f', 'a', 'cpus:3;mem:64')
        .quota('ops', {}, { cpus: 2 }),
    ask: { frameworkId: 'f', wanted: res('cpus:1') },
    cause: 'QUOTA_LIMIT',
    numbers: { role: 'ops', shortages: [{ name: 'cpus', wanted: 1, has: 0, lacks: 1, limit: 2, consumed: 3 }] },
    first: /to cpus 4,/,
  },
  'a limit of an ancestor': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:8;mem:4096')
        .framework('g', ['eng'])
        .quota('eng', {}, { cpus: 5 })
        .quota('eng/web', {}, { cpus: 4 })
        .allocate()
        .launch('g', 'a', 'cpus:3;mem:64')
        .framework('f', ['eng/web']),
    ask: { frameworkId: 'f', wanted: res('cpus:4') },
    cause: 'QUOTA_LIMIT',
    numbers: { role: 'eng', shortages: [{ name: 'cpus', wanted: 4, has: 2, lacks: 2, limit: 5, consumed: 3 }] },
  },
  'a limit on a role that nobody is in yet': {
    plant: () => new Plant().agent('a', 'cpus:8;mem:4096').quota('eng', {}, { cpus: 2 }),
    ask: { role: 'eng/new', wanted: res('cpus:4') },
    cause: 'QUOTA_LIMIT',
    numbers: { role: 'eng', shortages: [{ name: 'cpus', wanted: 4, has: 2, lacks: 2, limit: 2, consumed: 0 }] },
  },
  'reservations consume a limit': {
    plant: () =>
      new Plant()
        .agent('a', res('cpus:4;mem:4096').add(reserved('cpus:2', 'ops')))
        .framework('f', ['ops'])
        .quota('ops', {}, { cpus: 3 }),
    ask: { frameworkId: 'f', wanted: res('cpus:4') },
    cause: 'QUOTA_LIMIT',
    numbers: { role: 'ops', shortages: [{ name: 'cpus', wanted: 4, has: 3, lacks: 1, limit: 3, consumed: 2 }] },
  },
  'what is kept for a guarantee': {
    plant: () => new Plant().agent('a', 'cpus:8;mem:4096').framework('f', ['ops']).quota('eng', { cpus: 6 }),
    ask: { frameworkId: 'f', wanted: res('cpus:4') },
    cause: 'HEADROOM',
    numbers: { shortages: lacks('cpus', 4, 2), holders: [{ role: 'eng', resources: expect.anything() }] },
    says: /cpus 6 for role eng; that leaves cpus 2 of the 4 wanted/,
  },
  'everything is kept for guarantees of two roles': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('f', ['ops'])
        .quota('eng', { cpus: 3, mem: 4096 })
        .quota('night', { cpus: 1 }),
    ask: { frameworkId: 'f' },
    cause: 'HEADROOM',
    numbers: {
      shortages: lacks('cpus', 0.01, 0),
      holders: [
        { role: 'eng', resources: expect.anything() },
        { role: 'night', resources: expect.anything() },
      ],
    },
  },
  'a limit hides what is kept for a guarantee': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:8;mem:4096')
        .framework('f', ['ops'])
        .quota('eng', { cpus: 8 })
        .quota('ops', {}, { cpus: 1 }),
    ask: { frameworkId: 'f', wanted: res('cpus:2') },
    cause: 'QUOTA_LIMIT',
    numbers: { role: 'ops' },
  },

  // The offer that would be made.
  'what is left is less than the smallest offer': {
    plant: () =>
      new Plant({ minAllocatable: [res('cpus:1')] })
        .agent('a', 'cpus:4;mem:4096')
        .framework('f')
        .allocate()
        .launch('f', 'a', 'cpus:3.5;mem:64'),
    ask: { frameworkId: 'f', wanted: res('mem:64') },
    cause: 'BELOW_MINIMUM',
    numbers: { shortages: lacks('cpus', 1, 0.5) },
  },
  'a framework that wants larger offers than there are': {
    plant: () =>
      new Plant().agent('a', 'cpus:4;mem:4096').framework('f', ['*'], {
        offerFilters: { '*': { min_allocatable_resources: { quantities: [{ quantities: { cpus: { value: 6 } } }] } } },
      }),
    ask: { frameworkId: 'f', wanted: res('cpus:1') },
    cause: 'BELOW_MINIMUM',
    numbers: { shortages: lacks('cpus', 6, 4) },
  },
  'an offer that was declined': {
    plant: () =>
      new Plant().agent('a', 'cpus:4;mem:4096').framework('f').allocate().decline('f', 'a', 60_000).after(20_000),
    ask: { frameworkId: 'f' },
    cause: 'FILTERED',
    numbers: { untilUnixMs: START_UNIX_MS + 60_000, sinceUnixMs: START_UNIX_MS, offerId: 'O0', agents: 1 },
    says: /declined with offer O0 20s ago, and is not offered again for 40s/,
  },
  'of several filters the one that ends first': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .agent('b', 'cpus:4;mem:4096')
        .framework('f')
        .allocate()
        .decline('f', 'a', 60_000)
        .decline('f', 'b', 30_000),
    ask: { frameworkId: 'f', wanted: res('cpus:4') },
    cause: 'FILTERED',
    numbers: { agents: 2, bestAgentId: 'b', untilUnixMs: START_UNIX_MS + 30_000 },
  },
  'a filter that hides nothing but the order': {
    plant: () =>
      new Plant().agent('a', 'cpus:4;mem:4096').framework('f').allocate().decline('f', 'a', 60_000).framework('g'),
    ask: { agentId: 'a', frameworkId: 'f' },
    cause: 'FILTERED',
    behind: [],
  },
  'a filter that ended': {
    plant: () =>
      new Plant().agent('a', 'cpus:4;mem:4096').framework('f').allocate().decline('f', 'a', 5000).after(5000),
    ask: { frameworkId: 'f' },
    cause: 'AVAILABLE',
    numbers: { agents: 1 },
  },

  // Fair sharing.
  'a role with a smaller share comes first': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:10;mem:10000')
        .framework('f', ['ops'])
        .allocate()
        .launch('f', 'a', 'cpus:4;mem:1000')
        .framework('g', ['eng']),
    ask: { frameworkId: 'f' },
    cause: 'DRF_ORDER',
    numbers: {
      ahead: [{ role: 'eng', frameworkId: 'g', share: 0, weight: 1 }],
      own: { role: 'ops', frameworkId: 'f', share: 0.4, weight: 1 },
    },
    says: /role eng \(g\) with share 0.0% at weight 1, before role ops \(f\) with share 40.0% at weight 1/,
  },
  'a greater weight comes first': {
    plant: () =>
      new Plant()
        .do((allocator) => allocator.updateWeights(new Map([['eng', 4]])))
        .agent('a', 'cpus:10;mem:10000')
        .framework('g', ['eng'])
        .allocate()
        .launch('g', 'a', 'cpus:4;mem:1000')
        .framework('f', ['ops'])
        .allocate()
        .launch('f', 'a', 'cpus:2;mem:1000'),
    ask: { frameworkId: 'f', wanted: res('cpus:1') },
    cause: 'DRF_ORDER',
    numbers: {
      ahead: [{ role: 'eng', frameworkId: 'g', share: 0.4, weight: 4 }],
      own: { role: 'ops', frameworkId: 'f', share: 0.2, weight: 1 },
    },
  },
  'another framework of the same role comes first': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:10;mem:10000')
        .framework('f')
        .allocate()
        .launch('f', 'a', 'cpus:1;mem:100')
        .framework('g'),
    ask: { agentId: 'a', frameworkId: 'f' },
    cause: 'DRF_ORDER',
    numbers: {
      ahead: [{ role: undefined, frameworkId: 'g', share: 0, weight: 1 }],
      own: { role: undefined, frameworkId: 'f', share: 0.1, weight: 1 },
    },
  },
  'whoever comes first but has declined is not ahead': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:10;mem:10000')
        .framework('f', ['ops'])
        .allocate()
        .launch('f', 'a', 'cpus:5;mem:100')
        .framework('g', ['eng'])
        .allocate()
        .decline('g', 'a', 60_000),
    ask: { frameworkId: 'f' },
    cause: 'AVAILABLE',
  },
  'frameworks that are drawn at random': {
    plant: () =>
      new Plant({ roleSorter: 'random', frameworkSorter: 'random' })
        .agent('a', 'cpus:10;mem:10000')
        .framework('f', ['ops'])
        .framework('g', ['eng']),
    ask: { frameworkId: 'f' },
    cause: 'DRF_ORDER',
    numbers: { isDrawn: true, ahead: [{ role: 'eng', frameworkId: 'g', share: 0, weight: 1 }] },
  },
  'nothing at all in the way': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096').agent('b', 'cpus:1;mem:64'),
    ask: { wanted: res('cpus:2') },
    cause: 'AVAILABLE',
    numbers: { agents: 1, bestAgentId: 'a' },
    all: ['AVAILABLE', 'TOO_SMALL'],
  },
  'an agent about to be offered': {
    plant: () =>
      new Plant()
        .agent('a', 'cpus:4;mem:4096')
        .framework('f')
        .framework('g', ['eng'], { suppressed: ['eng'] }),
    ask: { agentId: 'a' },
    cause: 'AVAILABLE',
    numbers: { frameworks: 1 },
    says: /a.example goes to f with the next allocation/,
  },
  'an agent that no framework is there for': {
    plant: () => new Plant().agent('a', 'cpus:4;mem:4096'),
    ask: { agentId: 'a' },
    cause: 'NOT_SUBSCRIBED',
    numbers: { frameworks: 0 },
  },
};

describe('planted causes', () => {
  it.each(Object.entries(SITUATIONS))(
    '%s',
    (_, { plant, ask, cause, numbers = {}, behind, all, says, first: step }) => {
      const answer = plant().ask(ask);
      const [first] = answer.reasons as [Reason];
      expect(first.code, answer.summary).toBe(cause);
      expect(first).toMatchObject(numbers);
      if (behind !== undefined) expect(first.behind).toEqual(behind);
      if (all !== undefined) expect(answer.reasons.map(({ code }) => code)).toEqual(all);
      if (says !== undefined) expect(answer.summary).toMatch(says);
      if (step !== undefined) expect([answer.firstStep, ...answer.commands].join(' ')).toMatch(step);
      expectWhole(answer);
    },
  );

  it.each(Object.entries(SITUATIONS))('in slices, whether or not others act between them: %s', (_, { plant, ask }) => {
    const planted = plant();
    const whole = planted.ask(ask);
    expect(planted.askInSlices(ask, () => false)).toEqual(whole);
    expect(planted.askInSlices(ask, () => true)).toEqual(whole);
  });

  it('are told as they are in the end when they change meanwhile', () => {
    const planted = new Plant().framework('f');
    for (const id of ['a', 'b', 'c', 'd', 'e']) planted.agent(id, 'cpus:4;mem:4096');
    let pieces = 0;
    const answer = planted.askInSlices({ frameworkId: 'f', wanted: res('cpus:1') }, () => {
      pieces++;
      if (pieces === 4) planted.deactivate('a').do((allocator) => allocator.removeAgent('b'));
      return true;
    });
    expect(answer.findings.map(({ agentId, code }) => [agentId, code])).toEqual([
      ['c', 'AVAILABLE'],
      ['d', 'AVAILABLE'],
      ['e', 'AVAILABLE'],
      ['a', 'INACTIVE'],
    ]);
    expect(answer.agents).toBe(4);
    expect(answer.available).toBe(3);
    const gone = planted.askInSlices({ frameworkId: 'f' }, () => {
      planted.do((allocator) => allocator.removeFramework('f'));
      return true;
    });
    expect(gone.reasons[0]?.code).toBe('NOT_SUBSCRIBED');
  });

  it('are sixty at least, and each code is the first cause of two', () => {
    const causes = Object.values(SITUATIONS).map(({ cause }) => cause);
    expect(causes.length).toBeGreaterThanOrEqual(60);
    const counted = new Map<Code, number>();
    for (const cause of causes) counted.set(cause, (counted.get(cause) ?? 0) + 1);
    expect([...counted].filter(([, count]) => count < 2)).toEqual([]);
    expect(counted.size).toBe(ALL_CODES.length);
  });
});

const ALL_CODES: readonly Code[] = [
  'NO_AGENTS',
  'PAUSED',
  'NOT_SUBSCRIBED',
  'BACKPRESSURE',
  'OFFER_LIMIT',
  'SUPPRESSED',
  'UNREACHABLE',
  'DEACTIVATED',
  'DRAINING',
  'MAINTENANCE',
  'INACTIVE',
  'WHITELIST',
  'CAPABILITY',
  'REGION',
  'CONSTRAINT',
  'TOO_SMALL',
  'RESERVED',
  'OFFER_FRACTION',
  'IN_USE',
  'OFFERED',
  'QUOTA_LIMIT',
  'HEADROOM',
  'BELOW_MINIMUM',
  'FILTERED',
  'DRF_ORDER',
  'AVAILABLE',
];

/** What holds of every answer. */
function expectWhole(answer: Answer): void {
  expect(answer.reasons.length).toBeGreaterThan(0);
  expect(answer.firstStep).toMatch(/^[A-Z].*\.$/);
  expect(answer.summary).toMatch(/^\S.*\.$/);
  for (const text of [answer.summary, answer.firstStep, ...answer.reasons.map(({ message }) => message)])
    expect(text).not.toMatch(/undefined|NaN|Infinity|\[object/);
  const counted = answer.reasons.reduce((sum, { agents }) => sum + agents, 0);
  if (answer.findings.every(({ frameworkId }) => frameworkId === undefined)) expect(counted).toBe(answer.agents);
}
