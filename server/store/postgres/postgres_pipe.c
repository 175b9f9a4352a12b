#include "store/postgres/postgres_pipe.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "store/postgres/postgres_fault.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void postgres_one_line(const char *text, char *out, size_t n)
{
	size_t used = 0;

	for (; *text && used + 1 < n; text++) {
		bool is_space = (unsigned char)*text <= ' ';
		if (!is_space || (used > 0 && out[used - 1] != ' '))
			out[used++] = is_space ? ' ' : *text;
	}
	while (used > 0 && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
}

static void keep_reason(struct postgres_pipe *p, const char *sqlstate, const char *text)
{
	snprintf(p->sqlstate, sizeof p->sqlstate, "%s", sqlstate ? sqlstate : "");
	postgres_one_line(text && *text ? text : "the connection was closed", p->reason, sizeof p->reason);
}

static int lost(struct postgres_pipe *p)
{
	keep_reason(p, NULL, PQerrorMessage(p->conn));
	return DB_AWAY;
}

int postgres_pipe_open(struct postgres_pipe *p, PGconn *conn)
{
	p->conn = conn;
	p->n_open = p->n_wanted = p->first_wanted = 0;
	p->has_sent = p->for_writing = false;
	p->group_failure = DB_OK;
	return PQsetnonblocking(conn, 1) == 0 && PQenterPipelineMode(conn) == 1 ? DB_OK : lost(p);
}

void postgres_pipe_drop(struct postgres_pipe *p)
{
	PQfinish(p->conn);
	p->conn = NULL;
	p->n_open = p->n_wanted = p->first_wanted = 0;
	p->has_sent = false;
}

void postgres_pipe_finish(struct postgres_pipe *p)
{
	postgres_pipe_drop(p);
	free(p->wanted);
	p->wanted = NULL;
	p->cap_wanted = 0;
}

/* --- sending ---------------------------------------------------------------------------------------------------------------------------- */

static void want(struct postgres_pipe *p, struct postgres_wanted wanted)
{
	if (p->n_wanted == p->cap_wanted) {
		size_t cap = p->cap_wanted ? 2 * p->cap_wanted : 64;
		struct postgres_wanted *ring = mem_alloc(cap * sizeof *ring);
		for (size_t i = 0; i < p->n_wanted; i++)
			ring[i] = p->wanted[(p->first_wanted + i) % p->cap_wanted];
		free(p->wanted);
		p->wanted = ring;
		p->first_wanted = 0;
		p->cap_wanted = cap;
	}
	p->wanted[(p->first_wanted + p->n_wanted) % p->cap_wanted] = wanted;
	p->n_wanted++;
}

static int queued(struct postgres_pipe *p, int is_sent, struct postgres_wanted wanted)
{
	if (!is_sent)
		return lost(p);
	want(p, wanted);
	p->n_open++;
	return DB_OK;
}

int postgres_pipe_prepare(struct postgres_pipe *p, const char *name, const char *sql, int n, const Oid *types, void *what)
{
	return queued(p, PQsendPrepare(p->conn, name, sql, n, types), (struct postgres_wanted){POSTGRES_WANTED_PREPARED, what});
}

int postgres_pipe_execute(struct postgres_pipe *p, const char *name, const struct postgres_values *values, struct postgres_wanted wanted)
{
	return queued(p, PQsendQueryPrepared(p->conn, name, values->n, values->values, values->lengths, values->formats, 1), wanted);
}

int postgres_pipe_command(struct postgres_pipe *p, const char *sql, struct postgres_wanted wanted)
{
	return queued(p, PQsendQueryParams(p->conn, sql, 0, NULL, NULL, NULL, NULL, 1), wanted);
}

int postgres_pipe_end_group(struct postgres_pipe *p)
{
	if (p->n_open == 0)
		return DB_OK;
	if (!PQpipelineSync(p->conn))
		return lost(p);
	want(p, (struct postgres_wanted){POSTGRES_WANTED_GROUP_END, NULL});
	p->n_open = 0;
	p->n_groups++;
	p->has_sent = true;
	return DB_OK;
}

/* --- reading ---------------------------------------------------------------------------------------------------------------------------- */

struct postgres_wanted *postgres_pipe_wanted(struct postgres_pipe *p, size_t n)
{
	return n < p->n_wanted ? &p->wanted[(p->first_wanted + n) % p->cap_wanted] : NULL;
}

struct postgres_wanted *postgres_pipe_oldest(struct postgres_pipe *p)
{
	return postgres_pipe_wanted(p, 0);
}

static void take_out(struct postgres_pipe *p)
{
	p->first_wanted = (p->first_wanted + 1) % p->cap_wanted;
	p->n_wanted--;
}

int postgres_pipe_wait_socket(int fd, int stop_fd, short events, uint64_t deadline_ms)
{
	struct pollfd polled[] = {{.fd = fd, .events = events}, {.fd = stop_fd, .events = POLLIN}};

	for (;;) {
		uint64_t now_ms = clock_mono_ms();
		int n = now_ms < deadline_ms ? poll(polled, 2, (int)(deadline_ms - now_ms)) : 0;
		if (n < 0 && errno == EINTR)
			continue;
		return n > 0 && polled[1].revents == 0 ? DB_OK : DB_AWAY;
	}
}

/* Sends what has no room in the socket yet, and reads, until PQgetResult() would not block. The deadline is for silence: large values may take longer. */
static int wait_result(struct postgres_pipe *p)
{
	while (PQisBusy(p->conn)) {
		int unsent = PQflush(p->conn);
		if (p->has_sent) {
			p->has_sent = false;
			p->n_round_trips++;
			if (p->round_trips_total)
				metric_add(p->round_trips_total, 1);
		}
		short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
		uint64_t deadline_ms = clock_mono_ms() + (uint64_t)p->answer_ms;
		int rc = postgres_pipe_wait_socket(PQsocket(p->conn), p->stop_fd, events, deadline_ms);
		if (rc != DB_OK) {
			keep_reason(p, NULL, clock_mono_ms() < deadline_ms ? "waiting was ended" : "no answer within the time");
			return rc;
		}
		/* Reads nothing, without blocking, when the socket could only be written. */
		if (!PQconsumeInput(p->conn) && PQstatus(p->conn) == CONNECTION_BAD && PQisBusy(p->conn))
			return lost(p);
	}
	return DB_OK;
}

int postgres_pipe_result(struct postgres_pipe *p, PGresult **out)
{
	*out = NULL;
	int rc = wait_result(p);
	if (rc != DB_OK)
		return rc;
	bool is_end = postgres_pipe_oldest(p)->kind == POSTGRES_WANTED_GROUP_END;
	PGresult *result = PQgetResult(p->conn);
	if (is_end) { /* its one result is not followed by NULL */
		bool is_good = result && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
		if (!is_good)
			postgres_pipe_judge(p, result);
		PQclear(result);
		p->group_failure = DB_OK;
		take_out(p);
		return is_good ? DB_OK : DB_AWAY;
	}
	if (!result) {
		if (PQstatus(p->conn) == CONNECTION_BAD)
			return lost(p);
		take_out(p);
	}
	*out = result;
	return DB_OK;
}

int postgres_pipe_judge(struct postgres_pipe *p, const PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_SINGLE_TUPLE:
		return DB_OK;
	case PGRES_PIPELINE_ABORTED:
		return p->group_failure != DB_OK ? p->group_failure : DB_FAILED;
	default:
		break;
	}
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	/* What the server says of a value is left out: it may be somebody's name. */
	keep_reason(p, sqlstate, text ? text : PQerrorMessage(p->conn));
	int rc = (int)postgres_fault_of(sqlstate, p->for_writing);
	if (p->group_failure == DB_OK)
		p->group_failure = rc;
	return rc;
}

