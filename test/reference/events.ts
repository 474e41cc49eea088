/**
 * Random event sequences in the language of the golden scripts. A sequence is drawn as plain numbers, which shrink well; what a
 * number means is settled when it is its turn, from what is there then (the third of the offers that are out), so whatever is
 * left of a shrunk sequence still makes sense.
 */
import fc from 'fast-check';
import type { Holding } from '../golden/allocator/interpreter.js';
import { isAncestor, isFirm } from './rules.js';

/** What is there when an event is chosen. */
export interface Situation {
  readonly agents: ReadonlySet<string>;
  readonly frameworks: ReadonlyMap<string, readonly string[]>;
  readonly holdings: readonly Readonly<Holding>[];
  /** Agents. */
  readonly underMaintenance: readonly string[];
  /** Ids of the volumes on all agents: none is made twice. */
  readonly volumes: ReadonlySet<string>;
}

type Numbers = readonly [first: number, second: number, third: number];
/** The command lines of an event; none: there is nothing to do it with. */
type Event = (numbers: Numbers, situation: Situation) => readonly string[];

const AGENTS = 8;
const FRAMEWORKS = 6;

const PLAIN_SHAPES = ['cpus:4;mem:4096', 'cpus:2;mem:1024', 'cpus:1;mem:4096', 'cpus:8;mem:1024'];
const SHAPES = [
  'cpus:4;mem:4096',
  'cpus:2;mem:1024;ports:[31000-31009]',
  'cpus:1;mem:512;disk:100',
  'cpus:2;mem:1024;cpus(eng):2;mem(eng):512',
  'cpus:4;mem:2048;cpus{REV}:2',
  'cpus:8;mem:2048;gpus:1',
  'cpus:3;mem:2048;disk:200;cpus(eng/web):1;mem(ops):256',
  'mem:256;disk:100',
];
const PLACES = [
  '',
  'attributes=rack:r1',
  'attributes=rack:r2;level:3 region=east',
  'attributes=level:4 region=west',
  '',
  'capabilities=none',
];
const ROLE_SETS = [
  '*',
  'eng',
  'eng/web',
  'ops',
  'eng/web/a',
  'eng,ops',
  'eng/web,eng',
  'eng/web/a,eng/web/b',
  'ops/x,*',
  'eng,eng/web,eng/web/a',
];
const ROLES = ['eng', 'eng/web', 'ops', 'eng/web/a', '*', 'ops/x'];
const CAPABILITIES = [
  '',
  'GPU_RESOURCES',
  'REVOCABLE_RESOURCES',
  'SHARED_RESOURCES,RESERVATION_REFINEMENT',
  'REGION_AWARE',
  'GPU_RESOURCES,REVOCABLE_RESOURCES,SHARED_RESOURCES,RESERVATION_REFINEMENT,REGION_AWARE',
];
const CONSTRAINTS = [
  'rack=r1',
  'rack!=r1',
  'rack~r[12]',
  'rack!~r1|level exists',
  'rack absent',
  '@region=east|@hostname=a1.host',
  'level=3&level~x',
];
const MINIMA = ['any', 'cpus:2', 'mem:1024', 'cpus:1;mem:64'];
const REFUSALS = ['', ' refuse=500', ' refuse=5000', ' refuse=1000'];
const RESERVED_SHAPES = [
  'cpus:2;mem:1024;cpus(eng):2;mem(eng):512',
  'cpus:1;mem:512;cpus(eng):4',
  'cpus:2;mem:1024;cpus(eng/web):2;mem(eng):256',
];
const SLICES = [1, 1, 80, 250, 450];
const AMOUNTS = ['cpus:1', 'cpus:3', 'cpus:6;mem:4096', 'mem:2048', 'cpus:2;mem:512', 'cpus:0;mem:0', 'disk:50'];

function pick<T>(items: readonly T[], number: number): T | undefined {
  return items[number % Math.max(1, items.length)];
}

