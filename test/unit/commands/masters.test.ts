/** The commands about masters, on a real client and a server that answers as masters do. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addMember, parseNewcomer } from '../../../src/cli/master/add-member.js';
import { type MemberListFlags, printMembers } from '../../../src/cli/master/list-members.js';
import { removeMember } from '../../../src/cli/master/remove-member.js';
import { restoreRegistry } from '../../../src/cli/master/restore-snapshot.js';
import { saveSnapshot } from '../../../src/cli/master/save-snapshot.js';
import { transferLeadership } from '../../../src/cli/master/transfer-leadership.js';
import { OperatorClient } from '../../../src/client/operator-client.js';
import { schemaErrors } from '../../harness/schemas.js';
import { KV_MIGRATIONS } from '../raft/kv-machine.js';
import { applyAll, batch, configurationOf, data, LogFixture } from '../raft/log-fixture.js';
import { FakeConsole, type FakeConsoleOptions } from './support/fake-console.js';
import { FakeMasters, memberOf } from './support/fake-masters.js';

const CHANGE = { dryRun: false, json: false };
const REMOVE = { ...CHANGE, yes: false, confirm: undefined, noInput: false };
const FOLLOWER = { self: true, durable_index: undefined, silent_seconds: undefined } as const;

let masters: FakeMasters;
const clients: OperatorClient[] = [];
let scratch: string;

beforeEach(async () => {
  masters = await FakeMasters.start();
  scratch = mkdtempSync(join(tmpdir(), 'mesoctl-masters-'));
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await masters.close();
  rmSync(scratch, { recursive: true, force: true });
});

function setUp(options: FakeConsoleOptions & { readonly timeoutMs?: number; readonly masters?: string } = {}) {
  const client = new OperatorClient({ masters: options.masters ?? masters.address, unreachableTimeoutMs: 1_000 });
  clients.push(client);
  const console = new FakeConsole(options);
  return { console, session: { client, console, timeoutMs: options.timeoutMs ?? 10_000, nowMs: Date.now } };
}

describe('master list', () => {
  const FLAGS: MemberListFlags = { timeout: '5s', json: false, 'no-header': false };
  const print = async (flags: Partial<MemberListFlags> = {}, options: Parameters<typeof setUp>[0] = {}) => {
    const { console, session } = setUp(options);
    await printMembers({ ...FLAGS, ...flags }, session);
    return console;
  };
  const jsonOf = async () => JSON.parse((await print({ json: true })).stdout);

  it('tells who leads, who votes, who is silent, and how far each is behind', async () => {
    const [m1, m2] = masters.members;
    masters.members = [
      ...[m1, m2].filter((member) => member !== undefined),
      memberOf('m3', { silent_seconds: 3.4, durable_index: 700 }),
      memberOf('m4', { role: 'LEARNER' }),
      memberOf('m5', { role: 'LEAVING', connected: false, silent_seconds: undefined }),
    ];
    const { stdout, stderr } = await print();
    expect(stdout.split('\n')).toEqual([
      'NAME  RAFT           ROLE     STATE          LAG  ID',
      'm1    10.0.0.1:5060  voter    connected        3  m1c4f1a2',
      'm2    10.0.0.2:5060  leader   connected        -  m2c4f1a2',
      'm3    10.0.0.3:5060  voter    silent 3s      115  m3c4f1a2',
      'm4    10.0.0.4:5060  learner  connected        3  m4c4f1a2',
      'm5    10.0.0.5:5060  leaving  not connected    3  m5c4f1a2',
      '',
    ]);
    expect(stderr).toBe('');
    const records = await jsonOf();
    expect(schemaErrors('master-list', records)).toEqual([]);
    expect(records[2]).toMatchObject({ name: 'm3', state: 'SILENT', lag: 115, by_leader: true, severity: 'bad' });
    expect(records[1]).toMatchObject({ leader: true, asked: true, lag: null, term: 14 });
  });

  it('is a table that can be chosen from, names, or YAML', async () => {
    expect((await print({ output: 'name' })).stdout).toBe('m1\nm2\nm3\n');
    expect((await print({ columns: 'role,name', 'no-header': true })).stdout).toBe(
      'voter    m1\nleader   m2\nvoter    m3\n',
    );
    expect((await print({ output: 'wide' })).stdout).toContain('m1c4f1a2b39d7e');
    expect((await print({ output: 'yaml' })).stdout).toMatch(/^- name: m1\n/);
    await expect(print({ columns: 'term' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect((await print({}, { columns: 80 })).stderr).toBe('3 voters survive the loss of 1\n');
  });

  it('asks the leader that another one names', async () => {
    const other = await FakeMasters.start();
    other.members = [memberOf('m1', FOLLOWER), memberOf('m2', { leader: true }), memberOf('m3')];
    other.leaderAt = masters.address;
    try {
      const { console, session } = setUp({ masters: other.address });
      await printMembers({ ...FLAGS, json: true }, session);
      expect(console.stderr).toBe('');
      expect(JSON.parse(console.stdout)[1]).toMatchObject({ asked: true, by_leader: true });
    } finally {
      await other.close();
    }
  });

  it('looks further where one knows no leader, as one that was removed does', async () => {
    const other = await FakeMasters.start();
    other.members = [memberOf('m9', FOLLOWER)];
    try {
      const { console, session } = setUp({ masters: `${other.address},${masters.address}` });
      await printMembers({ ...FLAGS, output: 'name' }, session);
      expect(console.stdout).toBe('m1\nm2\nm3\n');
    } finally {
      await other.close();
    }
  });

  it('says so where the leader does not answer, or nobody leads, or there is no cluster', async () => {
    const bare = { durable_index: undefined, silent_seconds: undefined };
    masters.members = [memberOf('m1', FOLLOWER), memberOf('m2', { ...bare, leader: true, connected: false })];
    masters.leaderAt = '127.0.0.1:1';
    const away = await print();
    expect(away.stdout).toMatch(/^m2 .* leader +unknown from here +- /m);
    expect(away.stderr).toBe(
      'm2 leads and does not answer: this is what m1 sees. How far the others are, only a leader knows.\n',
    );
    masters.leaderAt = undefined;
    masters.members = [memberOf('m1', FOLLOWER), memberOf('m2', { ...bare, connected: false })];
    expect((await print()).stderr).toContain('Nobody leads now: this is what m1 sees.');
    expect(schemaErrors('master-list', await jsonOf())).toEqual([]);
    masters.members = [];
    masters.clusterId = undefined;
    const empty = await print({ json: true });
    expect(empty.stdout).toBe('[]\n');
    expect(empty.stderr).toContain('is in no cluster yet');
  });
});

describe('master add', () => {
  const M4 = { name: 'm4', address: '10.0.0.4:5060' };

  it('reads NAME=HOST:PORT', () => {
    expect(parseNewcomer('m4=10.0.0.4:5060')).toEqual(M4);
    expect(parseNewcomer('m-4.b=[::1]:5060')).toEqual({ name: 'm-4.b', address: '[::1]:5060' });
    for (const [text, complaint] of [
      ['m4', /is not NAME=HOST:PORT/],
      ['=10.0.0.4:5060', /is not NAME=HOST:PORT/],
      ['-m=h:1', /is not NAME=HOST:PORT/],
      ['m4=', /has no port/],
      ['m4=host', /has no port/],
      ['m4=h:99999', /a port is a number from 1 to 65535/],
      ['m4=a b:1', /is not an address/],
    ] as const)
      expect(() => parseNewcomer(text)).toThrow(complaint);
  });

  it('waits until it votes and says what the cluster survives', async () => {
    const { console, session } = setUp({ columns: 80 });
    expect(await addMember(M4, CHANGE, session)).toBe(0);
    expect(masters.changes).toEqual(['ADD_MEMBER m4']);
    expect(console.stdout).toBe('Added m4 (10.0.0.4:5060); it votes. 4 voters survive the loss of 1\n');
    expect(console.stderr.split('\n')).toEqual([
      'Start m4 now, if it does not run: mesoctl master start --name m4 --join 10.0.0.2:5060',
      '4 voters survive no more than 3 do: an odd number is better.',
      '',
    ]);
  });

  it('--dry-run and --json', async () => {
    const dry = setUp();
    expect(await addMember(M4, { ...CHANGE, dryRun: true }, dry.session)).toBe(0);
    expect(masters.changes).toEqual([]);
    expect(dry.console.stdout).toBe(
      'would add m4 at 10.0.0.4:5060: 3 voters survive the loss of 1, then 4 voters survive the loss of 1\n',
    );
    for (const dryRun of [true, false]) {
      const { console, session } = setUp();
      await addMember(M4, { dryRun, json: true }, session);
      const result = JSON.parse(console.stdout);
      expect(schemaErrors('master-add', result)).toEqual([]);
      expect(result).toMatchObject({ name: 'm4', dry_run: dryRun, before: { voters: 3 }, after: { voters: 4 } });
      expect(result.id).toBe(dryRun ? null : 'm4c4f1a2b39d7e');
    }
  });

  it('refuses a name that is taken', async () => {
    const { session } = setUp();
    await expect(addMember({ ...M4, name: 'm3' }, CHANGE, session)).rejects.toMatchObject({
      code: 'REFUSED',
      message: 'm3 is a member already, at 10.0.0.3:5060',
    });
    expect(masters.changes).toEqual([]);
  });

  it.each([
    [503, 'TIMEOUT', 'no master named m4 has introduced itself'],
    [409, 'REFUSED', 'm4 says that it is at another address'],
    [400, 'BAD_INPUT', 'that is no address'],
  ])('tells the words of a leader that answers %d', async (status, code, text) => {
    masters.refusal = { status, text };
    const { session } = setUp();
    await expect(addMember(M4, CHANGE, session)).rejects.toMatchObject({
      code,
      message: `${masters.address} refused ADD_MEMBER: ${text}`,
    });
    expect(masters.changes).toEqual(['ADD_MEMBER m4']);
  });

  it('finds out what became of it when the answer is lost', async () => {
    masters.losesAnswers = true;
    const { console, session } = setUp();
    expect(await addMember(M4, CHANGE, session)).toBe(0);
    expect(masters.changes).toEqual(['ADD_MEMBER m4']);
    expect(console.stdout).toMatch(/^Added m4 /);
  });

  it('gives up waiting at --timeout, and says what goes on', async () => {
    masters.isMute = true;
    const { session } = setUp({ timeoutMs: 400 });
    await expect(addMember(M4, CHANGE, session)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/^the addition of m4 did not come within 0.4s; the leader goes on waiting for m4/),
    });
  });

  it('needs a leader', async () => {
    masters.members = [memberOf('m1', FOLLOWER), memberOf('m2', { connected: false }), memberOf('m3')];
    const { session } = setUp({ timeoutMs: 600 });
    await expect(addMember(M4, CHANGE, session)).rejects.toMatchObject({
      code: 'NO_LEADER',
      message: expect.stringContaining('the masters have no leader. m1 sees 2 of 3 (m1, m3); 2 are needed.'),
    });
  });
});

describe('master remove', () => {
  it('takes the name, typed, for an answer', async () => {
    const { console, session } = setUp({ canAsk: true, answers: ['m3'] });
    expect(await removeMember('m3', REMOVE, session)).toBe(0);
    expect(console.stderr).toBe(
      [
        '  m3 voter 10.0.0.3:5060 connected',
        '  now 3 voters survive the loss of 1, then 2 voters survive no loss',
        'Remove m3 from prod? This cannot be undone: type m3 to do it: ',
      ].join('\n'),
    );
    expect(console.stdout).toBe('Removed m3 (10.0.0.3:5060). m2 leads; 2 voters survive no loss\n');
    expect(masters.changes).toEqual(['REMOVE_MEMBER m3']);
  });

  it.each([[['y']], [['m2']], [['']], [[]]])('does nothing when the answer is %j', async (answers) => {
    const { console, session } = setUp({ canAsk: true, answers });
    expect(await removeMember('m3', REMOVE, session)).toBe(1);
    expect(masters.changes).toEqual([]);
    expect(console.stderr).toMatch(/Nothing was done\.\n$/);
  });

  it.each([
    [{}, /No terminal: nothing was done/],
    [{ noInput: true }, /--no-input: nothing was done/],
    [{ yes: true }, /--yes does not answer this: nothing was done/],
    [{ confirm: 'm2' }, /--confirm m2 is another name: nothing was done/],
  ])('does nothing where nobody answered: %j', async (options, message) => {
    const { session } = setUp({ canAsk: Object.keys(options).length > 0, answers: ['m3'] });
    await expect(removeMember('m3', { ...REMOVE, ...options }, session)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(message),
      suggestions: [expect.stringContaining('--confirm m3'), expect.stringContaining('--dry-run')],
    });
    expect(masters.changes).toEqual([]);
  });

  it('--confirm answers; --dry-run and --json tell the same numbers', async () => {
    for (const dryRun of [true, false]) {
      const { console, session } = setUp();
      expect(await removeMember('m1', { ...REMOVE, dryRun, json: true, confirm: 'm1' }, session)).toBe(0);
      const result = JSON.parse(console.stdout);
      expect(schemaErrors('master-remove', result)).toEqual([]);
      expect(result).toMatchObject({
        name: 'm1',
        before: { voters: 3, survives: 1 },
        after: { voters: 2, survives: 0 },
        leader: 'm2',
        dry_run: dryRun,
      });
      expect(masters.changes.length).toBe(dryRun ? 0 : 1);
    }
  });

  it('removes the leader and says who leads then', async () => {
    const other = await FakeMasters.start();
    other.members = [memberOf('m1', { ...FOLLOWER, leader: true }), memberOf('m3')];
    try {
      const { console, session } = setUp({ masters: `${masters.address},${other.address}` });
      expect(await removeMember('m2', { ...REMOVE, confirm: 'm2' }, session)).toBe(0);
      expect(console.stdout).toBe('Removed m2 (10.0.0.2:5060). m1 leads; 2 voters survive no loss\n');
    } finally {
      await other.close();
    }
    expect(masters.changes).toEqual(['REMOVE_MEMBER m2']);
  });

  it('refuses what would leave no majority, the only voter, and an unknown name, before it asks', async () => {
    const { console, session } = setUp({ canAsk: true });
    await expect(removeMember('m4', REMOVE, session)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'no master "m4". Did you mean m1?',
    });
    masters.members = masters.members.map((one) => (one.name === 'm3' ? { ...one, connected: false } : one));
    await expect(removeMember('m1', REMOVE, session)).rejects.toMatchObject({
      code: 'REFUSED',
      message: 'without m1 there would be no majority: m3 cannot be reached',
      suggestions: ['start m3, or: mesoctl master remove m3'],
    });
    masters.members = masters.members.filter(({ self }) => self);
    await expect(removeMember('m2', REMOVE, session)).rejects.toMatchObject({
      code: 'REFUSED',
      message: 'm2 is the only voter; add another master before it leaves',
    });
    expect(console.stderr).toBe('');
    expect(masters.changes).toEqual([]);
  });
});

describe('master transfer', () => {
  it('hands over without a question, in words and as JSON', async () => {
    const { console, session } = setUp();
    expect(await transferLeadership('m1', CHANGE, session)).toBe(0);
    expect(console.stdout).toBe('m1 leads now; m2 did before\n');
    expect(await transferLeadership('m1', CHANGE, session)).toBe(0);
    expect(console.stdout).toMatch(/m1 leads already\n$/);
    expect(masters.changes).toEqual(['TRANSFER_LEADERSHIP m1']);
    const json = setUp();
    await transferLeadership('m3', { dryRun: false, json: true }, json.session);
    const result = JSON.parse(json.console.stdout);
    expect(schemaErrors('master-transfer', result)).toEqual([]);
    expect(result).toEqual({ leader: 'm3', from: 'm1', dry_run: false });
  });

  it('--dry-run tells how far it is behind', async () => {
    const { console, session } = setUp();
    expect(await transferLeadership('m3', { ...CHANGE, dryRun: true }, session)).toBe(0);
    expect(console.stdout).toBe(
      'would hand leadership from m2 to m3, which is 3 entries behind and catches up first\n',
    );
    expect(masters.changes).toEqual([]);
  });

  it('refuses those that cannot lead', async () => {
    const { session } = setUp();
    masters.members = [
      ...masters.members.filter(({ name }) => name !== 'm3'),
      memberOf('m3', { silent_seconds: 12 }),
      memberOf('m4', { role: 'LEARNER' }),
    ];
    for (const [name, message] of [
      ['m4', 'm4 is a learner: only a voter can lead'],
      ['m3', 'm3 is silent 12s: it cannot lead now'],
    ] as const)
      await expect(transferLeadership(name, CHANGE, session)).rejects.toMatchObject({ code: 'REFUSED', message });
    await expect(transferLeadership('nobody', CHANGE, session)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(masters.changes).toEqual([]);
  });
});

/** What a leader would send: entry 2 and what came before it, of members name-a and name-b. */
async function snapshotOf(directory: string): Promise<string> {
  const fixture = new LogFixture();
  const path = join(directory, 'leader.snapshot');
  try {
    const store = fixture.openMember();
    const configuration = configurationOf('a', 'b');
    store.persist(batch([{ index: 1, term: 1, body: { kind: 'configuration', configuration } }, data(2, 1, 'key v')]));
    store.commit();
    applyAll(store, 2);
    await store.saveSnapshot(path);
  } finally {
    fixture.dispose();
  }
  return path;
}

