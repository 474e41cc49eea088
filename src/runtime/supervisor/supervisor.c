/*
 * mesoctl-supervisor: starts containers and stays with each of them until it ends.
 *   mesoctl-supervisor --serve [--lock DIR]... [--join CGROUP]   the launcher, on descriptor 3 (serve.c)
 *   mesoctl-supervisor --probe [CGROUP]                          what this machine allows (probe.c)
 */
#include <stdio.h>
#include <string.h>

#include "probe.h"
#include "protocol.h"
#include "serve.h"
#include "title.h"

int main(int argc, char *argv[]) {
  title_open(argc, argv);
  if (argc >= 2 && strcmp(argv[1], "--serve") == 0) return serve(argv + 2);
  if (argc >= 2 && strcmp(argv[1], "--probe") == 0) return probe(argv[2]);
  fprintf(stderr, "mesoctl-supervisor, protocol %d: started by the mesoctl agent, not by hand\n", PROTOCOL_VERSION);
  return 2;
}
