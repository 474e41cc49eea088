/* What ps shows for this process. */
#ifndef MESOCTL_TITLE_H
#define MESOCTL_TITLE_H

/* Once, with main's own arguments, which are overwritten from then on. */
void title_open(int argc, char *argv[]);
void title_set(const char *name, const char *detail);

#endif
