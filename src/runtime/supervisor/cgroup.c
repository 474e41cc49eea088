/* One container's cgroup v2 directory: made before the container, emptied by cgroup.kill, removed after it. */
#define _GNU_SOURCE
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

/* A task that is root can nest cgroups; deeper than this is left to the agent's own removal. */
#define MAX_DEPTH 32

int cgroup_create(const char *path) {
  if (mkdir(path, 0755) < 0) return -1;
  int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int error = errno;
  if (dir < 0) rmdir(path);
  errno = error;
  return dir;
}

int cgroup_kill(int dir) {
  return write_file_at(dir, "cgroup.kill", "1");
}

/* The number after `key` at the start of a line of a flat-keyed file. */
static bool find_number(const char *text, const char *key, uint64_t *out) {
  size_t length = strlen(key);
  for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (strncmp(line, key, length) == 0 && line[length] == ' ') {
      *out = strtoull(line + length + 1, NULL, 10);
      return true;
    }
  }
  return false;
}

bool cgroup_populated(int dir) {
  char text[256];
  uint64_t populated = 0;
  if (read_file_at(dir, "cgroup.events", text, sizeof text) < 0) return false;
  return find_number(text, "populated", &populated) && populated != 0;
}

static int remove_below(int parent, const char *name, int depth) {
  if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
  if (depth == 0) return -1;
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -1;
  DIR *listing = fdopendir(fd);
  if (listing == NULL) {
    close(fd);
    return -1;
  }
  for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') remove_below(fd, entry->d_name, depth - 1);
  closedir(listing);
  return unlinkat(parent, name, AT_REMOVEDIR);
}

int cgroup_remove(const char *path) {
  return remove_below(AT_FDCWD, path, MAX_DEPTH);
}

int64_t cgroup_cpu_us(int dir) {
  char text[1024];
  uint64_t usage;
  if (read_file_at(dir, "cpu.stat", text, sizeof text) < 0 || !find_number(text, "usage_usec", &usage)) return -1;
  return (int64_t)usage;
}

static uint64_t read_number(int dir, const char *name) {
  char text[64];
  if (read_file_at(dir, name, text, sizeof text) <= 0) return 0;
  return strncmp(text, "max", 3) == 0 ? UINT64_MAX : strtoull(text, NULL, 10);
}

/*
 * The latest sizes that still show the container at its limit: once the kernel has killed, memory.stat falls to nothing
 * within moments, so a look that finds less than half of what an earlier one found came too late.
 */
static void look_at_sizes(int dir, struct memory_facts *facts) {
  char text[8192];
  uint64_t anon = 0, file = 0, kernel = 0;
  if (read_file_at(dir, "memory.stat", text, sizeof text) < 0) return;
  find_number(text, "anon", &anon);
  find_number(text, "file", &file);
  find_number(text, "kernel", &kernel);
  if (2 * (anon + file + kernel) < facts->anon + facts->file + facts->kernel) return;
  facts->anon = anon;
  facts->file = file;
  facts->kernel = kernel;
}

void cgroup_read_memory(int dir, struct memory_facts *facts) {
  char text[1024];
  if (read_file_at(dir, "memory.events", text, sizeof text) < 0) return;
  facts->known = true;
  find_number(text, "oom", &facts->oom);
  find_number(text, "oom_kill", &facts->oom_kill);
  facts->limit = read_number(dir, "memory.max");
  facts->peak = read_number(dir, "memory.peak");
  look_at_sizes(dir, facts);
}