const addAgent =
  (shapes: readonly string[], places: readonly string[]): Event =>
  ([which, shape, place], { agents }) => {
    const id = `a${which % AGENTS}`;
    return agents.has(id) ? [] : [`agent ${id} ${pick(shapes, shape)} ${pick(places, place) ?? ''}`.trim()];
  };

const addFramework =
  (word: 'framework' | 'update-framework', rich: boolean): Event =>
  ([which, roleSet, more], { frameworks }) => {
    const id = `f${which % FRAMEWORKS}`;
    if (frameworks.has(id) !== (word === 'update-framework')) return [];
    const roles = pick(ROLE_SETS, roleSet) ?? '*';
    const role = roles.split(',').at(-1) ?? '*';
    const capabilities = pick(CAPABILITIES, more >> 2) ?? '';
    const wants = [
      '',
      more % 3 === 0 ? `where="${role}/${pick(CONSTRAINTS, more >> 4)}"` : '',
      `min=${role}/${pick(MINIMA, more >> 4)}`,
      `suppressed=${role}`,
    ];
    const options = rich ? [capabilities === '' ? '' : `can=${capabilities}`, pick(wants, more) ?? ''] : [];
    return [[word, id, roles, ...options].filter((part) => part !== '').join(' ')];
  };

const withAgent =
  (line: (id: string, numbers: Numbers) => string): Event =>
  (numbers, { agents }) => {
    const id = pick([...agents], numbers[0]);
    return id === undefined ? [] : [line(id, numbers)];
  };

const withFramework =
  (line: (id: string, numbers: Numbers, roles: readonly string[]) => string): Event =>
  (numbers, { frameworks }) => {
    const chosen = pick([...frameworks], numbers[0]);
    return chosen === undefined ? [] : [line(chosen[0], numbers, chosen[1])];
  };

const withOffer =
  (line: (holding: Readonly<Holding>, numbers: Numbers) => string | undefined): Event =>
  (numbers, { holdings }) => {
    const offers = holdings.filter(({ offered }) => !offered.isEmpty);
    const chosen = pick(offers, numbers[0]);
    const command = chosen === undefined ? undefined : line(chosen, numbers);
    return command === undefined ? [] : [command];
  };

function about(word: string, { frameworkId, agentId }: Readonly<Holding>, what: string, role: string): string {
  return [word, frameworkId, agentId, what, `role=${role}`].filter((part) => part !== '').join(' ');
}

/** Part of the firm scalars: `number` of up to 4 quarters of each, in whole units. */
function partOf(holding: Readonly<Holding>, which: 'offered' | 'launched', number: number): string {
  const quarters = (number % 4) + 1;
  const amounts = Array.from(holding[which].filter(isFirm).scalars(), ([name, amount]) => ({
    name,
    amount: Math.floor((amount * quarters) / 4),
  }));
  const some = amounts.filter(({ amount }) => amount > 0).map(({ name, amount }) => `${name}:${amount}`);
  return some.length === 0 || number % 3 === 0 ? 'all' : some.join(';');
}

/** What the launched part of the holding is, as an agent reports it when it comes back. */
function usedOf({ frameworkId, role, launched }: Readonly<Holding>): string[] {
  const firm = Array.from(launched.filter(isFirm).scalars(), ([name, amount]) => `${name}:${amount}`);
  return firm.length === 0 ? [] : [`${frameworkId}/${role}/${firm.join(';')}`];
}

