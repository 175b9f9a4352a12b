/*
 * A descriptor that can be read when a command that goes on should end: after SIGINT, SIGTERM or SIGHUP, which then do not end the process by themselves, or
 * when the reader of standard output has gone.
 */
#ifndef PARLEY_CLI_CLI_STOP_H
#define PARLEY_CLI_CLI_STOP_H

#include <stdbool.h>

/* Returns the descriptor, which the caller closes, or -1 with the fault told. From now on the signals only make it readable. */
int cli_stop_open(void);
bool cli_stop_asked(int stop_fd);

#endif
