/*
 * Finds out by trying: makes each namespace in a child, mounts what it would mount, creates a process in a cgroup.
 * Everything ends with the child. Without root every attempt is made inside a user namespace, as a launch would be.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "files.h"

struct attempt {
  const char *name;
  uint64_t flags;
  int (*inside)(void);
};

static int mount_private(void) {
  return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static int mount_proc(void) {
  if (mount_private() < 0) return -1;
  return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static int nothing_inside(void) {
  return 0;
}

/* The errno of the attempt. */
static int try(const struct attempt *attempt, int cgroup) {
  int result[2], error = EPROTO;
  if (pipe2(result, O_CLOEXEC) < 0) return errno;
  struct clone_args args = {.flags = attempt->flags, .exit_signal = SIGCHLD};
  if (geteuid() != 0 && cgroup < 0) args.flags |= CLONE_NEWUSER;
  if (cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = (uint64_t)cgroup;
  }
  long pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) {
    error = errno;
  } else if (pid == 0) {
    int inside = attempt->inside() < 0 ? errno : 0;
    write_all(result[1], &inside, sizeof inside);
    _exit(0);
  } else {
    waitpid((pid_t)pid, NULL, 0);
    if (read(result[0], &error, sizeof error) != sizeof error) error = EPROTO;
  }
  close(result[0]);
  close(result[1]);
  return error;
}

static int try_cgroup(const char *parent) {
  char path[4096];
  snprintf(path, sizeof path, "%s/probe-%d", parent, getpid());
  int dir = cgroup_create(path);
  if (dir < 0) return errno;
  const struct attempt attempt = {"cgroup", 0, nothing_inside};
  int error = try(&attempt, dir);
  if (error == 0 && cgroup_kill(dir) < 0) error = errno;
  close(dir);
  cgroup_remove(path);
  return error;
}

int probe(const char *cgroup_parent) {
  static const struct attempt attempts[] = {
      {"user", CLONE_NEWUSER, nothing_inside},
      {"mnt", CLONE_NEWNS, mount_private},
      {"pid", CLONE_NEWPID | CLONE_NEWNS, mount_proc},
      {"ipc", CLONE_NEWIPC, nothing_inside},
      {"uts", CLONE_NEWUTS, nothing_inside},
      {"cgroup", CLONE_NEWCGROUP, nothing_inside},
  };
  for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
    printf("%s %d\n", attempts[i].name, try(&attempts[i], -1));
  if (cgroup_parent != NULL) printf("tracking %d\n", try_cgroup(cgroup_parent));
  return fflush(stdout) == 0 ? 0 : 1;
}
