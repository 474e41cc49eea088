/*
 * The supervisor of one container. It makes the container, waits for "go", pumps its output, and when the task's
 * process ends kills what is left, writes the status and removes the cgroup. After "go" it needs nobody: launcher and
 * agent may die. Before "go" it undoes everything when the launcher goes away, so that no unrecorded task ever runs.
 * It stays outside the container's cgroup and pid namespace, and never forks or allocates once the task runs.
 */
#define _GNU_SOURCE
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "files.h"
#include "init.h"
#include "logs.h"
#include "protocol.h"
#include "record.h"
#include "title.h"

#define KILL_POLL_MS 20
#define REMOVE_ATTEMPTS 50
#define MEMORY_LOOK_INTERVAL_MS 1000
#define STATUS_ATTEMPTS 120
#define STATUS_RETRY_MS 500
/* After the container is dead a pipe holds at most its capacity; more comes from outside and is not ours to wait for. */
#define MAX_DRAIN_BYTES (1 << 20)

struct container {
  const struct plan *plan;
  int control, sandbox, record, cgroup, memory_events, signals;
  int setup, reports, go; /* our ends of the pipes into the container */
  struct log_pump logs[2];
  pid_t init;
  bool went, started, init_dead, reported;
  int init_status;
  struct rusage init_usage;
  struct report report;
  struct status_record status;
  int64_t looked_at_memory_ms;
};

