/* The launcher: one small resident process per agent that starts supervisors. */
#ifndef MESOCTL_SERVE_H
#define MESOCTL_SERVE_H

/* Serves the agent on descriptor 3 until it goes away. Returns the exit status of the process. */
int serve(char *const *arguments);

#endif
