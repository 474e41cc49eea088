/* Tries what isolators need, one line "name errno" each; 0 is success. */
#ifndef MESOCTL_PROBE_H
#define MESOCTL_PROBE_H

int probe(const char *cgroup_parent);

#endif
