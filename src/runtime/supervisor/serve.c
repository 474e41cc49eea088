/*
 * The launcher. Forking from a Node process costs what its heap costs; forking from here costs about 0.1 ms, so the
 * agent sends one message per launch. It decides nothing: it relays between the agent and each supervisor, and tells
 * when a supervisor has ended (pidfds for those of an earlier launcher). Supervisors do not depend on it after "go".
 */
#define _GNU_SOURCE
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container.h"
#include "files.h"
#include "plan.h"
#include "protocol.h"
#include "title.h"

#define AGENT_FD 3
#define EVENTS_AT_ONCE 64
#define LOCK_ATTEMPTS 100
#define LOCK_RETRY_US 20000
#define RELAY_BYTES 512
/* A larger receive buffer is given back once it is empty. */
#define KEPT_BUFFER_BYTES (64u << 10)

/* One supervisor: its control socket, or the pidfd of one that an earlier launcher made. */
struct watched {
  struct watched *next;
  int fd;
  uint32_t token;
  bool is_pidfd;
};

struct launcher {
  int epoll;
  struct watched *all;
  uint8_t *buffer;
  size_t length, capacity;
};

static uint32_t read_u32(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_u32(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
}

/* Blocks while the agent does not read: it is the only one served, so nothing else suffers. */
static void tell(enum event_type type, uint32_t token, const void *payload, size_t length) {
  uint8_t frame[FRAME_HEADER_BYTES + RELAY_BYTES];
  put_u32(frame, (uint32_t)(5 + length));
  frame[4] = (uint8_t)type;
  put_u32(frame + 5, token);
  memcpy(frame + FRAME_HEADER_BYTES, payload, length);
  if (write_all(AGENT_FD, frame, FRAME_HEADER_BYTES + length) < 0) _exit(0);
}

static void tell_failed(uint32_t token, enum stage stage, int error, const char *detail) {
  uint8_t payload[RELAY_BYTES];
  size_t size = strnlen(detail, 256);
  put_u32(payload, stage);
  put_u32(payload + 4, (uint32_t)error);
  memcpy(payload + 8, detail, size);
  tell(EVENT_FAILED, token, payload, 8 + size);
  tell(EVENT_GONE, token, "", 0);
}

static bool add_watched(struct launcher *l, int fd, uint32_t token, bool is_pidfd) {
  struct watched *watched = malloc(sizeof *watched);
  if (watched == NULL) return false;
  *watched = (struct watched){.next = l->all, .fd = fd, .token = token, .is_pidfd = is_pidfd};
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = watched};
  if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
    free(watched);
    return false;
  }
  l->all = watched;
  return true;
}

static void remove_watched(struct launcher *l, struct watched *watched) {
  struct watched **link = &l->all;
  while (*link != watched) link = &(*link)->next;
  *link = watched->next;
  /* Not left to close: a supervisor being forked may hold a copy for a moment, and events would go on. */
  epoll_ctl(l->epoll, EPOLL_CTL_DEL, watched->fd, NULL);
  close(watched->fd);
  free(watched);
}

static _Noreturn void become_supervisor(const struct plan *plan, int control) {
  int keep[] = {control};
  close_all_but(keep, 1);
  container_supervise(plan, control);
}

/* Returns 0 or the errno. */
static int start_supervisor(struct launcher *l, uint32_t token, const struct plan *plan) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return errno;
  int error = 0;
  if (add_watched(l, ends[0], token, false)) {
    pid_t pid = fork();
    if (pid == 0) become_supervisor(plan, ends[1]);
    error = pid < 0 ? errno : 0;
    if (pid < 0) remove_watched(l, l->all);
  } else {
    error = errno;
    close(ends[0]);
  }
  close(ends[1]);
  return error;
}

static void launch(struct launcher *l, uint32_t token, const uint8_t *bytes, size_t length) {
  struct plan plan;
  const char *wrong = plan_parse(&plan, bytes, length);
  if (wrong != NULL) {
    tell_failed(token, STAGE_PLAN, EINVAL, wrong);
    return;
  }
  int error = start_supervisor(l, token, &plan);
  plan_free(&plan);
  if (error != 0) tell_failed(token, STAGE_SUPERVISOR, error, "fork");
}

static void watch(struct launcher *l, uint32_t token, const uint8_t *bytes, size_t length) {
  if (length != 12) _exit(2);
  pid_t pid = (pid_t)read_u32(bytes);
  uint64_t ticks = (uint64_t)read_u32(bytes + 4) | (uint64_t)read_u32(bytes + 8) << 32;
  int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
  /* Compared after the open: from here on the number cannot come to mean another process. */
  if (fd >= 0 && start_ticks_of(pid) == ticks && add_watched(l, fd, token, true)) return;
  if (fd >= 0) close(fd);
  tell(EVENT_GONE, token, "", 0);
}

