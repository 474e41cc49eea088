import { Errors } from '@oclif/core';
import { describe, expect, it } from 'vitest';
import { AssertionError } from '../../../src/base/assert.js';
import { MesoError } from '../../../src/base/error.js';
import { moveLeadingFlags, normalizeFlagSpelling, wantsDebug, wantsJson } from '../../../src/cli/arguments.js';
import { mastersFrom, timeoutFrom } from '../../../src/cli/client-flags.js';
import { CommandFailure } from '../../../src/cli/command-failure.js';
import { findFailure, formatFailure, formatFailureJson } from '../../../src/cli/failure.js';
import { formatTable } from '../../../src/cli/table.js';
import { createTerminalLogger } from '../../../src/cli/terminal-logger.js';

describe('arguments', () => {
  it('moves global flags behind the command, and nothing else', () => {
    expect(moveLeadingFlags(['--master', 'm:1', '--json', 'task', 'launch', '--', '--master', 'x'])).toEqual([
      'task',
      'launch',
      '--master',
      'm:1',
      '--json',
      '--',
      '--master',
      'x',
    ]);
    expect(moveLeadingFlags(['--master=m', 'doctor'])).toEqual(['doctor', '--master=m']);
    expect(moveLeadingFlags(['--help'])).toEqual(['--help']);
    expect(moveLeadingFlags(['--json'])).toEqual(['--json']);
    expect(moveLeadingFlags(['task', '--json'])).toEqual(['task', '--json']);
  });

  it('takes the spellings of Mesos', () => {
    const booleans = new Set(['insecure', 'root-submissions']);
    const words = [
      '--agent_ping_timeout=5secs',
      '--work_dir',
      '/a_b',
      '--root_submissions=false',
      '--insecure=true',
      '--cluster=a_b=c',
    ];
    expect(normalizeFlagSpelling([...words, '--', '--a_b'], booleans)).toEqual([
      '--agent-ping-timeout=5secs',
      '--work-dir',
      '/a_b',
      '--no-root-submissions',
      '--insecure',
      '--cluster=a_b=c',
      '--',
      '--a_b',
    ]);
    expect(normalizeFlagSpelling(['--insecure=maybe'], booleans)).toEqual(['--insecure=maybe']);
  });

  it('sees --json and --debug before -- only', () => {
    expect(wantsJson(['x', '--json'])).toBe(true);
    expect(wantsJson(['x', '-o', 'json'])).toBe(true);
    expect(wantsJson(['x', '--', '--json'])).toBe(false);
    expect(wantsDebug(['x', '--', '--debug'])).toBe(false);
  });

  it('finds masters: flag, environment, default', () => {
    expect(mastersFrom('a,b:1', { MESOCTL_MASTER: 'c' })).toEqual([
      { host: 'a', port: 5050 },
      { host: 'b', port: 1 },
    ]);
    expect(mastersFrom(undefined, { MESOCTL_MASTER: 'c' })).toEqual([{ host: 'c', port: 5050 }]);
    expect(mastersFrom(undefined, { MESOCTL_MASTER: '' })).toEqual([{ host: '127.0.0.1', port: 5050 }]);
    expect(() => mastersFrom(undefined, { MESOCTL_MASTER: 'a b' })).toThrow('MESOCTL_MASTER');
    expect(timeoutFrom('1.5s')).toBe(1500);
    expect(() => timeoutFrom('5')).toThrow('--timeout');
  });
});

describe('failures', () => {
  const shown = (thrown: unknown, debug = false) => {
    const failure = findFailure(thrown);
    if (failure === undefined) throw new Error('no failure');
    return formatFailure(failure, { debug });
  };

  it('show what failed, what to try, code and exit', () => {
    const error = new MesoError('NO_MASTER', 'no master answers.', { suggestions: ['a', 'b'] });
    expect(shown(error)).toBe('Error: no master answers.\nTry: a   or   b    NO_MASTER 5\n');
    expect(shown(new MesoError('DISK', 'disk is full'))).toBe('Error: disk is full    DISK 1\n');
  });

  it('carry a status of their own where they have one', () => {
    expect(findFailure(new CommandFailure('TASK_FAILED', 'x', 137))).toMatchObject({
      code: 'TASK_FAILED',
      exitStatus: 137,
    });
  });

  it('of the command line are usage errors', () => {
    expect(findFailure(new Errors.CLIError('Nonexistent flag: --x'))).toMatchObject({
      code: 'USAGE',
      exitStatus: 2,
      message: 'nonexistent flag: --x',
    });
    expect(findFailure(new Errors.CLIError('Run help', { exit: 127 }))).toMatchObject({ code: 'USAGE', exitStatus: 2 });
  });

  it('that are ours say so, with the stack only on demand', () => {
    const error = new AssertionError('a bug');
    expect(shown(error)).toContain('INTERNAL 1');
    expect(shown(error)).not.toContain('command-line.test');
    expect(shown(error, true)).toContain('command-line.test');
  });

  it('are nothing when a command just ends', () => {
    expect(findFailure(new Errors.ExitError(3))).toBeUndefined();
  });

  it('are one JSON object on one line', () => {
    const failure = findFailure(new MesoError('NO_FIT', 'too\nbig', { details: { n: 5n }, suggestions: ['less'] }));
    if (failure === undefined) throw new Error('no failure');
    const text = formatFailureJson(failure);
    expect(text.split('\n')).toHaveLength(2);
    expect(JSON.parse(text)).toEqual({
      error: { code: 'NO_FIT', message: 'too\nbig', details: { n: '5' }, try: ['less'], exit: 7 },
    });
  });
});

describe('output', () => {
  it('of tables keeps its columns', () => {
    expect(
      formatTable(
        ['NAME', 'STATE'],
        [
          ['a-long-name', ''],
          ['b', 'ok'],
        ],
      ),
    ).toEqual(['NAME         STATE', 'a-long-name  -', 'b            ok']);
  });

  it('of the log is a line for people', () => {
    const lines: string[] = [];
    const options = {
      level: 'info' as const,
      write: (text: string) => void lines.push(text),
      color: false,
      nowMs: () => 1_700_000_000_123,
    };
    const logger = createTerminalLogger(options).child({ agentId: 'S1' });
    logger.debug({}, 'hidden');
    logger.warn({ why: 'a b', n: 3, none: undefined }, 'agent is slow');
    expect(lines).toEqual(['22:13:20.123 WARN  agent is slow agentId=S1 why="a b" n=3\n']);
    createTerminalLogger({ ...options, color: true }).error({}, 'x');
    expect(lines[1]).toBe('\u001b[31m22:13:20.123 ERROR x\u001b[0m\n');
  });
});
