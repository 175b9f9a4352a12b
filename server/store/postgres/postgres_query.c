#include "store/postgres/postgres_query.h"

#include "store/postgres/postgres_fault.h"
#include "store/postgres/postgres_pipe.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

static PGresult *last_result(const struct postgres_session *s)
{
	PGresult *last = NULL;

	for (;;) {
		while (PQisBusy(s->conn)) {
			short events = PQflush(s->conn) > 0 ? POLLIN | POLLOUT : POLLIN;
			if (postgres_pipe_wait_socket(PQsocket(s->conn), s->stop_fd, events, s->deadline_ms) != DB_OK) {
				PQclear(last);
				return NULL;
			}
			if (!PQconsumeInput(s->conn) && PQstatus(s->conn) == CONNECTION_BAD)
				break;
		}
		PGresult *next = PQgetResult(s->conn);
		if (!next)
			return last;
		if (last && PQresultStatus(last) == PGRES_FATAL_ERROR) {
			PQclear(next);
		} else {
			PQclear(last);
			last = next;
		}
		if (PQstatus(s->conn) == CONNECTION_BAD)
			return last;
	}
}

PGresult *postgres_query(const struct postgres_session *s, const char *sql)
{
	return PQsendQuery(s->conn, sql) ? last_result(s) : NULL;
}

PGresult *postgres_query_with(const struct postgres_session *s, const char *sql, int n, const char *const *texts)
{
	return PQsendQueryParams(s->conn, sql, n, NULL, texts, NULL, NULL, 0) ? last_result(s) : NULL;
}

void postgres_result_clear_at(PGresult **result)
{
	PQclear(*result);
}

int postgres_query_failure(const struct postgres_session *s, const PGresult *result, char *out, size_t n)
{
	const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *text = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	if (!text)
		text = PQerrorMessage(s->conn);
	postgres_one_line(*text ? text : "no answer within the time", out, n);
	return (int)postgres_fault_of(sqlstate, false);
}