static void pass_on(const struct launcher *l, uint32_t token, uint8_t type) {
  for (struct watched *watched = l->all; watched != NULL; watched = watched->next) {
    if (watched->token != token || watched->is_pidfd) continue;
    send(watched->fd, &type, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
}

static void on_frame(struct launcher *l, const uint8_t *frame, size_t length) {
  uint8_t type = frame[0];
  uint32_t token = read_u32(frame + 1);
  if (type == REQUEST_LAUNCH)
    launch(l, token, frame + 5, length - 5);
  else if (type == REQUEST_WATCH)
    watch(l, token, frame + 5, length - 5);
  else if (type == REQUEST_GO || type == REQUEST_CANCEL)
    pass_on(l, token, type);
  else
    _exit(2);
}

static void make_room(struct launcher *l, size_t needed) {
  if (needed <= l->capacity) return;
  uint8_t *larger = realloc(l->buffer, needed);
  if (larger == NULL) _exit(1);
  l->buffer = larger;
  l->capacity = needed;
}

static void shrink(struct launcher *l) {
  if (l->length > 0 || l->capacity <= KEPT_BUFFER_BYTES) return;
  free(l->buffer);
  l->buffer = NULL;
  l->capacity = 0;
  make_room(l, KEPT_BUFFER_BYTES);
}

/* Returns false when the agent is gone. */
static bool on_agent(struct launcher *l) {
  make_room(l, KEPT_BUFFER_BYTES);
  ssize_t got = recv(AGENT_FD, l->buffer + l->length, l->capacity - l->length, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) return false;
  l->length += (size_t)got;
  size_t at = 0;
  while (l->length - at >= 4) {
    uint32_t size = read_u32(l->buffer + at);
    if (size < 5 || size > MAX_FRAME_BYTES) _exit(2);
    if (l->length - at < 4 + (size_t)size) break;
    on_frame(l, l->buffer + at + 4, size);
    at += 4 + (size_t)size;
  }
  memmove(l->buffer, l->buffer + at, l->length - at);
  l->length -= at;
  if (l->length >= 4) make_room(l, 4 + (size_t)read_u32(l->buffer));
  shrink(l);
  return true;
}

static void on_watched(struct launcher *l, struct watched *watched) {
  uint8_t message[RELAY_BYTES];
  uint32_t token = watched->token;
  if (!watched->is_pidfd) {
    ssize_t got = recv(watched->fd, message, sizeof message, MSG_DONTWAIT);
    /* It left without reading a request; what it said before is still there. */
    if (got < 0 && errno == ECONNRESET) got = recv(watched->fd, message, sizeof message, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got > 0) {
      tell(message[0], token, message + 1, (size_t)got - 1);
      return;
    }
  }
  remove_watched(l, watched);
  tell(EVENT_GONE, token, "", 0);
}

/* One agent per directory: held as long as this process lives, never passed to a supervisor. */
static bool lock_directory(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  for (int attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK) break;
    usleep(LOCK_RETRY_US); /* the launcher of an agent that just died may still be on its way out */
  }
  return false;
}

/* Arguments: --lock DIR, --join CGROUP. Supervisors inherit the cgroup, so they do not end with the agent's service. */
static bool prepare(char *const *arguments) {
  for (; arguments[0] != NULL && arguments[1] != NULL; arguments += 2) {
    bool good = false;
    if (strcmp(arguments[0], "--lock") == 0) {
      good = lock_directory(arguments[1]);
    } else if (strcmp(arguments[0], "--join") == 0) {
      int dir = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      good = dir >= 0 && write_file_at(dir, "cgroup.procs", "0") == 0;
      if (dir >= 0) close(dir);
    }
    if (good) continue;
    tell_failed(0, STAGE_LOCK, errno, arguments[1]);
    return false;
  }
  return true;
}

int serve(char *const *arguments) {
  struct launcher launcher = {0};
  struct epoll_event agent = {.events = EPOLLIN, .data.ptr = NULL};
  signal(SIGCHLD, SIG_IGN); /* supervisors are reaped by the kernel; their end shows on the control socket */
  signal(SIGPIPE, SIG_IGN);
  int nothing = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; fd++) dup2(nothing, fd);
  int keep[] = {AGENT_FD};
  close_all_but(keep, 1);
  launcher.epoll = epoll_create1(EPOLL_CLOEXEC);
  fcntl(AGENT_FD, F_SETFD, FD_CLOEXEC);
  fcntl(AGENT_FD, F_SETFL, 0);
  if (launcher.epoll < 0 || epoll_ctl(launcher.epoll, EPOLL_CTL_ADD, AGENT_FD, &agent) < 0) return 2;
  if (!prepare(arguments)) return 1;
  title_set("mesoctl-launcher", "");
  uint8_t version[4];
  put_u32(version, PROTOCOL_VERSION);
  tell(EVENT_READY, 0, version, sizeof version);
  for (;;) {
    struct epoll_event events[EVENTS_AT_ONCE];
    int count = epoll_wait(launcher.epoll, events, EVENTS_AT_ONCE, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr != NULL)
        on_watched(&launcher, events[i].data.ptr);
      else if (!on_agent(&launcher))
        return 0;
    }
  }
}
