/** `mesoctl quota` by the built command against a real master: what it prints, its JSON, its errors. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scalars, TestScheduler } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { schemaErrors } from '../harness/schemas.js';
import { type CliResult, mesoctl } from './cli-process.js';

let cluster: Cluster;
let web: TestScheduler;

const quota = (...words: string[]): Promise<CliResult> =>
  mesoctl(['quota', ...words], { MESOCTL_MASTER: cluster.master.address });
const out = async (...words: string[]): Promise<string> => {
  const { status, stdout, stderr } = await quota(...words);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
};

beforeAll(async () => {
  cluster = await startCluster({
    agents: 1,
    master: { args: ['--cluster', 'lab'] },
    agent: { resources: 'cpus:4;mem:2048' },
  });
  web = await TestScheduler.subscribe(cluster.master.url, {
    user: 'root',
    name: 'web',
    roles: ['eng/web'],
    capabilities: [{ type: 'MULTI_ROLE' }],
  });
  await until('an offer', () => web.offers().length > 0);
  const [offer] = web.offers();
  const command = { shell: false, value: 'sleep', arguments: ['sleep', '1000'] };
  const task = { name: 'w', task_id: { value: 'w.1' }, resources: scalars({ cpus: 1, mem: 64 }), command };
  await web.launch(offer, [task], { refuse_seconds: 600 });
  await web.call({ type: 'SUPPRESS' });
}, 120_000);
afterAll(async () => {
  web.close();
  await cluster.stop();
});

describe('mesoctl quota', () => {
  it('has nothing to list at first', async () => {
    expect(await quota('list')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: 'No quotas: each role may use what fair sharing gives it.\n',
    });
    expect(await quota('list', '--json', '-q')).toMatchObject({ status: 0, stdout: '[]\n', stderr: '' });
  });

  it('sets, at any level of the roles, and shows what is met', async () => {
    const words = ['eng', '--guarantee', 'cpus=4', '--limit', 'cpus=4,mem=1G'];
    expect(await out('set', ...words, '--dry-run')).toBe(
      'would set the quota of eng: guarantee cpus 4; limit cpus 4, mem 1G\n',
    );
    expect(await out('list', '-q')).toBe('');
    expect(await out('set', ...words)).toBe('Set the quota of eng: guarantee cpus 4; limit cpus 4, mem 1G\n');
    const change = JSON.parse(await out('set', 'eng/web', '--guarantee', 'cpus=1', '--json'));
    expect(schemaErrors('quota-set', change)).toEqual([]);
    expect(change).toMatchObject({ role: 'eng/web', before: null, after: { guarantees: { cpus: 1 } } });
    expect(await out('list')).toBe(
      [
        'ROLE      RESOURCE  USED  OFFERED  GUARANTEE   MET  LIMIT',
        'eng       cpus         1        0          4   25%      4',
        'eng       mem        64M       0M          -     -     1G',
        'eng/web   cpus         1        0          1  100%      -',
        '',
      ].join('\n'),
    );
    const records = JSON.parse(await out('list', '--json'));
    expect(schemaErrors('quota-list', records)).toEqual([]);
    expect(await out('list', '-o', 'name')).toBe('eng\neng/web\n');
    expect(await out('list', '--columns', 'role,met', '--no-header')).toMatch(/^eng +25%\neng +-\neng\/web +100%\n$/);
  });

  it.each([
    [['set', 'eng/web', '--limit', 'cpus=5'], 'the limit of 5 cpus of role eng/web is above the 4 of role eng'],
    [['set', 'eng/web', '--guarantee', 'cpus=8'], 'role eng would guarantee 4 cpus, less than the 8'],
    [['set', 'eng', '--limit', 'mem=32'], "role 'eng' uses 64 mem, more than the limit of 32"],
    [['set', 'ops', '--guarantee', 'cpus=64'], 'guarantees of 68 cpus are more than the 4'],
    [['remove', 'eng'], 'role eng would guarantee 0 cpus'],
  ])('%j is refused, asked or done', async (words, text) => {
    for (const more of [[], ['--dry-run']]) {
      const { status, stdout, stderr } = await quota(...words, ...more);
      expect({ status, stdout }).toEqual({ status: 6, stdout: '' });
      expect(stderr).toContain(`Error: ${text}`);
      expect(stderr).toMatch(/\nTry: .* REFUSED 6\n$/);
    }
    const json = await quota(...words, '--json');
    expect(schemaErrors('error', JSON.parse(json.stderr))).toEqual([]);
  });

  it('--force overcomes use and capacity', async () => {
    expect(await out('set', 'eng', '--limit', 'mem=32', '--force')).toContain('limit cpus 4, mem 32M (was ');
    expect(await out('list')).toMatch(/\neng +mem +64M +0M +- +- +32M +32M above the limit\n/);
  });

  it.each([
    [['set', 'eng'], 2, 'BAD_INPUT', 'nothing to set'],
    [['set', 'a//b', '--limit', 'cpus=1'], 2, 'BAD_INPUT', 'slashes'],
    [['set', 'eng', '--limit', 'cpus'], 2, 'BAD_INPUT', '"cpus" is not NAME=AMOUNT'],
    [['remove', 'egn/web'], 3, 'NOT_FOUND', 'has no quota. Did you mean eng/web?'],
    [['remove', 'eng', 'eng/web'], 2, 'BAD_INPUT', 'Remove 2 quotas on lab? No terminal: nothing was done.'],
    [['list', '--columns', 'nothing'], 2, 'BAD_INPUT', '"nothing"'],
  ])('%j fails with %d', async (words, exit, code, text) => {
    const { status, stdout, stderr } = await quota(...words);
    expect({ status, stdout }).toEqual({ status: exit, stdout: '' });
    expect(stderr).toContain(text);
    expect(stderr).toMatch(new RegExp(`${code} ${exit}\\n$`));
  });

  it('removes several at once', async () => {
    const changes = JSON.parse(await out('remove', 'eng', 'eng/web', '--yes', '--json'));
    expect(schemaErrors('quota-remove', changes)).toEqual([]);
    expect(changes).toMatchObject([{ role: 'eng', after: null }, { role: 'eng/web' }]);
    expect(await out('list', '-q')).toBe('');
  });
});
