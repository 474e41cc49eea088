/*
 * Pumps a task's output and rotates it. The sandbox belongs to the task, so nothing in it is trusted: files are made by
 * directory descriptor with O_NOFOLLOW and must be regular, and a rotation that the task obstructs truncates instead.
 * A full disk loses output, it never blocks the task.
 */
#define _GNU_SOURCE
#include "logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES 65536
#define NAME_BYTES 32

static int open_file(const struct log_pump *log, int extra_flags) {
  int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | extra_flags;
  int fd = openat(log->sandbox, log->name, flags, 0644);
  if (fd < 0) return -1;
  struct stat facts;
  if (fstat(fd, &facts) < 0 || !S_ISREG(facts.st_mode) || (log->give_away && fchown(fd, log->uid, log->gid) < 0)) {
    int error = S_ISREG(facts.st_mode) ? errno : EINVAL;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

int log_open(struct log_pump *log) {
  struct stat facts;
  log->file = open_file(log, 0);
  if (log->file < 0 || fstat(log->file, &facts) < 0) return -1;
  log->size = (uint64_t)facts.st_size;
  return 0;
}

static void rename_old(const struct log_pump *log) {
  char from[NAME_BYTES], to[NAME_BYTES];
  for (uint32_t i = log->old_files; i >= 1; i--) {
    if (i == 1)
      snprintf(from, sizeof from, "%s", log->name);
    else
      snprintf(from, sizeof from, "%s.%u", log->name, i - 1);
    snprintf(to, sizeof to, "%s.%u", log->name, i);
    renameat(log->sandbox, from, log->sandbox, to);
  }
}

/* By rename, so that whoever follows the open file reads it to its end. */
static void rotate(struct log_pump *log) {
  if (log->old_files > 0)
    rename_old(log);
  else
    unlinkat(log->sandbox, log->name, 0);
  int fresh = open_file(log, O_EXCL);
  if (fresh >= 0) {
    close(log->file);
    log->file = fresh;
  } else {
    (void)!ftruncate(log->file, 0);
  }
  log->size = 0;
}

/* How much of the chunk still fits: whole lines if possible, 0 to rotate first. */
static size_t portion(const struct log_pump *log, const char *chunk, size_t length) {
  uint64_t room = log->max_bytes > log->size ? log->max_bytes - log->size : 0;
  if (length <= room) return length;
  const char *newline = room == 0 ? NULL : memrchr(chunk, '\n', (size_t)room);
  if (newline != NULL) return (size_t)(newline - chunk) + 1;
  return log->size > 0 ? 0 : (size_t)room;
}

static void append(struct log_pump *log, const char *chunk, size_t length) {
  while (length > 0) {
    size_t part = portion(log, chunk, length);
    if (part == 0) {
      rotate(log);
      continue;
    }
    ssize_t written = write(log->file, chunk, part);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    log->size += (uint64_t)written;
    chunk += written;
    length -= (size_t)written;
  }
}

ssize_t log_pump(struct log_pump *log) {
  static char chunk[CHUNK_BYTES];
  if (log->pipe < 0) return 0;
  ssize_t got = read(log->pipe, chunk, sizeof chunk);
  if (got > 0) {
    append(log, chunk, (size_t)got);
    return got;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return -1;
  close(log->pipe);
  log->pipe = -1;
  return 0;
}
