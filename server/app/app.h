/*
 * Makes and connects the parts of the server: log, store, chat, sockets. Owner: main.c. Loop thread only.
 */
#ifndef PARLEY_APP_APP_H
#define PARLEY_APP_APP_H

#include "app/config.h"

/* Runs until SIGTERM or SIGINT, and until the end that follows it is complete. Returns the exit status. When the server cannot start, the reason is on
 * standard error. */
int app_run(const struct config *config);

#endif
