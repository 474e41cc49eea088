/* Pid 1 of a container and the task it starts. */
#ifndef MESOCTL_INIT_H
#define MESOCTL_INIT_H

#include <stdint.h>
#include <sys/resource.h>

#include "plan.h"

/* One write(2) of this into the setup pipe tells why nothing ran; its end without one tells that the program runs. */
struct failure {
  uint32_t stage, error;
  char detail[248];
};

/* One write(2) of this into the report pipe tells how the task's process ended. */
struct report {
  int wait_status;
  int64_t finished_ms;
  struct rusage usage;
};

/* The ends that belong inside the container. */
struct init_pipes {
  int setup, report, go, map_ready, stdout_end, stderr_end;
};

/* Never returns. Runs in the process that clone3 made. */
_Noreturn void init_run(const struct plan *plan, struct init_pipes *pipes);

#endif
