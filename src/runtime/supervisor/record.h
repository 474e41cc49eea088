/* What a container leaves on disk: `container` while it runs, `status` once it has ended. Text, one "key value" a line. */
#ifndef MESOCTL_RECORD_H
#define MESOCTL_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup.h"

struct container_record {
  const char *id, *boot_id, *sandbox, *cgroup;
  pid_t supervisor, init;
  uint64_t supervisor_ticks, init_ticks;
};

struct status_record {
  bool launched;      /* false: the launch was given up before the program ran */
  int wait_status;    /* raw, of the task's process */
  int64_t started_ms, finished_ms, cpu_us;
  long max_rss_kb;
  struct memory_facts memory;
};

/* Makes the directory, 0700, and opens it; -1 with errno. */
int record_create(const char *path);
int record_write_container(int dir, const struct container_record *record);
/* Durable when it returns 0: written, fsynced, renamed, directory fsynced. */
int record_write_status(int dir, const struct status_record *record);
void record_remove(int dir, const char *path);

#endif
