/*
 * Which store the server has: by --database, PostgreSQL; else the SQLite file in the data directory. The one place that knows of both.
 */
#ifndef PARLEY_APP_APP_STORE_H
#define PARLEY_APP_APP_STORE_H

#include "app/config.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "store/store.h"

struct app_store {
	struct store *store;  /* NULL: not open */
	struct data_dir *dir; /* with PostgreSQL: the directory of the operator's socket, locked; else NULL */
};

/* 0, or -1 with a sentence that says what to do; nothing that this made is left then. */
int app_store_open(struct app_store *s, struct loop *l, struct metrics *m, const struct config *config, char fault[CONFIG_FAULT_BYTES]);
/* The server will not serve after all: what this start made goes with it. Before the close. */
void app_store_undo(struct app_store *s);
/* Accepts one that is not open. */
void app_store_close(struct app_store *s);

#endif
