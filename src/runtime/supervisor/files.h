/* Small file and descriptor operations that every part of the supervisor needs. */
#ifndef MESOCTL_FILES_H
#define MESOCTL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* All return -1 with errno on failure. */
int write_all(int fd, const void *bytes, size_t length);
/* Writes a kernel file in one write(2). */
int write_file_at(int dir, const char *name, const char *value);
/* Reads at most size-1 bytes and ends them with NUL. */
ssize_t read_file_at(int dir, const char *name, char *out, size_t size);
/* Field 22 of /proc/PID/stat: clock ticks between boot and the start of the process; 0 when there is none. */
uint64_t start_ticks_of(pid_t pid);
/* Closes every descriptor from 3 on that is not in `keep`; `keep` is sorted in place. */
void close_all_but(int *keep, size_t count);
int64_t wall_clock_ms(void);

#endif