const EVENTS = {
  allocate: ([wait, some, id]) => [
    ...(wait % 3 === 0 ? [] : [`now ${(wait % 8) * 300}`]),
    some % 5 === 4 ? `allocate agents=a${id % AGENTS},a${(id >> 3) % AGENTS}` : 'allocate',
  ],
  agent: addAgent(SHAPES, PLACES),
  framework: addFramework('framework', true),
  plainAgent: addAgent(PLAIN_SHAPES, ['']),
  plainFramework: addFramework('framework', false),
  launch: withOffer((holding, [, part]) => about('launch', holding, partOf(holding, 'offered', part), holding.role)),
  decline: withOffer((holding, [, refuse]) => about('decline', holding, '', holding.role) + pick(REFUSALS, refuse)),
  hand: withOffer((holding) => about('decline', holding, '', holding.role)),
  declineAll: ([refuse]) => [`decline-all${pick(REFUSALS, refuse)}`],
  finish: ([which, part], { holdings }) => {
    const chosen = pick(
      holdings.filter(({ launched }) => !launched.isEmpty),
      which,
    );
    return chosen === undefined ? [] : [about('finish', chosen, partOf(chosen, 'launched', part), chosen.role)];
  },
  quota: ([role, guarantee, limit]) => {
    const guaranteed = guarantee % 3 === 0 ? '' : ` guarantee=${pick(AMOUNTS, guarantee)}`;
    return [`quota ${pick(ROLES, role)}${guaranteed}${limit % 3 === 0 ? '' : ` limit=${pick(AMOUNTS, limit)}`}`];
  },
  weight: ([role, weight]) => [`weight ${pick(ROLES, role)} ${[1, 2, 3, 0.5][weight % 4]}`],
  suppress: withFramework((id, [, one], roles) => `suppress ${id}${one % 2 === 0 ? '' : ` ${pick(roles, one >> 1)}`}`),
  revive: withFramework((id, [, one], roles) => `revive ${id}${one % 2 === 0 ? '' : ` ${pick(roles, one >> 1)}`}`),
  removeAgent: withAgent((id) => `remove-agent ${id}`),
  removeFramework: withFramework((id) => `remove-framework ${id}`),
  updateFramework: addFramework('update-framework', true),
  connection: withFramework((id, [, on]) => `${on % 2 === 0 ? 'activate' : 'deactivate'} ${id}`),
  backPressure: withFramework((id, [, on]) => `back-pressure ${id} ${on % 2 === 0 ? 'off' : 'on'}`),
  moveAgent: withAgent(
    (id, [, place]) => `update-agent ${id} attributes=${['rack:r1', 'rack:r2', 'level:3'][place % 3]}`,
  ),
  resizeAgent: withAgent((id, [, shape]) => `update-agent ${id} total=${pick(SHAPES, shape)}`),
  /** Removed as lost, and back with its tasks and whatever it is now. */
  returnAgent: ([which, shape, place], { agents, holdings }) => {
    const id = pick([...agents], which);
    if (id === undefined) return [];
    const used = holdings.filter(({ agentId }) => agentId === id).flatMap(usedOf);
    const words = [`agent ${id} ${pick(SHAPES, shape)}`, pick(PLACES, place) ?? ''];
    if (used.length > 0) words.push(`used=${used.join(',')}`);
    return [`remove-agent ${id}`, words.filter((word) => word !== '').join(' ')];
  },
  /** Restarted with other resources, attributes and region while the master knew it. */
  reregister: withAgent(
    (id, [, shape, place]) =>
      `update-agent ${id} total=${pick(SHAPES, shape)} attributes=${['rack:r1', 'rack:r2', 'level:3'][place % 3]} region=${['east', 'west'][(place >> 2) % 2]}`,
  ),
  moveRegion: withAgent((id, [, region]) => `update-agent ${id} region=${['east', 'west'][region % 2]}`),
  agentCapabilities: withAgent((id, [, on]) => `update-agent ${id} capabilities=${on % 2 === 0 ? 'all' : 'none'}`),
  /** GPUs, other regions, shared and revocable ones: as before in everything else. */
  changeCapabilities: withFramework(
    (id, [, some], roles) =>
      `update-framework ${id} ${roles.join()}${some % 6 === 0 ? '' : ` can=${CAPABILITIES[some % 6]}`}`,
  ),
  maintain: withAgent((id, [, when]) => `maintenance ${id} ${when % 4 === 3 ? 'none' : `${(when % 4) + 1}000`}`),
  answerInverse: ([which, word, refuse], { holdings, underMaintenance }) => {
    const askable = holdings.filter(
      ({ agentId, offered, launched }) => underMaintenance.includes(agentId) && !offered.add(launched).isEmpty,
    );
    const chosen = pick(askable, which);
    if (chosen === undefined) return [];
    const pair = `${chosen.frameworkId} ${chosen.agentId}`;
    if (word % 4 === 0) return [`inverse-gone ${pair}`];
    return [`answer-inverse ${pair} ${word % 2 === 0 ? 'accept' : 'decline'}${pick(REFUSALS, refuse)}`];
  },
  slice: ([budget]) => [`allocate budget=${pick(SLICES, budget)} slices=1`],
  reservedAgent: addAgent(RESERVED_SHAPES, ['']),
  reservedFramework: ([which, roleSet, refines], { frameworks }) => {
    const id = `f${which % FRAMEWORKS}`;
    const roles = ['eng/web', 'eng', 'eng/web/a', 'eng,eng/web'][roleSet % 4];
    const can = refines % 4 === 0 ? '' : ' can=RESERVATION_REFINEMENT';
    return frameworks.has(id) ? [] : [`framework ${id} ${roles}${can}`];
  },
  /** A subrole reserves for itself what is reserved for a role above it. */
  refine: ([which], { holdings }) => {
    const refinable = holdings.flatMap((holding) =>
      holding.offered.entries
        .filter(({ kind }) => {
          const { reservations } = kind;
          return kind.type === 'SCALAR' && reservations.length === 1 && reservations[0]?.type === 'STATIC';
        })
        .filter(({ kind }) => isAncestor(kind.reservationRole, holding.role))
        .map(({ kind }) => ({ holding, text: `${kind.name}(${kind.reservationRole}):1` })),
    );
    const chosen = pick(refinable, which);
    return chosen === undefined ? [] : [about('reserve', chosen.holding, chosen.text, chosen.holding.role)];
  },
  operatorRefine: withAgent((id, [, what]) => {
    const [role, text] = [
      ['eng/web', 'cpus(eng):1'],
      ['eng/web', 'mem(eng):256'],
      ['eng/web/a', 'cpus(eng):1'],
    ][what % 3] ?? ['', ''];
    return `operator-reserve ${id} ${role} ${text}`;
  }),
  agentActivity: withAgent((id, [, on]) => `${on % 2 === 0 ? 'activate' : 'deactivate'}-agent ${id}`),
  whitelist: ([every, id]) => [
    every % 2 === 0 ? 'whitelist everybody' : `whitelist a${id % AGENTS}.host,a1.host,a2.host`,
  ],
  pause: ([on]) => [on % 3 === 0 ? 'pause' : 'resume'],
  reserve: withOffer((holding, [, part]) => {
    const text = partOf(holding, 'offered', part);
    return holding.role === '*' || text === 'all' ? undefined : about('reserve', holding, text, holding.role);
  }),
  sharedAgent: addAgent(['cpus:8;mem:4096;disk:100', 'cpus:4;mem:2048;disk:50'], ['']),
  sharedFramework: ([which, roleSet], { frameworks }) => {
    const id = `f${which % FRAMEWORKS}`;
    const roles = ['eng', 'eng/web', 'eng,eng/web', 'eng/web/a'][roleSet % 4];
    return frameworks.has(id) ? [] : [`framework ${id} ${roles} can=SHARED_RESOURCES,RESERVATION_REFINEMENT`];
  },
  share: ([which, name], { holdings, volumes }) => {
    const chosen = pick(
      holdings.filter(({ offered, role }) => role !== '*' && offered.filter(isFirm).scalar('disk') > 0),
      which,
    );
    if (chosen === undefined || volumes.has(`v${name}`)) return [];
    const mb = chosen.offered.filter(isFirm).scalar('disk') / (1 + (name & 1));
    return [
      about('reserve', chosen, `disk:${mb}`, chosen.role),
      about('create-shared', chosen, `v${name} ${mb}`, chosen.role),
    ];
  },
  operatorReserve: withAgent((id, [, role, what]) => {
    const [name = '', from = ''] =
      [['cpus:1'], ['disk:50'], ['mem:512'], ['cpus(eng):1', 'eng/web'], ['disk:100']][what % 5] ?? [];
    return `operator-reserve ${id} ${from === '' ? (pick(['eng', 'eng/web', 'ops'], role) ?? '') : from} ${name}`;
  }),
} satisfies Record<string, Event>;

