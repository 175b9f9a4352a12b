/*
 * The stores of a test program on a PostgreSQL server of its own (postgres_server.h), which is made with the first one and goes with the program. Each store has
 * a database of its own.
 */
#ifndef PARLEY_TESTS_STORE_ON_POSTGRES_H
#define PARLEY_TESTS_STORE_ON_POSTGRES_H

#include "postgres_server.h"
#include "store/postgres/store_postgres.h"

/* Opens (or opens again) the store of this name: any text, of which the end counts. Where it is the path of a directory, the mark of what was written is there
 * (postgres_mark.h). */
struct store *store_on_postgres_open(struct loop *l, struct metrics *m, const char *name, size_t queue_max,
				     char fault[STORE_POSTGRES_FAULT_BYTES]);
/* The server, once a store was opened, and the name of the database. */
struct postgres_server *store_on_postgres_server(void);
const char *store_on_postgres_database(const char *name);
/* Changes what is stored without the store. */
void store_on_postgres_change(const char *name, const char *sql);

#endif
