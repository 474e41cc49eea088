/** The label by which frameworks of `task launch` are known; its value is `detached` or `attached`. */
export const LAUNCH_LABEL = 'mesoctl.task-launch';
