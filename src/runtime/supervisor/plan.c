/*
 * Reads a launch plan (protocol.h, enum plan_field). The agent is trusted with what it asks for, not with the shape of
 * the bytes: every length is checked, unknown fields are refused, and nothing is copied but the arrays.
 */
#define _GNU_SOURCE
#include "plan.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "protocol.h"

#define ALLOWED_CLONE_FLAGS \
  ((uint64_t)CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWUSER | CLONE_NEWCGROUP)

static uint32_t read_u32(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t read_u64(const uint8_t *at) {
  return (uint64_t)read_u32(at) | (uint64_t)read_u32(at + 4) << 32;
}

/* Splits `length` bytes into exactly `count` strings. */
static bool read_strings(const uint8_t *at, size_t length, const char **out, size_t count) {
  for (size_t i = 0; i < count; i++) {
    size_t size = strnlen((const char *)at, length);
    if (size == length) return false;
    out[i] = (const char *)at;
    at += size + 1;
    length -= size + 1;
  }
  return length == 0;
}

struct counts {
  size_t args, envs, writes, mounts, rlimits;
};

static const char *count_fields(const uint8_t *bytes, size_t length, struct counts *counts) {
  for (size_t at = 0; at < length;) {
    if (length - at < 5) return "a field header is cut short";
    uint8_t field = bytes[at];
    uint32_t size = read_u32(bytes + at + 1);
    if (size > length - at - 5) return "a field is cut short";
    at += 5 + (size_t)size;
    if (field == FIELD_ARG) counts->args++;
    if (field == FIELD_ENV) counts->envs++;
    if (field == FIELD_CGROUP_WRITE) counts->writes++;
    if (field == FIELD_MOUNT) counts->mounts++;
    if (field == FIELD_RLIMIT) counts->rlimits++;
  }
  return NULL;
}

static const char *read_numbers(struct plan *plan, uint8_t field, const uint8_t *at, size_t size) {
  switch (field) {
    case FIELD_CLONE_FLAGS:
      if (size != 8) return "clone flags have the wrong size";
      plan->clone_flags = read_u64(at);
      if (plan->clone_flags & ~ALLOWED_CLONE_FLAGS) return "clone flags ask for more than namespaces";
      return NULL;
    case FIELD_USER:
      if (size != 9) return "the user has the wrong size";
      plan->uid = read_u32(at);
      plan->gid = read_u32(at + 4);
      plan->switch_user = at[8] != 0;
      return NULL;
    case FIELD_GROUPS:
      if (size % 4 != 0 || plan->groups != NULL) return "groups are malformed";
      plan->groups = calloc(size / 4 + 1, sizeof *plan->groups);
      if (plan->groups == NULL) return "out of memory";
      plan->group_count = size / 4;
      for (size_t i = 0; i < plan->group_count; i++) plan->groups[i] = read_u32(at + 4 * i);
      return NULL;
    case FIELD_RLIMIT:
      if (size != 20) return "a resource limit has the wrong size";
      plan->rlimits[plan->rlimit_count++] =
          (struct rlimit_step){.resource = read_u32(at), .soft = read_u64(at + 4), .hard = read_u64(at + 12)};
      return NULL;
    case FIELD_LOGS:
      if (size != 12) return "log settings have the wrong size";
      plan->log_max_bytes = read_u64(at);
      plan->log_old_files = read_u32(at + 8);
      return NULL;
    case FIELD_DENY_SETGROUPS:
      plan->deny_setgroups = true;
      return NULL;
    default:
      return "unknown field";
  }
}

static const char **string_slot(struct plan *plan, uint8_t field) {
  switch (field) {
    case FIELD_ID: return &plan->id;
    case FIELD_RECORD_DIR: return &plan->record_dir;
    case FIELD_SANDBOX: return &plan->sandbox;
    case FIELD_CWD: return &plan->cwd;
    case FIELD_CGROUP: return &plan->cgroup;
    case FIELD_HOSTNAME: return &plan->hostname;
    case FIELD_UID_MAP: return &plan->uid_map;
    case FIELD_GID_MAP: return &plan->gid_map;
    case FIELD_BOOT_ID: return &plan->boot_id;
    case FIELD_PROGRAM: return &plan->program;
    default: return NULL;
  }
}

static const char *read_field(struct plan *plan, uint8_t field, const uint8_t *at, size_t size) {
  const char *strings[4];
  const char **slot = string_slot(plan, field);
  if (slot != NULL) return read_strings(at, size, slot, 1) ? NULL : "a string does not end with NUL";
  switch (field) {
    case FIELD_ARG:
      if (!read_strings(at, size, strings, 1)) return "an argument does not end with NUL";
      plan->argv[plan->argc++] = (char *)strings[0];
      return NULL;
    case FIELD_ENV:
      if (!read_strings(at, size, strings, 1)) return "an environment entry does not end with NUL";
      plan->envp[plan->envc++] = (char *)strings[0];
      return NULL;
    case FIELD_CGROUP_WRITE:
      if (!read_strings(at, size, strings, 2) || strchr(strings[0], '/') != NULL) return "a cgroup write is malformed";
      plan->cgroup_writes[plan->cgroup_write_count++] = (struct cgroup_write){strings[0], strings[1]};
      return NULL;
    case FIELD_MOUNT:
      if (size < 8 || !read_strings(at + 8, size - 8, strings, 4)) return "a mount is malformed";
      plan->mounts[plan->mount_count++] =
          (struct mount_step){read_u64(at), strings[0], strings[1], strings[2], strings[3]};
      return NULL;
    default:
      return read_numbers(plan, field, at, size);
  }
}

static const char *check_complete(const struct plan *plan) {
  if (plan->id == NULL || plan->record_dir == NULL || plan->sandbox == NULL || plan->cwd == NULL ||
      plan->boot_id == NULL || plan->argc == 0)
    return "a required field is missing";
  if (plan->log_max_bytes == 0) return "the log size is missing";
  if (plan->cgroup == NULL && !(plan->clone_flags & CLONE_NEWPID))
    return "a container needs a cgroup or a pid namespace to be tracked by";
  if (plan->cgroup_write_count > 0 && plan->cgroup == NULL) return "cgroup writes without a cgroup";
  if (plan->mount_count > 0 && !(plan->clone_flags & CLONE_NEWNS)) return "mounts without a mount namespace";
  if (plan->hostname != NULL && !(plan->clone_flags & CLONE_NEWUTS)) return "a host name without a uts namespace";
  if ((plan->uid_map == NULL) != !(plan->clone_flags & CLONE_NEWUSER)) return "user map and user namespace disagree";
  if ((plan->uid_map == NULL) != (plan->gid_map == NULL)) return "a user map without a group map";
  return NULL;
}

const char *plan_parse(struct plan *plan, const uint8_t *bytes, size_t length) {
  struct counts counts = {0};
  *plan = (struct plan){0};
  const char *wrong = count_fields(bytes, length, &counts);
  if (wrong != NULL) return wrong;
  plan->argv = calloc(counts.args + 1, sizeof *plan->argv);
  plan->envp = calloc(counts.envs + 1, sizeof *plan->envp);
  plan->cgroup_writes = calloc(counts.writes + 1, sizeof *plan->cgroup_writes);
  plan->mounts = calloc(counts.mounts + 1, sizeof *plan->mounts);
  plan->rlimits = calloc(counts.rlimits + 1, sizeof *plan->rlimits);
  if (!plan->argv || !plan->envp || !plan->cgroup_writes || !plan->mounts || !plan->rlimits) wrong = "out of memory";
  for (size_t at = 0; wrong == NULL && at < length;) {
    uint32_t size = read_u32(bytes + at + 1);
    wrong = read_field(plan, bytes[at], bytes + at + 5, size);
    at += 5 + (size_t)size;
  }
  if (wrong == NULL) wrong = check_complete(plan);
  if (wrong != NULL) plan_free(plan);
  return wrong;
}

void plan_free(struct plan *plan) {
  free(plan->argv);
  free(plan->envp);
  free(plan->cgroup_writes);
  free(plan->mounts);
  free(plan->rlimits);
  free(plan->groups);
  *plan = (struct plan){0};
}
