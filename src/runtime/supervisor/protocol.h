/*
 * Numbers shared with src/runtime/launcher/protocol.ts; change both together, and PROTOCOL_VERSION with them.
 *
 * Agent and launcher talk over one stream socket in frames, all integers little-endian:
 *   u32 length of what follows | u8 type | u32 token | payload
 * The token names one launch (or watch) for as long as it lasts; the agent chooses it.
 */
#ifndef MESOCTL_PROTOCOL_H
#define MESOCTL_PROTOCOL_H

#define PROTOCOL_VERSION 1
/* Bounds a launch plan; the kernel itself takes at most about 2 MiB of arguments and environment. */
#define MAX_FRAME_BYTES (4u << 20)
#define FRAME_HEADER_BYTES 9

/* Agent to launcher. */
enum request_type {
  REQUEST_LAUNCH = 1, /* plan */
  REQUEST_GO = 2,     /* let the task run; only after STARTING */
  REQUEST_CANCEL = 3, /* undo a launch that has not gone */
  REQUEST_WATCH = 4,  /* u32 pid, u64 start ticks: tell when this supervisor of an earlier launcher is gone */
};

/* Launcher to agent. */
enum event_type {
  EVENT_READY = 0x81,    /* u32 version */
  EVENT_STARTING = 0x82, /* u32 supervisor pid, u64 supervisor start ticks, u32 init pid */
  EVENT_STARTED = 0x83,  /* the task's program runs */
  EVENT_FAILED = 0x84,   /* u32 stage, u32 errno, text: nothing ran, nothing is left */
  EVENT_GONE = 0x85,     /* the supervisor has ended; its status file, if any, is final */
};

/* What was being done when a launch failed. */
enum stage {
  STAGE_NONE = 0,
  STAGE_PLAN = 1,
  STAGE_LOCK = 2,
  STAGE_SUPERVISOR = 3,
  STAGE_SANDBOX = 4,
  STAGE_LOGS = 5,
  STAGE_RECORD = 6,
  STAGE_CGROUP = 7,
  STAGE_CGROUP_WRITE = 8,
  STAGE_NAMESPACES = 9,
  STAGE_USER_MAP = 10,
  STAGE_MOUNT = 11,
  STAGE_HOSTNAME = 12,
  STAGE_FORK = 13,
  STAGE_RLIMIT = 14,
  STAGE_GROUPS = 15,
  STAGE_USER = 16,
  STAGE_CHDIR = 17,
  STAGE_EXEC = 18,
  STAGE_KILLED = 19, /* something killed the container before its program ran */
};

/* Fields of a launch plan: u8 field | u32 length | bytes. Strings end with NUL, which the length counts. */
enum plan_field {
  FIELD_ID = 1,
  FIELD_RECORD_DIR = 2,    /* this container's own directory; made by the supervisor */
  FIELD_SANDBOX = 3,
  FIELD_CWD = 4,
  FIELD_ARG = 5,           /* repeated, at least one */
  FIELD_ENV = 6,           /* repeated, "NAME=value" */
  FIELD_CGROUP = 7,        /* absolute path; made by the supervisor */
  FIELD_CGROUP_WRITE = 8,  /* repeated: file NUL value NUL */
  FIELD_CLONE_FLAGS = 9,   /* u64, CLONE_NEW* only */
  FIELD_USER = 10,         /* u32 uid, u32 gid, u8 whether to switch to them */
  FIELD_GROUPS = 11,       /* u32 each */
  FIELD_MOUNT = 12,        /* repeated: u64 flags, source NUL target NUL type NUL data NUL */
  FIELD_HOSTNAME = 13,
  FIELD_RLIMIT = 14,       /* repeated: u32 resource, u64 soft, u64 hard */
  FIELD_LOGS = 15,         /* u64 bytes of a file, u32 old files */
  FIELD_UID_MAP = 16,
  FIELD_GID_MAP = 17,
  FIELD_DENY_SETGROUPS = 18,
  FIELD_BOOT_ID = 19,
  FIELD_PROGRAM = 20,
};

#endif