static void send_event(struct container *c, enum event_type type, const void *payload, size_t length) {
  uint8_t message[512];
  if (c->control < 0 || length >= sizeof message) return;
  message[0] = (uint8_t)type;
  memcpy(message + 1, payload, length);
  /* A launcher that is gone shows at the next read of the socket, and is dealt with there. */
  send(c->control, message, length + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static size_t put_u32(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
  return 4;
}

static void reap(struct container *c) {
  for (;;) {
    int status;
    struct rusage usage;
    pid_t pid = wait4(-1, &status, WNOHANG, &usage);
    if (pid <= 0) return;
    if (pid != c->init) continue;
    c->init_dead = true;
    c->init_status = status;
    c->init_usage = usage;
  }
}

/* Returns when no process of the container is left. One that the kernel cannot kill yet (state D) is waited for. */
static void kill_everything(struct container *c) {
  /* Not left to the cgroup: a task that is root can have moved init out of it. */
  if (c->init > 0 && !c->init_dead) kill(c->init, SIGKILL);
  bool populated = c->cgroup >= 0 && cgroup_populated(c->cgroup);
  if (populated) cgroup_kill(c->cgroup);
  for (;;) {
    reap(c);
    if (c->cgroup >= 0) populated = cgroup_populated(c->cgroup);
    if ((c->init <= 0 || c->init_dead) && !populated) return;
    struct pollfd child = {.fd = c->signals, .events = POLLIN};
    if (poll(&child, 1, KILL_POLL_MS) > 0) {
      struct signalfd_siginfo info;
      (void)!read(c->signals, &info, sizeof info);
    }
    if (populated) cgroup_kill(c->cgroup);
  }
}

static void remove_cgroup(const struct container *c) {
  if (c->cgroup < 0) return;
  for (int attempt = 0; attempt < REMOVE_ATTEMPTS; attempt++) {
    if (cgroup_remove(c->plan->cgroup) == 0 || errno != EBUSY) return;
    poll(NULL, 0, KILL_POLL_MS);
  }
}

/* Undoes a launch: nothing is left, and the launcher is told why. */
static _Noreturn void give_up(struct container *c, uint32_t stage, uint32_t error, const char *detail) {
  kill_everything(c);
  remove_cgroup(c);
  if (c->record >= 0) record_remove(c->record, c->plan->record_dir);
  uint8_t payload[320];
  size_t length = put_u32(payload, stage);
  length += put_u32(payload + length, error);
  size_t size = strnlen(detail, 256);
  memcpy(payload + length, detail, size);
  send_event(c, EVENT_FAILED, payload, length + size);
  _exit(1);
}

/* The agent died before "go": it may have recorded the container, so it finds proof that the task never ran. */
static _Noreturn void give_up_orphaned(struct container *c) {
  kill_everything(c);
  c->status = (struct status_record){.launched = false, .finished_ms = wall_clock_ms(), .cpu_us = -1};
  record_write_status(c->record, &c->status);
  remove_cgroup(c);
  _exit(1);
}

static void open_sandbox(struct container *c) {
  const struct plan *plan = c->plan;
  c->sandbox = open(plan->sandbox, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (c->sandbox < 0 || (plan->switch_user && fchown(c->sandbox, plan->uid, plan->gid) < 0))
    give_up(c, STAGE_SANDBOX, (uint32_t)errno, plan->sandbox);
}

/* Opens one log; returns the end that the task writes to. */
static int open_log(struct container *c, struct log_pump *log, const char *name) {
  const struct plan *plan = c->plan;
  int ends[2] = {-1, -1};
  *log = (struct log_pump){.name = name,
                           .sandbox = c->sandbox,
                           .max_bytes = plan->log_max_bytes,
                           .old_files = plan->log_old_files,
                           .give_away = plan->switch_user,
                           .uid = plan->uid,
                           .gid = plan->gid};
  if (log_open(log) < 0 || pipe2(ends, O_CLOEXEC) < 0) give_up(c, STAGE_LOGS, (uint32_t)errno, name);
  /* So that the task may open /dev/stdout again. */
  if (plan->switch_user && fchown(ends[1], plan->uid, plan->gid) < 0) give_up(c, STAGE_LOGS, (uint32_t)errno, name);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  log->pipe = ends[0];
  return ends[1];
}

static void make_cgroup(struct container *c) {
  const struct plan *plan = c->plan;
  if (plan->cgroup == NULL) return;
  c->cgroup = cgroup_create(plan->cgroup);
  if (c->cgroup < 0) give_up(c, STAGE_CGROUP, (uint32_t)errno, plan->cgroup);
  for (size_t i = 0; i < plan->cgroup_write_count; i++) {
    const struct cgroup_write *step = &plan->cgroup_writes[i];
    if (write_file_at(c->cgroup, step->file, step->value) < 0)
      give_up(c, STAGE_CGROUP_WRITE, (uint32_t)errno, step->file);
  }
  c->memory_events = openat(c->cgroup, "memory.events", O_RDONLY | O_CLOEXEC);
}

static void make_pipe(struct container *c, int *ours, int *theirs, bool we_read) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) give_up(c, STAGE_SUPERVISOR, (uint32_t)errno, "pipe");
  *ours = ends[we_read ? 0 : 1];
  *theirs = ends[we_read ? 1 : 0];
}

static void write_user_map(struct container *c, int map_ready) {
  const struct plan *plan = c->plan;
  char path[32];
  snprintf(path, sizeof path, "/proc/%d", c->init);
  int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0 || (plan->deny_setgroups && write_file_at(dir, "setgroups", "deny") < 0) ||
      write_file_at(dir, "uid_map", plan->uid_map) < 0 || write_file_at(dir, "gid_map", plan->gid_map) < 0)
    give_up(c, STAGE_USER_MAP, (uint32_t)errno, path);
  close(dir);
  if (write_all(map_ready, "", 1) < 0) give_up(c, STAGE_USER_MAP, (uint32_t)errno, "");
}

static void create_init(struct container *c) {
  const struct plan *plan = c->plan;
  struct init_pipes inside = {.map_ready = -1};
  int map_ready = -1;
  inside.stdout_end = open_log(c, &c->logs[0], "stdout");
  inside.stderr_end = open_log(c, &c->logs[1], "stderr");
  make_pipe(c, &c->setup, &inside.setup, true);
  make_pipe(c, &c->reports, &inside.report, true);
  make_pipe(c, &c->go, &inside.go, false);
  if (plan->clone_flags & CLONE_NEWUSER) make_pipe(c, &map_ready, &inside.map_ready, false);
  struct clone_args args = {.flags = plan->clone_flags, .exit_signal = SIGCHLD};
  if (c->cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = (uint64_t)c->cgroup;
  }
  long pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) give_up(c, STAGE_NAMESPACES, (uint32_t)errno, "");
  if (pid == 0) init_run(plan, &inside);
  c->init = (pid_t)pid;
  close(inside.stdout_end);
  close(inside.stderr_end);
  close(inside.setup);
  close(inside.report);
  close(inside.go);
  if (map_ready >= 0) {
    close(inside.map_ready);
    write_user_map(c, map_ready);
    close(map_ready);
  }
}

