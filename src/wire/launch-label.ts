/** How the frameworks of `task launch` are told from others: by a label of their FrameworkInfo, whatever their names are. */
import type * as mesos from './gen/mesos.js';

export const LAUNCH_LABEL = 'mesoctl.task-launch';

/** Whether it was left alone with its task on purpose: nobody is missing where nobody is connected. */
export function isDetachedLaunch(labels: mesos.Labels | undefined): boolean {
  return (labels?.labels ?? []).some(({ key, value }) => key === LAUNCH_LABEL && value === 'detached');
}
