/** `quota list`, `set`, `remove`: what is shown, what is sent, and why a master does not take it. */
import { describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { removeQuotas, type SetQuotaOptions, setQuota } from '../../../src/cli/quota/change-quota.js';
import { printQuotas } from '../../../src/cli/quota/list-quotas.js';
import { parseAmounts } from '../../../src/cli/quota/quota-amounts.js';
import type * as master from '../../../src/wire/gen/master.js';
import type * as api from '../../../src/wire/gen/mesoctl-api.js';
import type * as quota from '../../../src/wire/gen/quota.js';
import { schemaErrors } from '../../harness/schemas.js';
import { FakeCluster } from './support/fake-cluster.js';
import { FakeConsole, type FakeConsoleOptions } from './support/fake-console.js';

type Amounts = Readonly<Record<string, number>>;

const scalars = (amounts: Amounts) =>
  Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, { value }]));
const config = (role: string, guarantees: Amounts, limits: Amounts = {}): quota.QuotaConfig => ({
  role,
  guarantees: scalars(guarantees),
  limits: scalars(limits),
});
const SET: SetQuotaOptions = { role: 'eng', guarantees: {}, limits: {}, force: false, dryRun: false, json: false };

interface World extends FakeConsoleOptions {
  readonly configs?: readonly quota.QuotaConfig[];
  readonly roles?: readonly api.Role[];
}

function setUp({ configs = [], roles = [], ...options }: World = {}) {
  const cluster = new FakeCluster({ roles });
  cluster.answers = { GET_QUOTA: { type: 'GET_QUOTA', get_quota: { status: { configs: [...configs] } } } };
  const console = new FakeConsole(options);
  const session = { client: cluster, console, timeoutMs: 300, nowMs: Date.now };
  const set = (more: Partial<SetQuotaOptions>) => setQuota({ ...SET, ...more }, session);
  const remove = (...names: string[]) =>
    removeQuotas({ roles: names, yes: false, noInput: false, dryRun: false, json: false }, session);
  return { cluster, console, session, set, remove };
}

const refused = (reason: string) =>
  new MesoError('BAD_INPUT', `m2:5050 refused UPDATE_QUOTA: ${reason}`, { details: { reason } });

describe('quota list', () => {
  const roles: readonly api.Role[] = [
    { name: 'web-1' },
    {
      name: 'web/shop',
      quota: { limits: scalars({ cpus: 2, licences: 3 }), consumed: scalars({ cpus: 3, licences: 1 }) },
    },
    {
      name: 'web',
      quota: {
        guarantees: scalars({ mem: 4096, cpus: 4 }),
        limits: scalars({ cpus: 8 }),
        consumed: scalars({ cpus: 1.5, mem: 4096, disk: 9 }),
        offered: scalars({ cpus: 0.5 }),
      },
    },
  ];

  it('is a line for each role and resource, a role before those below it', async () => {
    const { console, session } = setUp({ roles });
    await printQuotas({ timeout: '1s', json: false, 'no-header': false }, session);
    expect(console.stdout).toBe(
      [
        'ROLE      RESOURCE  USED  OFFERED  GUARANTEE   MET  LIMIT  NOTE',
        'web       cpus       1.5      0.5          4   50%      8  -',
        'web       mem         4G       0M         4G  100%      -  -',
        'web/shop  cpus         3        0          -     -      2  1 above the limit',
        'web/shop  licences     1        0          -     -      3  -',
        '',
      ].join('\n'),
    );
  });

  it('is JSON by its schema, by names of roles with -o name, and says when there are none', async () => {
    const some = setUp({ roles });
    await printQuotas({ timeout: '1s', json: true, 'no-header': false }, some.session);
    const records = JSON.parse(some.console.stdout);
    expect(schemaErrors('quota-list', records)).toEqual([]);
    expect(records[0]).toMatchObject({ role: 'web', used: { cpus: 1.5, mem: 4096 }, met: { cpus: 0.5, mem: 1 } });
    const names = setUp({ roles });
    await printQuotas({ timeout: '1s', json: false, output: 'name', 'no-header': false }, names.session);
    expect(names.console.stdout).toBe('web\nweb/shop\n');
    const none = setUp();
    await printQuotas({ timeout: '1s', json: true, 'no-header': false }, none.session);
    expect(none.console).toMatchObject({ stdout: '[]\n', stderr: expect.stringMatching(/^No quotas: /) });
  });
});