static void announce(struct container *c) {
  const struct plan *plan = c->plan;
  struct container_record record = {.id = plan->id,
                                    .boot_id = plan->boot_id,
                                    .sandbox = plan->sandbox,
                                    .cgroup = plan->cgroup,
                                    .supervisor = getpid(),
                                    .supervisor_ticks = start_ticks_of(getpid()),
                                    .init = c->init,
                                    .init_ticks = start_ticks_of(c->init)};
  uint8_t payload[16];
  size_t length = put_u32(payload, (uint32_t)record.supervisor);
  length += put_u32(payload + length, (uint32_t)record.supervisor_ticks);
  length += put_u32(payload + length, (uint32_t)(record.supervisor_ticks >> 32));
  length += put_u32(payload + length, (uint32_t)record.init);
  send_event(c, EVENT_STARTING, payload, length);
  /* The agent checkpoints meanwhile; "go" is read only after this. */
  if (record_write_container(c->record, &record) < 0)
    give_up(c, STAGE_RECORD, (uint32_t)errno, plan->record_dir);
}

static void on_control(struct container *c) {
  uint8_t request;
  ssize_t got = recv(c->control, &request, 1, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    if (!c->went) give_up_orphaned(c);
    close(c->control);
    c->control = -1;
    return;
  }
  if (c->went) return;
  if (request == REQUEST_CANCEL) give_up(c, STAGE_KILLED, ECANCELED, "");
  if (request == REQUEST_GO && write_all(c->go, "", 1) == 0) c->went = true;
}

static void on_setup(struct container *c) {
  struct failure failure = {0};
  ssize_t got = read(c->setup, &failure, sizeof failure);
  if (got < 0 && errno == EINTR) return;
  if (got == (ssize_t)sizeof failure) give_up(c, failure.stage, failure.error, failure.detail);
  if (!c->went) give_up(c, STAGE_KILLED, 0, "");
  close(c->setup);
  c->setup = -1;
  c->started = true;
  c->status.started_ms = wall_clock_ms();
  send_event(c, EVENT_STARTED, "", 0);
}

/*
 * memory.events changed: the container is at its limit, and may be killed next. Looked at now, since the sizes are gone
 * once the kernel has killed; not more often than once a second, since a container may live at its limit for long.
 */
static void on_memory(struct container *c) {
  char acknowledged[512];
  if (pread(c->memory_events, acknowledged, sizeof acknowledged, 0) < 0) {
    close(c->memory_events);
    c->memory_events = -1;
    return;
  }
  int64_t now_ms = wall_clock_ms();
  if (llabs(now_ms - c->looked_at_memory_ms) < MEMORY_LOOK_INTERVAL_MS) return;
  c->looked_at_memory_ms = now_ms;
  cgroup_read_memory(c->cgroup, &c->status.memory);
}

static void on_signal(struct container *c) {
  struct signalfd_siginfo info;
  (void)!read(c->signals, &info, sizeof info);
  reap(c);
}

static void on_report(struct container *c) {
  struct report report;
  ssize_t got = read(c->reports, &report, sizeof report);
  if (got < 0 && errno == EINTR) return;
  if (got == (ssize_t)sizeof report) {
    c->report = report;
    c->reported = true;
    return;
  }
  close(c->reports);
  c->reports = -1;
}

enum source { CONTROL, SETUP, REPORTS, SIGNALS, STDOUT, STDERR, MEMORY, SOURCES };

