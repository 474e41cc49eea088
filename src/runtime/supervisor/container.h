/* The supervisor of one container. */
#ifndef MESOCTL_CONTAINER_H
#define MESOCTL_CONTAINER_H

#include "plan.h"

/*
 * Runs the container of `plan` to its end. `control` is the launcher's SOCK_SEQPACKET: requests come as one type byte,
 * events go as type byte and payload. Never returns; the process ends when everything is cleaned up.
 */
_Noreturn void container_supervise(const struct plan *plan, int control);

#endif