export type Kind = keyof typeof EVENTS;

/** How often each kind of event is drawn; the first ones are what a failure shrinks to. */
function family(weights: Partial<Record<Kind, number>>): readonly Kind[] {
  return (Object.entries(weights) as [Kind, number][]).flatMap(([kind, weight]) => Array<Kind>(weight).fill(kind));
}

/** What is drawn first, to have something to share, and what is drawn then. */
export interface Family {
  readonly setting: readonly Kind[];
  readonly kinds: readonly Kind[];
}

/** Everything that can happen. */
export const EVERYTHING: Family = {
  setting: family({ agent: 3, framework: 3, plainAgent: 1, plainFramework: 1, weight: 1 }),
  kinds: family({
    allocate: 16,
    agent: 6,
    framework: 6,
    launch: 10,
    decline: 8,
    declineAll: 2,
    finish: 5,
    quota: 3,
    weight: 2,
    suppress: 1,
    revive: 2,
    removeAgent: 1,
    removeFramework: 1,
    updateFramework: 2,
    connection: 2,
    backPressure: 1,
    moveAgent: 1,
    resizeAgent: 1,
    returnAgent: 1,
    reregister: 1,
    changeCapabilities: 1,
    maintain: 2,
    answerInverse: 1,
    agentActivity: 2,
    whitelist: 1,
    pause: 1,
    reserve: 4,
    refine: 1,
    share: 3,
    operatorReserve: 2,
  }),
};

