/*
 * Plain questions on a connection that is not in pipeline mode: while it is made ready. Each waits at most until its deadline
 * (clock_mono_ms()), and ends at once when stop_fd becomes readable.
 */
#ifndef PARLEY_STORE_POSTGRES_POSTGRES_QUERY_H
#define PARLEY_STORE_POSTGRES_POSTGRES_QUERY_H

#include "store/db.h"
#include "store/postgres/libpq.h"

struct postgres_session {
	PGconn *conn;
	int stop_fd; /* -1: none */
	uint64_t deadline_ms;
};

/* One or several statements without parameters. The result of the last one, or of the first that failed; NULL: the connection is lost or the
 * deadline is over. The caller clears it. */
PGresult *postgres_query(const struct postgres_session *s, const char *sql);
/* One statement with texts ($1::bytea takes '\x…'). */
PGresult *postgres_query_with(const struct postgres_session *s, const char *sql, int n, const char *const *texts);
void postgres_result_clear_at(PGresult **result);
#define auto_result __attribute__((cleanup(postgres_result_clear_at))) PGresult
/* The reason why there is no good result, on one line. Returns what it means. */
int postgres_query_failure(const struct postgres_session *s, const PGresult *result, char *out, size_t n);

#endif