int postgres_pipe_pass(struct postgres_pipe *p)
{
	struct postgres_wanted wanted = *postgres_pipe_oldest(p);
	int first = DB_OK;

	for (;;) {
		PGresult *result;
		int rc = postgres_pipe_result(p, &result);
		if (rc == DB_AWAY)
			return rc;
		if (wanted.kind == POSTGRES_WANTED_GROUP_END || !result)
			return first;
		rc = postgres_pipe_judge(p, result);
		if (rc == DB_OK && wanted.kind == POSTGRES_WANTED_COMMIT) {
			/* COMMIT of a transaction that failed is done as a ROLLBACK. */
			*(bool *)wanted.what = strcmp(PQcmdStatus(result), "COMMIT") == 0;
			rc = *(bool *)wanted.what ? DB_OK : DB_FAILED;
		}
		PQclear(result);
		if (first == DB_OK)
			first = rc;
		if (rc == DB_AWAY)
			return rc;
	}
}

bool postgres_pipe_is_lost(struct postgres_pipe *p)
{
	struct pollfd polled = {.fd = PQsocket(p->conn), .events = POLLIN};

	while (poll(&polled, 1, 0) > 0) /* its last words come first, then the end */
		if (!PQconsumeInput(p->conn) || PQisBusy(p->conn) || PQstatus(p->conn) != CONNECTION_OK) {
			lost(p);
			return true;
		}
	return false;
}

void postgres_pipe_rows_singly(struct postgres_pipe *p)
{
	PQsetSingleRowMode(p->conn);
}
