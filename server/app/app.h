/*
 * The whole server, wired up: log, store, chat, sockets. Owner: main.c. Loop thread only.
 */
#ifndef PARLEY_APP_APP_H
#define PARLEY_APP_APP_H

#include "app/config.h"

/* Runs until SIGTERM or SIGINT and everything that follows it. The process's exit status; a cause of not starting was printed to stderr. */
int app_run(const struct config *config);

#endif
