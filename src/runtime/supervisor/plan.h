/* A launch plan as parsed: every pointer points into the frame it came from, which must outlive it. */
#ifndef MESOCTL_PLAN_H
#define MESOCTL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mount_step {
  uint64_t flags;
  const char *source, *target, *type, *data;
};

struct cgroup_write {
  const char *file, *value;
};

struct rlimit_step {
  uint32_t resource;
  uint64_t soft, hard;
};

struct plan {
  const char *id, *record_dir, *sandbox, *cwd, *cgroup, *hostname, *uid_map, *gid_map, *boot_id;
  const char *program; /* NULL: argv[0] */
  char **argv, **envp; /* NULL at the end */
  size_t argc, envc;
  struct cgroup_write *cgroup_writes;
  size_t cgroup_write_count;
  struct mount_step *mounts;
  size_t mount_count;
  struct rlimit_step *rlimits;
  size_t rlimit_count;
  uint32_t *groups;
  size_t group_count;
  uint64_t clone_flags;
  uint32_t uid, gid;
  bool switch_user, deny_setgroups;
  uint64_t log_max_bytes;
  uint32_t log_old_files;
};

/* Returns NULL, or what is wrong with the bytes. On success release with plan_free. */
const char *plan_parse(struct plan *plan, const uint8_t *bytes, size_t length);
void plan_free(struct plan *plan);

#endif
