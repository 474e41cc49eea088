/** The commands about masters, as built, against a server that answers as a leading master does: every form, and one error each. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { mesoctlPath } from '../harness/process.mjs';
import { endAllPrograms, PtyProgram } from '../harness/pty.js';
import { schemaErrors } from '../harness/schemas.js';
import { FakeMasters, memberOf } from '../unit/commands/support/fake-masters.js';
import { applyAll, batch, configurationOf, data, LogFixture } from '../unit/raft/log-fixture.js';
import { CliRun } from './cli-process.js';

let masters: FakeMasters;
let scratch: string;

beforeEach(async () => {
  masters = await FakeMasters.start();
  scratch = mkdtempSync(join(tmpdir(), 'mesoctl-masters-'));
});
afterEach(async () => {
  await endAllPrograms();
  await masters.close();
  rmSync(scratch, { recursive: true, force: true });
});

const run = (...args: string[]) => new CliRun(args, { MESOCTL_MASTER: masters.address }).done;

describe('master list', () => {
  it('is a table that fits 80 columns, JSON by its schema, YAML and names', async () => {
    const table = await run('master', 'list');
    expect(table).toMatchObject({ status: 0, stderr: '' });
    const [head = '', ...rows] = table.stdout.trimEnd().split('\n');
    expect(head).toMatch(/^NAME +RAFT +ROLE +STATE +LAG +ID$/);
    expect(rows.length).toBe(3);
    for (const line of [head, ...rows]) expect(line.length).toBeLessThanOrEqual(80);
    const records = JSON.parse((await run('master', 'list', '--json')).stdout);
    expect(schemaErrors('master-list', records)).toEqual([]);
    expect(parseYaml((await run('masters', 'ls', '-o', 'yaml')).stdout)).toEqual(records);
    expect((await run('master', 'list', '-o', 'name')).stdout).toBe('m1\nm2\nm3\n');
  });
});

describe('changes', () => {
  it.each([
    ['master-add', ['add', 'm4=10.0.0.4:5060'], /^Added m4 /],
    ['master-remove', ['remove', 'm3', '--confirm', 'm3'], /^Removed m3 /],
    ['master-transfer', ['transfer', 'm3'], /^m3 leads now; m2 did before\n$/],
  ])('%s in words and as JSON', async (schema, args, text) => {
    const before = masters.members;
    expect((await run('master', ...args, '--dry-run')).stdout).toMatch(/^would /);
    expect(masters.changes).toEqual([]);
    const plain = await run('master', ...args);
    expect(plain).toMatchObject({ status: 0, stderr: '' });
    expect(plain.stdout).toMatch(text);
    masters.members = before;
    const json = await run('master', ...args, '--json');
    expect(json).toMatchObject({ status: 0, stderr: '' });
    expect(schemaErrors(schema, JSON.parse(json.stdout))).toEqual([]);
    expect(masters.changes.length).toBe(2);
  });

  it('a removal asks on a terminal, and takes the name only', async () => {
    const ask = (answer: string) => {
      const program = new PtyProgram({
        command: process.execPath,
        args: [mesoctlPath, 'master', 'remove', 'm3'],
        columns: 100,
        env: { MESOCTL_MASTER: masters.address },
      });
      return program.waitForText('type m3 to do it:').then(() => {
        program.type(answer);
        return program.exited;
      });
    };
    expect(await ask('y\r')).toMatchObject({ code: 1 });
    expect(masters.changes).toEqual([]);
    expect(await ask('m3\r')).toMatchObject({ code: 0 });
    expect(masters.changes).toEqual(['REMOVE_MEMBER m3']);
  });

  it('Ctrl-C stops waiting and says what goes on', async () => {
    masters.isMute = true;
    const waiting = new CliRun(['master', 'add', 'm4=10.0.0.4:5060'], { MESOCTL_MASTER: masters.address });
    await masters.changed;
    waiting.child.kill('SIGINT');
    expect(await waiting.done).toMatchObject({
      status: 130,
      stdout: '',
      stderr: 'mesoctl: stopped waiting; the leader goes on waiting for m4, up to a minute in all\n',
    });
  });
});

describe('snapshots', () => {
  it('are saved and restored, in words and as JSON', async () => {
    const fixture = new LogFixture();
    const source = join(scratch, 'source');
    const store = fixture.openMember();
    const configuration = configurationOf('a', 'b');
    store.persist(batch([{ index: 1, term: 1, body: { kind: 'configuration', configuration } }, data(2, 1, 'key v')]));
    store.commit();
    applyAll(store, 2);
    await store.saveSnapshot(source);
    fixture.dispose();
    masters.snapshot = readFileSync(source);
    const file = join(scratch, 'registry.snapshot');
    const saved = await run('master', 'snapshot', 'save', file);
    expect(saved).toMatchObject({ status: 0, stderr: '' });
    expect(saved.stdout).toMatch(/^Saved the registry to .*, up to log index 2\n$/);
    const again = await run('master', 'snapshot', 'save', file, '--force', '--json');
    expect(schemaErrors('master-snapshot-save', JSON.parse(again.stdout))).toEqual([]);
    const restore = ['master', 'snapshot', 'restore', file, '--work-dir', join(scratch, 'work'), '--name', 'm9'];
    const dry = await run(...restore, '--dry-run', '--json');
    expect(dry).toMatchObject({ status: 0, stderr: '' });
    expect(schemaErrors('master-snapshot-restore', JSON.parse(dry.stdout))).toEqual([]);
    expect(existsSync(join(scratch, 'work'))).toBe(false);
    expect(readdirSync(scratch).sort()).toEqual(['registry.snapshot', 'source']);
  });
});

describe('errors', () => {
  it.each([
    [['master', 'list', '--columns', 'nothing'], 2, 'BAD_INPUT', '"nothing"'],
    [['master', 'add', 'm4'], 2, 'BAD_INPUT', 'NAME=HOST:PORT'],
    [['master', 'add', 'm3=10.0.0.3:5060'], 6, 'REFUSED', 'm3 is a member already'],
    [['master', 'remove', 'm3'], 2, 'BAD_INPUT', 'Remove m3 from prod?'],
    [['master', 'remove', 'm3', '-y'], 2, 'BAD_INPUT', '--confirm m3'],
    [['master', 'remove', 'm4', '--confirm', 'm4'], 3, 'NOT_FOUND', 'no master "m4"'],
    [['master', 'transfer', 'm7'], 6, 'REFUSED', 'm7 is a learner'],
    [['master', 'snapshot', 'save', '-'], 2, 'BAD_INPUT', 'to a file'],
    [['master', 'snapshot', 'save', '/tmp'], 2, 'BAD_INPUT', 'is a directory'],
    [['master', 'snapshot', 'save', '/tmp/never-written.snapshot'], 5, 'NO_LEADER', 'another snapshot is being taken'],
    [['master', 'snapshot', 'restore', '/nowhere', '--work-dir', '/nowhere/at-all'], 1, 'DISK', '/nowhere'],
    [['master', 'snapshot', 'restore', '/nowhere'], 2, 'USAGE', 'work-dir'],
  ])('%j fails with %d %s', async (args, exit, code, text) => {
    masters.members = [...masters.members, memberOf('m7', { role: 'LEARNER' })];
    masters.refusal = { status: 503, text: 'another snapshot is being taken' };
    const { status, stdout, stderr } = await run(...args);
    expect({ status, stdout }).toEqual({ status: exit, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^Error: .*${code} ${exit}\\n$`, 's'));
    expect(stderr).toContain(text);
    const json = await run(...args, '--json');
    expect({ status: json.status, stdout: json.stdout }).toEqual({ status: exit, stdout: '' });
    expect(schemaErrors('error', JSON.parse(json.stderr))).toEqual([]);
    expect(JSON.parse(json.stderr).error).toMatchObject({ code, exit });
  });
});
