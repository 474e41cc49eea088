/*
 * The files of one container record. The status is the only proof of how a task ended: it appears complete or not at
 * all, and only after everything in the container is dead.
 */
#define _GNU_SOURCE
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

#define RECORD_FORMAT "mesoctl 1"

int record_create(const char *path) {
  if (mkdir(path, 0700) < 0) return -1;
  int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int error = errno;
  if (dir < 0) rmdir(path);
  errno = error;
  return dir;
}

static int replace_file(int dir, const char *temporary, const char *name, const char *text, bool durable) {
  int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  int failed = write_all(fd, text, strlen(text)) < 0 || (durable && fsync(fd) < 0);
  int error = errno;
  close(fd);
  errno = error;
  if (failed || renameat(dir, temporary, dir, name) < 0) return -1;
  return durable ? fsync(dir) : 0;
}

int record_write_container(int dir, const struct container_record *record) {
  char text[8192];
  int length = snprintf(text, sizeof text,
                        RECORD_FORMAT "\nid %s\nboot_id %s\nsupervisor_pid %d\nsupervisor_ticks %llu\ninit_pid %d\n"
                                      "init_ticks %llu\nsandbox %s\n%s%s%send\n",
                        record->id, record->boot_id, record->supervisor, (unsigned long long)record->supervisor_ticks,
                        record->init, (unsigned long long)record->init_ticks, record->sandbox,
                        record->cgroup ? "cgroup " : "", record->cgroup ? record->cgroup : "",
                        record->cgroup ? "\n" : "");
  if (length < 0 || (size_t)length >= sizeof text) {
    errno = ENAMETOOLONG;
    return -1;
  }
  return replace_file(dir, "container.tmp", "container", text, false);
}

int record_write_status(int dir, const struct status_record *record) {
  char text[2048];
  const struct memory_facts *memory = &record->memory;
  int length = snprintf(text, sizeof text,
                        RECORD_FORMAT "\nlaunched %d\nwait_status %d\nstarted_ms %lld\nfinished_ms %lld\ncpu_us %lld\n"
                                      "max_rss_kb %ld\n",
                        record->launched, record->wait_status, (long long)record->started_ms,
                        (long long)record->finished_ms, (long long)record->cpu_us, record->max_rss_kb);
  if (memory->known)
    length += snprintf(text + length, sizeof text - (size_t)length,
                       "oom %llu\noom_kill %llu\nmemory_limit %llu\nmemory_peak %llu\nmemory_anon %llu\n"
                       "memory_file %llu\nmemory_kernel %llu\n",
                       (unsigned long long)memory->oom, (unsigned long long)memory->oom_kill,
                       (unsigned long long)memory->limit, (unsigned long long)memory->peak,
                       (unsigned long long)memory->anon, (unsigned long long)memory->file,
                       (unsigned long long)memory->kernel);
  snprintf(text + length, sizeof text - (size_t)length, "end\n");
  return replace_file(dir, "status.tmp", "status", text, true);
}

void record_remove(int dir, const char *path) {
  static const char *const names[] = {"container.tmp", "container", "status.tmp", "status"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlinkat(dir, names[i], 0);
  rmdir(path);
}