describe('quota set', () => {
  it('sends the whole quota: what is named is changed, the rest is kept', async () => {
    const { cluster, console, set } = setUp({ configs: [config('eng', { cpus: 2, mem: 1024 }, { cpus: 3 })] });
    await set({ guarantees: { cpus: 1, mem: null }, limits: { disk: 2048 } });
    const quota_configs = [config('eng', { cpus: 1 }, { cpus: 3, disk: 2048 })];
    expect(cluster.calls).toEqual([{ type: 'UPDATE_QUOTA', update_quota: { force: false, quota_configs } }]);
    expect(console.stdout).toBe(
      'Set the quota of eng: guarantee cpus 1; limit cpus 3, disk 2G (was guarantee cpus 2, mem 1G; limit cpus 3)\n',
    );
  });

  it('in a dry run the master judges it', async () => {
    const { cluster, console, set } = setUp();
    await set({ limits: { cpus: 4 }, dryRun: true, force: true });
    expect(cluster.calls).toEqual([]);
    expect(cluster.checks).toMatchObject([{ type: 'UPDATE_QUOTA', update_quota: { force: true } }]);
    expect(console.stdout).toBe('would set the quota of eng: guarantee none; limit cpus 4\n');
  });

  it('--json is as its schema says, also where nothing is left of a quota', async () => {
    const { console, set } = setUp({ configs: [config('eng', {}, { cpus: 3 })] });
    await set({ limits: { cpus: null }, json: true });
    const change = JSON.parse(console.stdout);
    expect(schemaErrors('quota-set', change)).toEqual([]);
    expect(change).toMatchObject({ before: { limits: { cpus: 3 } }, after: null });
  });

  it('that contradicts itself is not sent', async () => {
    const { cluster, set } = setUp();
    await expect(set({ guarantees: { cpus: 2 }, limits: { cpus: 1 } })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect([...cluster.calls, ...cluster.checks]).toEqual([]);
  });
});

/** Which call the master takes; the reason is what it says to the others. */
describe('a quota that the master refuses', () => {
  const isForced = ({ update_quota }: master.Call) => update_quota?.force === true;
  const hasLimits = ({ update_quota }: master.Call) =>
    update_quota?.quota_configs?.some(({ limits = {} }) => Object.keys(limits).length > 0) === true;

  it.each<[string, readonly quota.QuotaConfig[], Partial<SetQuotaOptions>, (call: master.Call) => boolean, object]>([
    [
      'above the limit of a role above it',
      [config('eng', {}, { cpus: 3 })],
      { role: 'eng/web', limits: { cpus: 4 } },
      () => false,
      {
        message: 'the limit of 4 cpus of role eng/web is above the 3 of role eng, which covers it',
        suggestions: ['mesoctl quota set eng --limit cpus=4', '--limit cpus=3'],
        details: { why: 'LIMIT_ABOVE_PARENT' },
      },
    ],
    [
      'below the limit of a role below it',
      [config('eng', {}, { mem: 4096 }), config('eng/a/b', {}, { mem: 2048 })],
      { limits: { mem: 1024 } },
      () => false,
      {
        message: 'the limit of 2G mem of role eng/a/b is above the 1G of role eng, which covers it',
        suggestions: ['mesoctl quota set eng/a/b --limit mem=1024', '--limit mem=2048'],
      },
    ],
    [
      'with more guaranteed than the role above it guarantees',
      [config('eng', { cpus: 4 }), config('eng/a', { cpus: 3 })],
      { role: 'eng/b', guarantees: { cpus: 2 } },
      () => false,
      {
        message: 'role eng would guarantee 4 cpus, less than the 5 of the roles below it (eng/a eng/b)',
        suggestions: ['mesoctl quota set eng --guarantee cpus=5'],
        details: { why: 'GUARANTEE_BELOW_CHILDREN' },
      },
    ],
    [
      'with a limit below what is used',
      [],
      { limits: { cpus: 1 }, guarantees: { cpus: 1 } },
      (call) => isForced(call) || !hasLimits(call),
      {
        message: 'no',
        details: { why: 'LIMIT_BELOW_USE' },
        suggestions: [expect.stringMatching(/^--force/), expect.anything()],
      },
    ],
    [
      'beyond what the cluster has',
      [],
      { guarantees: { cpus: 99 } },
      isForced,
      {
        message: 'no',
        details: { why: 'BEYOND_CLUSTER' },
        suggestions: [expect.stringMatching(/^--force/), 'mesoctl agent list'],
      },
    ],
    [
      'of a role that is not listed',
      [],
      { limits: { cpus: 1 } },
      () => false,
      {
        message: 'no',
        details: { why: 'ROLE_NOT_LISTED' },
        suggestions: ['--roles of the masters with eng in it', 'mesoctl role list'],
      },
    ],
  ])('%s says so and what to do', async (_, configs, options, isTaken, expected) => {
    const { cluster, set } = setUp({ configs });
    cluster.judge = (call) => (isTaken(call) ? Promise.resolve() : Promise.reject(refused('no')));
    await expect(set(options)).rejects.toMatchObject({ code: 'REFUSED', ...expected });
    expect(cluster.calls).toHaveLength(1);
  });

  it('is not asked about when the answer is lost', async () => {
    const { cluster, set } = setUp();
    cluster.judge = () => Promise.reject(new MesoError('OUTCOME_UNKNOWN', 'lost'));
    await expect(set({ limits: { cpus: 1 } })).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      suggestions: ['mesoctl quota list'],
    });
    expect(cluster.checks).toEqual([]);
  });
});

