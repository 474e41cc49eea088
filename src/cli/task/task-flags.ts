/** Flags that describe a task, the same for every command that runs one. */
import { Flags } from '../oclif.js';
import { DEFAULT_CPUS, DEFAULT_DISK, DEFAULT_MEM, type TaskRequestInput } from './task-request.js';

export const taskFlags = {
  name: Flags.string({ summary: 'name of the task (default: that of the program)', helpValue: 'NAME' }),
  cpus: Flags.string({ summary: `cores (${DEFAULT_CPUS})`, helpValue: 'N', default: DEFAULT_CPUS }),
  mem: Flags.string({
    summary: `memory, the limit of the task: 512, 512M, 2G (${DEFAULT_MEM})`,
    helpValue: 'MB',
    default: DEFAULT_MEM,
  }),
  disk: Flags.string({ summary: `disk (${DEFAULT_DISK})`, helpValue: 'MB', default: DEFAULT_DISK }),
  env: Flags.string({
    char: 'e',
    summary: 'environment variable; NAME alone passes on your own',
    helpValue: 'NAME=VALUE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  user: Flags.string({ summary: 'user it runs as (default: you)', helpValue: 'USER' }),
};

interface TaskFlags {
  readonly name?: string | undefined;
  readonly cpus: string;
  readonly mem: string;
  readonly disk: string;
  readonly env?: readonly string[] | undefined;
  readonly user?: string | undefined;
}

export function taskInputOf(flags: TaskFlags, words: readonly string[]): Omit<TaskRequestInput, 'role'> {
  const { name, cpus, mem, disk, env, user } = flags;
  return { words, name, cpus, mem, disk, env: env ?? [], user };
}
