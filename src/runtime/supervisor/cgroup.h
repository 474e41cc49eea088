/* One container's cgroup v2 directory. */
#ifndef MESOCTL_CGROUP_H
#define MESOCTL_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* What the memory controller counted; limit is UINT64_MAX for "max". */
struct memory_facts {
  bool known;
  uint64_t oom, oom_kill, limit, peak, anon, file, kernel;
};

/* Makes the directory and opens it; -1 with errno. */
int cgroup_create(const char *path);
/* Kills every process below, those that are being forked included. */
int cgroup_kill(int dir);
bool cgroup_populated(int dir);
/* Removes the directory and what the task made below it. */
int cgroup_remove(const char *path);
/* cpu.stat usage, microseconds; -1 when unknown. */
int64_t cgroup_cpu_us(int dir);
/* Counters from memory.events, and the sizes of memory.stat unless the kernel has already freed them. */
void cgroup_read_memory(int dir, struct memory_facts *facts);

#endif