describe('quota remove', () => {
  const configs = [config('eng', { cpus: 2 }), config('eng/web', { cpus: 1 }, { mem: 64 })];

  it('of one role does it, of several asks, and sends one call', async () => {
    const one = setUp({ configs });
    expect(await one.remove('eng/web')).toBe(0);
    expect(one.console.stdout).toBe('Removed the quota of eng/web: guarantee cpus 1; limit mem 64M\n');
    const two = setUp({ configs, canAsk: true, answers: ['y'] });
    expect(await two.remove('eng', 'eng/web')).toBe(0);
    expect(two.console.stderr).toContain('Remove 2 quotas on prod? [y/N] ');
    expect(two.cluster.calls).toMatchObject([
      {
        update_quota: {
          quota_configs: [
            { role: 'eng', guarantees: {} },
            { role: 'eng/web', limits: {} },
          ],
        },
      },
    ]);
    const no = setUp({ configs, canAsk: true, answers: ['n'] });
    expect(await no.remove('eng', 'eng/web')).toBe(1);
    expect(no.cluster.calls).toEqual([]);
  });

  it('leaves no guarantee uncovered', async () => {
    const { cluster, remove } = setUp({ configs });
    cluster.judge = () => Promise.reject(refused('no'));
    await expect(remove('eng')).rejects.toMatchObject({
      message: 'role eng would guarantee 0 cpus, less than the 1 of the roles below it (eng/web)',
      suggestions: ['mesoctl quota remove eng/web, or with eng in one command'],
    });
  });

  it('knows roles with a quota only, and is JSON by its schema', async () => {
    const { console, session, remove } = setUp({ configs });
    await expect(remove('eng/wbe')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'role "eng/wbe" has no quota. Did you mean eng/web?',
    });
    await removeQuotas({ roles: ['eng'], yes: false, noInput: true, dryRun: true, json: true }, session);
    expect(schemaErrors('quota-remove', JSON.parse(console.stdout))).toEqual([]);
  });
});

describe('amounts', () => {
  it('are written as in Mesos or shorter', () => {
    expect(parseAmounts('--limit', ['cpus=4,mem=8G', 'disk=none'])).toEqual({ cpus: 4, mem: 8192, disk: null });
    expect(parseAmounts('--limit', ['cpus:0.5;mem:512;'])).toEqual({ cpus: 0.5, mem: 512 });
  });

  it.each(['cpus', 'cpus=', '=4', 'cpus=-1', 'cpus=4,cpus=5', 'mem=4Q', 'cpus=1e3'])('"%s" is none', (text) => {
    expect(() => parseAmounts('--limit', [text])).toThrow(/^--limit: /);
  });
});
