/*
 * What is asked of a PostgreSQL server before it is used, and the settings of a connection.
 */
#ifndef PARLEY_STORE_POSTGRES_POSTGRES_SERVER_H
#define PARLEY_STORE_POSTGRES_POSTGRES_SERVER_H

#include "store/postgres/db_postgres.h"
#include "store/postgres/postgres_query.h"

/* DB_OK; DB_AWAY: a standby, which may become the primary; DB_FAILED: refused. With a sentence in reason. */
int postgres_server_check(const struct postgres_session *s, const struct db_postgres_options *options, char *reason, size_t n);

#endif