/* Until init is dead and the fate of the program's start is known. */
static void run(struct container *c) {
  while (!c->init_dead || c->setup >= 0) {
    struct pollfd polls[SOURCES] = {
        [CONTROL] = {.fd = c->control, .events = POLLIN}, [SETUP] = {.fd = c->setup, .events = POLLIN},
        [REPORTS] = {.fd = c->reports, .events = POLLIN}, [SIGNALS] = {.fd = c->signals, .events = POLLIN},
        [STDOUT] = {.fd = c->logs[0].pipe, .events = POLLIN}, [STDERR] = {.fd = c->logs[1].pipe, .events = POLLIN},
        [MEMORY] = {.fd = c->memory_events, .events = POLLPRI},
    };
    if (poll(polls, SOURCES, -1) < 0) continue;
    if (polls[SETUP].revents) on_setup(c);
    if (polls[CONTROL].revents) on_control(c);
    if (polls[MEMORY].revents) on_memory(c);
    if (polls[STDOUT].revents) log_pump(&c->logs[0]);
    if (polls[STDERR].revents) log_pump(&c->logs[1]);
    if (polls[REPORTS].revents) on_report(c);
    if (polls[SIGNALS].revents) on_signal(c);
    /* Where init died alone, without a pid namespace, the task may still hold the setup pipe. */
    if (c->init_dead && c->setup >= 0) kill_everything(c);
  }
}

static void drain(struct log_pump *log) {
  for (ssize_t moved = 0, got; moved < MAX_DRAIN_BYTES && (got = log_pump(log)) > 0; moved += got) continue;
}

static void finish(struct container *c) {
  kill_everything(c);
  if (c->reports >= 0 && !c->reported) on_report(c);
  drain(&c->logs[0]);
  drain(&c->logs[1]);
  struct status_record *status = &c->status;
  status->launched = true;
  /* No word from init: it was killed, and the task with it. */
  status->wait_status = c->reported ? c->report.wait_status : SIGKILL;
  status->finished_ms = c->reported ? c->report.finished_ms : wall_clock_ms();
  const struct rusage *usage = c->reported ? &c->report.usage : &c->init_usage;
  /* A task that died with init was never waited for: its size is not known. */
  status->max_rss_kb = c->reported ? usage->ru_maxrss : 0;
  status->cpu_us = c->cgroup >= 0 ? cgroup_cpu_us(c->cgroup) : -1;
  if (status->cpu_us < 0)
    status->cpu_us = (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 + usage->ru_utime.tv_usec +
                     usage->ru_stime.tv_usec;
  if (c->cgroup >= 0) cgroup_read_memory(c->cgroup, &status->memory);
  /* A full disk may have room again; without the record the exit status would be lost. */
  for (int attempt = 0; record_write_status(c->record, status) < 0 && attempt < STATUS_ATTEMPTS; attempt++)
    poll(NULL, 0, STATUS_RETRY_MS);
  remove_cgroup(c);
}

_Noreturn void container_supervise(const struct plan *plan, int control) {
  static struct container container;
  struct container *c = &container;
  *c = (struct container){.plan = plan, .control = control, .sandbox = -1, .record = -1, .cgroup = -1,
                          .memory_events = -1, .signals = -1, .setup = -1, .reports = -1, .go = -1};
  setsid();
  title_set("mesoctl-supervisor", plan->id);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t all, children;
  sigfillset(&all);
  signal(SIGCHLD, SIG_DFL);
  sigprocmask(SIG_SETMASK, &all, NULL);
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  c->signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  if (c->signals < 0) give_up(c, STAGE_SUPERVISOR, (uint32_t)errno, "signalfd");
  umask(022);
  open_sandbox(c);
  c->record = record_create(plan->record_dir);
  if (c->record < 0) give_up(c, STAGE_RECORD, (uint32_t)errno, plan->record_dir);
  make_cgroup(c);
  create_init(c);
  announce(c);
  run(c);
  finish(c);
  _exit(0);
}
