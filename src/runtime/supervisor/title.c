/* The process title, in the memory of the arguments: tasks should not read the paths of the agent in ps. */
#include "title.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static char *title;
static size_t room;

void title_open(int argc, char *argv[]) {
  if (argc == 0) return;
  title = argv[0];
  room = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) + 1 - title);
}

void title_set(const char *name, const char *detail) {
  prctl(PR_SET_NAME, name);
  if (title == NULL) return;
  memset(title, 0, room);
  snprintf(title, room, "%s%s%s", name, *detail ? " " : "", detail);
}