describe('master snapshot save', () => {
  const OPTIONS = { force: false, json: false };

  it('writes a file that can be restored, for its owner only', async () => {
    masters.snapshot = readFileSync(await snapshotOf(scratch));
    const file = join(scratch, 'registry.snapshot');
    const { console, session } = setUp();
    expect(await saveSnapshot(file, OPTIONS, session)).toBe(0);
    expect(readFileSync(file).equals(masters.snapshot)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(console.stdout).toMatch(/^Saved the registry to .*registry\.snapshot: [\d,]+ bytes, up to log index 2\n$/);
    const json = setUp();
    await saveSnapshot(join(scratch, 'other'), { force: false, json: true }, json.session);
    expect(schemaErrors('master-snapshot-save', JSON.parse(json.console.stdout))).toEqual([]);
    expect(readdirSync(scratch).sort()).toEqual(['leader.snapshot', 'other', 'registry.snapshot']);
  });

  it('never writes over a file unless told to', async () => {
    masters.snapshot = readFileSync(await snapshotOf(scratch));
    const file = join(scratch, 'mine');
    writeFileSync(file, 'precious');
    const { session } = setUp();
    await expect(saveSnapshot(file, OPTIONS, session)).rejects.toMatchObject({ code: 'REFUSED' });
    expect(readFileSync(file, 'utf8')).toBe('precious');
    expect(await saveSnapshot(file, { ...OPTIONS, force: true }, session)).toBe(0);
    expect(readFileSync(file).equals(masters.snapshot)).toBe(true);
    await expect(saveSnapshot(scratch, { ...OPTIONS, force: true }, session)).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    await expect(saveSnapshot('-', OPTIONS, session)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(saveSnapshot(join(scratch, 'no/file'), OPTIONS, session)).rejects.toMatchObject({ code: 'DISK' });
  });

  it('leaves nothing when it is cut off, damaged or refused', async () => {
    const whole = readFileSync(await snapshotOf(scratch));
    const file = join(scratch, 'registry.snapshot');
    const { session } = setUp();
    masters.snapshot = whole;
    masters.sends = 1000;
    await expect(saveSnapshot(file, OPTIONS, session)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    masters.sends = undefined;
    masters.snapshot = Buffer.from(whole);
    masters.snapshot[100] = (masters.snapshot[100] ?? 0) ^ 1;
    await expect(saveSnapshot(file, OPTIONS, session)).rejects.toMatchObject({ code: 'WORK_DIR_CORRUPT' });
    masters.refusal = { status: 503, text: 'another snapshot is being taken' };
    await expect(saveSnapshot(file, OPTIONS, session)).rejects.toMatchObject({
      code: 'NO_LEADER',
      message: expect.stringContaining('another snapshot is being taken'),
    });
    expect(readdirSync(scratch)).toEqual(['leader.snapshot']);
  });
});

describe('master snapshot restore', () => {
  const restore = async (options: Partial<Parameters<typeof restoreRegistry>[0]>, consoleOptions = {}) => {
    const console = new FakeConsole(consoleOptions);
    const all = {
      ...CHANGE,
      confirm: undefined,
      noInput: false,
      file: join(scratch, 'leader.snapshot'),
      workDir: join(scratch, 'work'),
      name: 'm9',
      raftAddress: '10.0.0.9:5060',
      ...options,
    };
    const status = await restoreRegistry(all, console, KV_MIGRATIONS);
    return { status, ...console };
  };

  it('asks for the name, says what it drops and what to type next', async () => {
    await snapshotOf(scratch);
    const { status, stdout, stderr } = await restore({}, { canAsk: true, answers: ['m9'] });
    expect(status).toBe(0);
    expect(stderr).toContain('cluster cluster-1 up to log index 2: what was changed later is lost');
    expect(stderr).toContain('name-a, name-b are dropped: stop them');
    expect(stdout).toMatch(/^Restored .* \(log index 2\) into .*work: cluster [0-9a-f-]{36}, its only master is m9\n/);
    expect(stdout).toContain(
      `Next: mesoctl master start --name m9 --work-dir ${scratch}/work --raft-ip 10.0.0.9 --insecure --raft-port 5060\n`,
    );
    expect(existsSync(join(scratch, 'work/registry/registry.sqlite'))).toBe(true);
  });

  it('--dry-run verifies and writes nothing; --json', async () => {
    await snapshotOf(scratch);
    const dry = await restore({ dryRun: true });
    expect(dry.stdout).toMatch(/^would restore .*\n {2}cluster cluster-1 /);
    expect(existsSync(join(scratch, 'work'))).toBe(false);
    for (const dryRun of [true, false]) {
      const { stdout } = await restore({ dryRun, json: true, confirm: 'm9', raftAddress: '127.0.0.1:5060' });
      const result = JSON.parse(stdout);
      expect(schemaErrors('master-snapshot-restore', result)).toEqual([]);
      expect(result).toMatchObject({
        index: 2,
        dropped: { cluster_id: 'cluster-1', members: ['name-a', 'name-b'] },
        start: `mesoctl master start --name m9 --work-dir ${scratch}/work --raft-port 5060`,
        dry_run: dryRun,
      });
    }
  });

  it('refuses a directory with a registry, a damaged file, and no answer', async () => {
    const file = await snapshotOf(scratch);
    await expect(restore({})).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect((await restore({}, { canAsk: true, answers: ['yes'] })).status).toBe(1);
    await expect(restore({ name: 'no/name' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(restore({ raftAddress: 'here' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(restore({ file: join(scratch, 'none'), confirm: 'm9' })).rejects.toMatchObject({ code: 'DISK' });
    expect(existsSync(join(scratch, 'work'))).toBe(false);
    mkdirSync(join(scratch, 'work/registry'), { recursive: true });
    writeFileSync(join(scratch, 'work/registry/registry.sqlite'), '');
    await expect(restore({ confirm: 'm9' })).rejects.toMatchObject({ code: 'REFUSED' });
    rmSync(join(scratch, 'work'), { recursive: true });
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 1));
    await expect(restore({ confirm: 'm9' })).rejects.toMatchObject({ code: 'WORK_DIR_CORRUPT' });
    expect(existsSync(join(scratch, 'work'))).toBe(false);
  });
});
