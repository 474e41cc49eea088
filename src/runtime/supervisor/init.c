/*
 * Pid 1 of a container. It finishes the namespaces from inside, forks the task (which therefore is never pid 1), reaps
 * orphans, passes signals from outside on to every process of the container, reports how the task ended and exits;
 * the kernel then kills what is left in the pid namespace. It must never outlive its supervisor.
 */
#define _GNU_SOURCE
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"
#include "protocol.h"
#include "title.h"

static _Noreturn void fail(int setup, enum stage stage, const char *detail) {
  struct failure failure = {.stage = stage, .error = (uint32_t)errno};
  strncpy(failure.detail, detail, sizeof failure.detail - 1);
  write_all(setup, &failure, sizeof failure);
  _exit(1);
}

static void await_user_map(const struct init_pipes *pipes) {
  char byte;
  if (read(pipes->map_ready, &byte, 1) != 1) _exit(1);
  close(pipes->map_ready);
}

/* The rest of a path below the sandbox, else NULL. */
static const char *below_sandbox(const struct plan *plan, const char *path) {
  size_t length = strlen(plan->sandbox);
  return strncmp(path, plan->sandbox, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

static int mount_at(const struct mount_step *step, const char *target) {
  const char *type = step->type[0] == '\0' ? NULL : step->type;
  const char *data = step->data[0] == '\0' ? NULL : step->data;
  return mount(step->source, target, type, step->flags, data);
}

/*
 * The sandbox belongs to the task's user, who may put a link where we are to mount: what is there is opened without
 * following any, and mounted on by its descriptor.
 */
static int mount_in_sandbox(const struct plan *plan, const struct mount_step *step, const char *inside) {
  struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
  int sandbox = open(plan->sandbox, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (sandbox < 0) return -1;
  int target = (int)syscall(SYS_openat2, sandbox, inside, &how, sizeof how);
  close(sandbox);
  if (target < 0) return -1;
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", target);
  int result = mount_at(step, path);
  int error = errno;
  close(target);
  errno = error;
  return result;
}

static void build_namespaces(const struct plan *plan, int setup) {
  if (plan->clone_flags & CLONE_NEWNS) {
    /* Nothing mounted here may appear outside, and the reverse. */
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) fail(setup, STAGE_MOUNT, "/");
    for (size_t i = 0; i < plan->mount_count; i++) {
      const struct mount_step *step = &plan->mounts[i];
      const char *inside = below_sandbox(plan, step->target);
      int done = inside == NULL ? mount_at(step, step->target) : mount_in_sandbox(plan, step, inside);
      if (done < 0) fail(setup, STAGE_MOUNT, step->target);
    }
  }
  if (plan->hostname != NULL && sethostname(plan->hostname, strlen(plan->hostname)) < 0)
    fail(setup, STAGE_HOSTNAME, plan->hostname);
}

static void become_user(const struct plan *plan, int setup) {
  for (size_t i = 0; i < plan->rlimit_count; i++) {
    const struct rlimit_step *step = &plan->rlimits[i];
    struct rlimit limit = {.rlim_cur = step->soft, .rlim_max = step->hard};
    if (setrlimit(step->resource, &limit) < 0) fail(setup, STAGE_RLIMIT, "");
  }
  if (!plan->switch_user) return;
  if (setgroups(plan->group_count, plan->groups) < 0) fail(setup, STAGE_GROUPS, "");
  if (setresgid(plan->gid, plan->gid, plan->gid) < 0) fail(setup, STAGE_USER, "group");
  if (setresuid(plan->uid, plan->uid, plan->uid) < 0) fail(setup, STAGE_USER, "user");
}

/* Signal dispositions and the mask survive exec; a task starts with the defaults. */
static void reset_signals(void) {
  struct sigaction by_default = {.sa_handler = SIG_DFL};
  for (int number = 1; number < NSIG; number++) sigaction(number, &by_default, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run_task(const struct plan *plan, const struct init_pipes *pipes) {
  setsid();
  /* stdin stays /dev/null, as the launcher opened it. */
  dup2(pipes->stdout_end, STDOUT_FILENO);
  dup2(pipes->stderr_end, STDERR_FILENO);
  umask(022);
  /* As root still: directories above the sandbox need not be open to the task's user. */
  if (chdir(plan->cwd) < 0) fail(pipes->setup, STAGE_CHDIR, plan->cwd);
  become_user(plan, pipes->setup);
  char byte;
  if (read(pipes->go, &byte, 1) != 1) _exit(1);
  reset_signals();
  /* Everything is opened close-on-exec; this is the second lock on the door. */
  syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
  environ = plan->envp;
  const char *program = plan->program != NULL ? plan->program : plan->argv[0];
  execvp(program, plan->argv);
  fail(pipes->setup, STAGE_EXEC, program);
}

/* Reaps everything; returns whether the task was among it. */
static bool reap(pid_t task, struct report *report) {
  bool ended = false;
  for (;;) {
    int status;
    struct rusage usage;
    pid_t pid = wait4(-1, &status, WNOHANG, &usage);
    if (pid <= 0) return ended;
    if (pid != task) continue;
    *report = (struct report){.wait_status = status, .finished_ms = wall_clock_ms(), .usage = usage};
    ended = true;
  }
}

static _Noreturn void serve_task(pid_t task, int signals, int report_pipe) {
  struct report report = {0};
  for (;;) {
    if (reap(task, &report)) {
      write_all(report_pipe, &report, sizeof report);
      _exit(0);
    }
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) != sizeof info) continue;
    /* Only the agent is meant: seen from here, a sender outside the pid namespace has pid 0. */
    if (info.ssi_signo != SIGCHLD && info.ssi_code == SI_USER && info.ssi_pid == 0 && getpid() == 1)
      kill(-1, (int)info.ssi_signo);
  }
}

_Noreturn void init_run(const struct plan *plan, struct init_pipes *pipes) {
  int keep[] = {pipes->setup, pipes->report, pipes->go, pipes->map_ready, pipes->stdout_end, pipes->stderr_end};
  close_all_but(keep, sizeof keep / sizeof *keep);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  title_set("mesoctl-init", "");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (plan->clone_flags & CLONE_NEWUSER) await_user_map(pipes);
  prctl(PR_SET_DUMPABLE, 0);
  build_namespaces(plan, pipes->setup);
  sigset_t all;
  sigfillset(&all);
  int signals = signalfd(-1, &all, SFD_CLOEXEC);
  if (signals < 0) fail(pipes->setup, STAGE_FORK, "");
  pid_t task = fork();
  if (task < 0) fail(pipes->setup, STAGE_FORK, "");
  if (task == 0) run_task(plan, pipes);
  close(pipes->setup);
  close(pipes->go);
  close(pipes->stdout_end);
  close(pipes->stderr_end);
  serve_task(task, signals, pipes->report);
}
