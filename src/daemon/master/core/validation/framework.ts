/**
 * What a SUBSCRIBE or UPDATE_FRAMEWORK may say of a framework on this master: the rules of the message, and those that
 * the flags of the master add. Source: spec page 01, SUBSCRIBE.
 */
import { type Rejection, reject } from '../../../../base/rejection.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
import { rolesOfFramework, validateSubscription } from '../../../../wire/validation/framework-info.js';
import type { FrameworkFacts } from '../model/framework.js';
import type { MasterCoreConfig } from '../options.js';

type Rules = Pick<
  MasterCoreConfig,
  'roles' | 'rootSubmissions' | 'offerConstraintsRe2MaxMem' | 'offerConstraintsRe2MaxProgramSize'
>;

export function checkedFacts(
  rules: Rules,
  info: mesos.FrameworkInfo,
  suppressedRoles: readonly string[] = [],
  offerConstraints: scheduler.OfferConstraints | undefined = undefined,
): FrameworkFacts | Rejection {
  const regexLimits = {
    maxTextBytes: rules.offerConstraintsRe2MaxMem,
    maxProgramSize: rules.offerConstraintsRe2MaxProgramSize,
  };
  const invalid =
    validateSubscription({ info, suppressedRoles, offerConstraints, regexLimits }) ?? flagsRejection(rules, info);
  return invalid ?? { info, suppressedRoles: new Set(suppressedRoles), offerConstraints };
}

function flagsRejection({ roles, rootSubmissions }: Rules, info: mesos.FrameworkInfo): Rejection | undefined {
  const unlisted = roles === undefined ? undefined : rolesOfFramework(info).find((role) => !roles.includes(role));
  if (unlisted !== undefined)
    return reject('invalid', `role '${unlisted}' is not among the roles of this master (--roles)`);
  return info.user === 'root' && !rootSubmissions
    ? reject('invalid', "user 'root' may not submit frameworks here (--no-root-submissions)")
    : undefined;
}
