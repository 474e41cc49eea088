/* Small file and descriptor operations. Nothing here allocates, so all of it works in a process that is being starved. */
#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int write_all(int fd, const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    ssize_t written = write(fd, at, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -1;
    at += written;
    length -= (size_t)written;
  }
  return 0;
}

int write_file_at(int dir, const char *name, const char *value) {
  int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t written = write(fd, value, strlen(value));
  int error = errno;
  close(fd);
  errno = error;
  return written < 0 ? -1 : 0;
}

ssize_t read_file_at(int dir, const char *name, char *out, size_t size) {
  int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  size_t length = 0;
  while (length < size - 1) {
    ssize_t got = read(fd, out + length, size - 1 - length);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    length += (size_t)got;
  }
  out[length] = '\0';
  close(fd);
  return (ssize_t)length;
}

uint64_t start_ticks_of(pid_t pid) {
  char path[32], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (read_file_at(AT_FDCWD, path, text, sizeof text) < 0) return 0;
  /* The program name is in parentheses and may hold anything; the last one ends it. Field 3 follows. */
  char *at = strrchr(text, ')');
  if (at == NULL) return 0;
  for (int field = 2; field < 22; field++) {
    at = strchr(at + 1, ' ');
    if (at == NULL) return 0;
  }
  return strtoull(at + 1, NULL, 10);
}

static int ascending(const void *left, const void *right) {
  return *(const int *)left - *(const int *)right;
}

static void close_between(unsigned int first, unsigned int last) {
  if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return;
  long open_max = sysconf(_SC_OPEN_MAX);
  for (unsigned int fd = first; fd <= last && (long)fd < open_max; fd++) close((int)fd);
}

void close_all_but(int *keep, size_t count) {
  qsort(keep, count, sizeof *keep, ascending);
  unsigned int first = 3;
  for (size_t i = 0; i < count; i++) {
    if (keep[i] < (int)first) continue;
    if ((unsigned int)keep[i] > first) close_between(first, (unsigned int)keep[i] - 1);
    first = (unsigned int)keep[i] + 1;
  }
  close_between(first, UINT_MAX);
}

int64_t wall_clock_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
