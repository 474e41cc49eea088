/**
 * What a SUBSCRIBE or UPDATE_FRAMEWORK may say of a framework on this master. Source: spec page 01, SUBSCRIBE.
 */
import { type Rejection, reject } from '../../../../base/rejection.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
import { MAX_FAILOVER_TIMEOUT_SECONDS } from '../limits.js';
import { type FrameworkFacts, rolesOf } from '../model/framework.js';
import type { MasterCoreConfig } from '../options.js';
import { frameworkMessageComplaint } from './message-rules.js';

type Rules = Pick<MasterCoreConfig, 'roles' | 'rootSubmissions'>;

export function checkedFacts(
  rules: Rules,
  info: mesos.FrameworkInfo,
  suppressedRoles: readonly string[] = [],
  offerConstraints: scheduler.OfferConstraints | undefined = undefined,
): FrameworkFacts | Rejection {
  const complaint =
    frameworkMessageComplaint(info, offerConstraints) ??
    masterRulesComplaint(rules, info) ??
    rolesComplaint(rolesOf(info), suppressedRoles, offerConstraints);
  if (complaint !== undefined) return reject('invalid', complaint);
  return { info, suppressedRoles: new Set(suppressedRoles), offerConstraints };
}

function masterRulesComplaint({ roles, rootSubmissions }: Rules, info: mesos.FrameworkInfo): string | undefined {
  const unlisted = roles === undefined ? undefined : rolesOf(info).find((role) => !roles.includes(role));
  if (unlisted !== undefined) return `role '${unlisted}' is not in the roles of this master (--roles)`;
  if (info.user === 'root' && !rootSubmissions) return "user 'root' may not submit frameworks (--no-root-submissions)";
  const timeout = info.failover_timeout ?? 0;
  return Math.abs(timeout) <= MAX_FAILOVER_TIMEOUT_SECONDS
    ? undefined
    : `failover_timeout ${timeout} is not a duration: at most ${MAX_FAILOVER_TIMEOUT_SECONDS} seconds`;
}

function rolesComplaint(
  roles: readonly string[],
  suppressedRoles: readonly string[],
  offerConstraints: scheduler.OfferConstraints | undefined,
): string | undefined {
  const own = new Set(roles);
  const suppressed = suppressedRoles.find((role) => !own.has(role));
  if (suppressed !== undefined) return `suppressed role '${suppressed}' is not a role of the framework`;
  const constrained = Object.keys(offerConstraints?.role_constraints ?? {}).find((role) => !own.has(role));
  if (constrained !== undefined) return `offer constraints name role '${constrained}', not a role of the framework`;
  return undefined;
}
