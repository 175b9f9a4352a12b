/*
 * Making connections to a PostgreSQL server: one try at a time, with what is asked of the server, its settings, and the pause between tries.
 *
 * Owned by db_postgres. postgres_link_connect() and postgres_link_lost() are for its thread; the status and the stop are for any thread.
 * A password is never logged and never part of a reason: of an address only host, port, database and user are told.
 */
#ifndef PARLEY_STORE_POSTGRES_POSTGRES_LINK_H
#define PARLEY_STORE_POSTGRES_POSTGRES_LINK_H

#include "codec/uid.h"
#include "store/postgres/db_postgres.h"
#include "store/postgres/libpq.h"

enum {
	POSTGRES_LINK_PAUSE_FIRST_MS = 50,
	POSTGRES_LINK_PAUSE_MOST_MS = 1000, /* an outage is over for all within this time behind its end */
	POSTGRES_LINK_LASTS_MS = 1000,      /* a connection that lived so long counts as one: the next pause is a first one */
};

struct postgres_link;

/* Copies the options. */
struct postgres_link *postgres_link_new(const struct db_postgres_options *options);
void postgres_link_free(struct postgres_link *link); /* accepts NULL */

/* Waits until the next try is due, and tries: *out is ready, not yet in pipeline mode, and the caller's. See db_postgres_connect(). */
int postgres_link_connect(struct postgres_link *link, PGconn **out) warn_unused;
/* The connection that was made is lost. */
void postgres_link_lost(struct postgres_link *link, const char *reason);

void postgres_link_stop(struct postgres_link *link);
/* Readable after postgres_link_stop(). */
int postgres_link_stop_fd(const struct postgres_link *link);
void postgres_link_status(struct postgres_link *link, struct db_postgres_status *out);
/* Where nothing was given: the usual values. */
const struct db_postgres_options *postgres_link_options(const struct postgres_link *link);
/* Of the database that was connected to last. */
struct uid *postgres_link_epoch(struct postgres_link *link);

#endif