/** What operators, and agents that come and go, do to a cluster with tasks. */
export const OPERATIONS: Family = {
  setting: family({ agent: 3, framework: 3, plainAgent: 2, plainFramework: 2 }),
  kinds: family({
    allocate: 10,
    launch: 6,
    declineAll: 1,
    decline: 2,
    finish: 2,
    agent: 1,
    framework: 1,
    weight: 2,
    agentActivity: 2,
    whitelist: 2,
    returnAgent: 2,
    reregister: 2,
    moveRegion: 2,
    agentCapabilities: 2,
    changeCapabilities: 3,
    maintain: 3,
    answerInverse: 3,
    revive: 1,
    connection: 1,
  }),
};

/** Reservations below reservations. */
export const RESERVED: Family = {
  setting: family({ reservedAgent: 1, reservedFramework: 1 }),
  kinds: family({
    allocate: 8,
    refine: 4,
    operatorRefine: 3,
    launch: 4,
    hand: 4,
    finish: 3,
    reserve: 2,
    quota: 1,
    changeCapabilities: 1,
    reservedAgent: 1,
    reservedFramework: 1,
  }),
};

/** Runs in slices, and everything that can come in between. */
export const INTERRUPTED: Family = {
  setting: family({ agent: 2, framework: 2, plainAgent: 3, plainFramework: 3, quota: 2 }),
  kinds: family({
    ...{ slice: 24, allocate: 4, launch: 3, hand: 2, decline: 3, declineAll: 1, finish: 3, quota: 3, weight: 1 },
    ...{ agent: 1, framework: 1, removeAgent: 1, removeFramework: 1, updateFramework: 2, changeCapabilities: 1 },
    ...{ suppress: 2, revive: 1, connection: 2, backPressure: 1, moveAgent: 1, resizeAgent: 1, reregister: 1 },
    ...{ returnAgent: 1, moveRegion: 1, agentCapabilities: 1, agentActivity: 2, whitelist: 1, pause: 1, reserve: 1 },
    ...{ operatorReserve: 2, maintain: 1, answerInverse: 1 },
  }),
};

const EXCLUDED = ['', '', 'mem', '', 'cpus', '', 'cpus,gpus'];
const FRACTIONS = ['', '', '', '0.5', '', '0.25'];

