/**
 * The only place that starts programs (containers apart, which the launcher starts): bounded in time and output, no
 * shell, nothing inherited but what is named. Must not be used on the path of a task launch: a fork of this process
 * costs milliseconds.
 */
import { execa } from 'execa';
import { MesoError } from '../../base/error.js';

export interface CommandOptions {
  /** The command is killed after this long. */
  readonly timeoutMs: number;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly input?: string | undefined;
  /** Output beyond it ends the command; default 1 MiB. */
  readonly maxOutputBytes?: number | undefined;
}

export interface CommandResult {
  /** undefined: ended by a signal. */
  readonly exitStatus?: number | undefined;
  readonly signal?: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const DEFAULT_MAX_OUTPUT_BYTES = 1 << 20;

/**
 * Runs a program to its end. Any exit status is a result; throws MesoError NOT_FOUND when the program cannot be
 * started and TIMEOUT when it had to be killed.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const result = await execa(program, args, {
    reject: false,
    stripFinalNewline: false,
    timeout: options.timeoutMs,
    forceKillAfterDelay: 1000,
    maxBuffer: options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES,
    encoding: 'utf8',
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.environment === undefined ? {} : { env: options.environment, extendEnv: false }),
  });
  const what = [program, ...args].join(' ');
  if (result.timedOut) throw new MesoError('TIMEOUT', `${what} did not end within ${options.timeoutMs} ms`);
  if (result.isMaxBuffer) throw new MesoError('PROTOCOL', `${what} printed more than allowed`);
  if (result.exitCode === undefined && result.signal === undefined)
    throw new MesoError('NOT_FOUND', `cannot run ${program}: ${result.originalMessage ?? 'unknown'}`, {
      cause: result.cause,
    });
  return { exitStatus: result.exitCode, signal: result.signal, stdout: result.stdout, stderr: result.stderr };
}
