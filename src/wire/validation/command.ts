/** Commands, their environment and secrets. Source: spec page 01, "Command/Env validation". */
import { type Rejection, reject } from '../../base/rejection.js';
import { excerpt } from '../fault.js';
import type * as mesos from '../gen/mesos.js';

/** A command as part of a task, executor, check or container. Whether it can be run is for the agent to say. */
export function validateCommandInfo(command: mesos.CommandInfo): Rejection | undefined {
  return command.environment === undefined ? undefined : validateEnvironment(command.environment);
}

/** Each variable has a value or a secret, as its type says. */
export function validateEnvironment(environment: mesos.Environment): Rejection | undefined {
  for (const variable of environment.variables ?? []) {
    const complaint = variableComplaint(variable);
    if (complaint !== undefined) {
      return reject('invalid', `Environment variable ${excerpt(variable.name)} is invalid: ${complaint}`);
    }
  }
  return undefined;
}

function variableComplaint(variable: mesos.Environment_Variable): string | undefined {
  switch (variable.type ?? 'VALUE') {
    case 'VALUE':
      if (variable.secret !== undefined) return "a variable of type VALUE must not have 'secret'";
      return variable.value === undefined ? "a variable of type VALUE must have 'value'" : undefined;
    case 'SECRET':
      if (variable.value !== undefined) return "a variable of type SECRET must not have 'value'";
      if (variable.secret === undefined) return "a variable of type SECRET must have 'secret'";
      return secretComplaint(variable.secret) ?? nulComplaint(variable.secret);
    case 'UNKNOWN':
      return 'its type is UNKNOWN';
  }
}

function nulComplaint(secret: mesos.Secret): string | undefined {
  return secret.value?.data.includes(0) === true ? 'a secret in an environment must not contain a NUL byte' : undefined;
}

/** Why `secret` is not one; undefined when it is. */
export function secretComplaint(secret: mesos.Secret): string | undefined {
  switch (secret.type) {
    case 'REFERENCE':
      if (secret.value !== undefined) return "a secret of type REFERENCE must not have 'value'";
      return secret.reference === undefined ? "a secret of type REFERENCE must have 'reference'" : undefined;
    case 'VALUE':
      if (secret.reference !== undefined) return "a secret of type VALUE must not have 'reference'";
      return secret.value === undefined ? "a secret of type VALUE must have 'value'" : undefined;
    case 'UNKNOWN':
    case undefined:
      return 'a secret must have a type that is known';
  }
}