/** Options of an allocator, drawn by a number; 0: all at their defaults. */
export function optionsOf(seed: number, more = ''): string {
  const excluded = pick(EXCLUDED, seed) ?? '';
  const fraction = pick(FRACTIONS, Math.floor(seed / EXCLUDED.length)) ?? '';
  const words = [
    `seed=${seed}`,
    excluded && `exclude=${excluded}`,
    fraction && `fraction=${fraction}`,
    'region=east',
    more,
  ];
  return words.filter((word) => word !== '').join(' ');
}

/** Only what leaves every framework free to take anything: the shares are then bounded. */
export const PLAIN: Family = {
  setting: family({ plainAgent: 1, plainFramework: 1 }),
  kinds: family({
    allocate: 8,
    plainAgent: 4,
    plainFramework: 4,
    launch: 6,
    hand: 6,
    declineAll: 1,
    finish: 5,
    weight: 2,
    removeAgent: 1,
    removeFramework: 1,
  }),
};

/** Quota at several levels, hardly anything else in the way. */
export const QUOTA: Family = {
  setting: family({ plainAgent: 2, plainFramework: 2, quota: 1 }),
  kinds: family({
    allocate: 8,
    quota: 5,
    launch: 5,
    decline: 3,
    hand: 3,
    finish: 4,
    agent: 2,
    framework: 2,
    weight: 1,
    operatorReserve: 1,
  }),
};

/** Volumes that several frameworks use at once. */
export const SHARED: Family = {
  setting: family({ sharedAgent: 1, sharedFramework: 1 }),
  kinds: family({
    allocate: 8,
    share: 6,
    launch: 8,
    hand: 4,
    decline: 1,
    finish: 3,
    sharedAgent: 1,
    sharedFramework: 1,
    reserve: 1,
    updateFramework: 1,
    removeFramework: 1,
  }),
};

const SETTING = family({
  agent: 4,
  framework: 4,
  plainFramework: 1,
  sharedAgent: 1,
  sharedFramework: 1,
  quota: 2,
  weight: 1,
});
const ROUND = family({
  launch: 5,
  decline: 4,
  finish: 3,
  reserve: 1,
  share: 2,
  suppress: 1,
  revive: 1,
  operatorReserve: 1,
});

export interface Move {
  readonly kind: Kind;
  readonly numbers: Numbers;
}

const numbers = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));

function moves(kinds: readonly Kind[]): fc.Arbitrary<Move> {
  return fc
    .tuple(fc.nat(kinds.length - 1), numbers)
    .map(([kind, drawn]) => ({ kind: kinds[kind] ?? 'allocate', numbers: drawn }));
}

/** Without the bias of fast-check to small numbers: they are no simpler here, and most kinds of event would be rare. */
export function sequences({ setting, kinds }: Family): fc.Arbitrary<readonly Move[]> {
  const first = fc.array(moves(setting), { minLength: 4, maxLength: 14, size: 'max' });
  const then = fc.array(moves(kinds), { minLength: 8, maxLength: 36, size: 'max' });
  return fc.noBias(fc.tuple(first, then)).map((parts) => parts.flat());
}

/** A cluster that is set up first and then lives through rounds of offers. */
export function clusters(): fc.Arbitrary<readonly Move[]> {
  const setting = fc.array(moves(SETTING), { minLength: 8, maxLength: 16, size: 'max' });
  const rounds = fc.array(fc.array(moves(ROUND), { minLength: 1, maxLength: 6, size: 'max' }), {
    minLength: 2,
    maxLength: 4,
    size: 'max',
  });
  const offers: Move = { kind: 'allocate', numbers: [4, 0, 0] };
  return fc
    .tuple(setting, rounds)
    .map(([first, later]) => [...first, offers, ...later.flatMap((round) => [...round, offers])]);
}

export function linesOf({ kind, numbers: drawn }: Move, situation: Situation): readonly string[] {
  const event: Event = EVENTS[kind];
  return event(drawn, situation);
}
