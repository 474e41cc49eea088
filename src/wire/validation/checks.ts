/** Checks and health checks of tasks. Source: spec page 01, "Command/Env validation". */
import { type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../gen/mesos.js';
import { validateCommandInfo } from './command.js';

export function validateCheck(check: mesos.CheckInfo): Rejection | undefined {
  return (
    checkMemberComplaint(check) ??
    secondsComplaint('Check', {
      delay_seconds: check.delay_seconds,
      interval_seconds: check.interval_seconds,
      timeout_seconds: check.timeout_seconds,
    })
  );
}

/** A health check whose type old frameworks left out must have been completed before. */
export function validateHealthCheck(check: mesos.HealthCheck): Rejection | undefined {
  return (
    healthCheckMemberComplaint(check) ??
    secondsComplaint('Health check', {
      delay_seconds: check.delay_seconds,
      interval_seconds: check.interval_seconds,
      timeout_seconds: check.timeout_seconds,
      grace_period_seconds: check.grace_period_seconds,
    })
  );
}

function checkMemberComplaint(check: mesos.CheckInfo): Rejection | undefined {
  switch (check.type) {
    case 'COMMAND':
      return check.command === undefined
        ? missing('Check', 'command')
        : commandComplaint('Check', check.command.command);
    case 'HTTP':
      return check.http === undefined ? missing('Check', 'http') : pathComplaint('Check', check.http.path);
    case 'TCP':
      return check.tcp === undefined ? missing('Check', 'tcp') : undefined;
    case 'UNKNOWN':
    case undefined:
      return missing('Check', 'type');
  }
}

function healthCheckMemberComplaint(check: mesos.HealthCheck): Rejection | undefined {
  const what = 'Health check';
  switch (check.type) {
    case 'COMMAND':
      return check.command === undefined ? missing(what, 'command') : commandComplaint(what, check.command);
    case 'HTTP':
      if (check.http === undefined) return missing(what, 'http');
      return schemeComplaint(what, check.http.scheme) ?? pathComplaint(what, check.http.path);
    case 'TCP':
      return check.tcp === undefined ? missing(what, 'tcp') : undefined;
    case 'UNKNOWN':
    case undefined:
      return missing(what, 'type');
  }
}

function missing(what: string, field: string): Rejection {
  return reject('invalid', `${what} is invalid: '${field}' must be set${field === 'type' ? ' and known' : ''}`);
}

function commandComplaint(what: string, command: mesos.CommandInfo): Rejection | undefined {
  if (command.value === undefined) return reject('invalid', `${what} is invalid: its command must have 'value'`);
  return validateCommandInfo(command);
}

function pathComplaint(what: string, path: string | undefined): Rejection | undefined {
  if (path === undefined || path.startsWith('/')) return undefined;
  return reject('invalid', `${what} is invalid: 'http.path' must start with a slash`);
}

function schemeComplaint(what: string, scheme: string | undefined): Rejection | undefined {
  if (scheme === undefined || scheme === 'http' || scheme === 'https') return undefined;
  return reject('invalid', `${what} is invalid: 'http.scheme' must be http or https`);
}

function secondsComplaint(what: string, seconds: Readonly<Record<string, number | undefined>>): Rejection | undefined {
  for (const [name, value] of Object.entries(seconds)) {
    // NaN is not at least zero either.
    if (value !== undefined && !(value >= 0))
      return reject('invalid', `${what} is invalid: '${name}' must not be negative`);
  }
  return undefined;
}
