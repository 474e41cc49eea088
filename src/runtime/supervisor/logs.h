/* stdout or stderr of a task: from a pipe into a file of bounded size in the sandbox. */
#ifndef MESOCTL_LOGS_H
#define MESOCTL_LOGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct log_pump {
  const char *name; /* "stdout" */
  int pipe;         /* read end, not blocking; -1 at its end */
  int sandbox;      /* directory descriptor, not owned */
  int file;
  uint64_t size, max_bytes;
  uint32_t old_files; /* name.1 (newest) to name.N */
  bool give_away;     /* the files belong to uid:gid */
  uid_t uid;
  gid_t gid;
};

/* Opens the file; -1 with errno. */
int log_open(struct log_pump *log);
/* Moves one chunk. Returns its size; 0: the pipe has ended and is closed; -1: nothing there now. */
ssize_t log_pump(struct log_pump *log);

#endif
