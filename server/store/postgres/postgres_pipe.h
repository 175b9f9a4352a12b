/*
 * What is sent to a server ahead of its answers (libpq's pipeline mode), and the answers in the order in which they come.
 *
 * Nothing here waits without a deadline. What is queued goes to the socket as far as it has room; while the rest waits for room, what the server
 * has written is read, so that neither side waits for the other with full buffers.
 *
 * A group of commands ends with a Sync (pipe_end_group()), not with a mere flush: only after a Sync does the server count itself idle, and only
 * then idle_in_transaction_session_timeout ends the transaction of a process that stands still with rooms locked. A command that fails makes the
 * server pass over the rest of its group.
 *
 * Used from one thread at a time. Failures are enum db_result; DB_AWAY means that the connection has to be dropped.
 * Source: PostgreSQL's documentation, "libpq: Pipeline Mode" and "Frontend/Backend Protocol: Extended Query, Pipelining".
 */
#ifndef PARLEY_STORE_POSTGRES_POSTGRES_PIPE_H
#define PARLEY_STORE_POSTGRES_POSTGRES_PIPE_H

#include "store/db.h"
#include "store/postgres/libpq.h"

/* Who waits for a result. `what` is the caller's. */
struct postgres_wanted {
	enum postgres_wanted_kind {
		POSTGRES_WANTED_GROUP_END, /* the answer to the Sync */
		POSTGRES_WANTED_PREPARED,  /* what: the statement */
		POSTGRES_WANTED_CHANGE,    /* no rows */
		POSTGRES_WANTED_COMMIT,    /* what: a bool that becomes true when it is done */
		POSTGRES_WANTED_ANSWER,    /* what: the answer, or NULL when nobody wants its rows any more */
	} kind;
	void *what;
};

enum { POSTGRES_REASON_BYTES = 240 };

struct postgres_pipe {
	PGconn *conn; /* in pipeline mode; NULL: there is none. Owned. */
	int stop_fd;  /* readable when waits have to end; -1: none */
	int answer_ms;
	struct postgres_wanted *wanted; /* a ring */
	size_t first_wanted, n_wanted, cap_wanted;
	size_t n_open;     /* commands since the last Sync */
	uint64_t n_groups; /* that were ended */
	bool has_sent;     /* a group, since the last wait */
	bool for_writing;  /* what a time-out means (postgres_fault.h) */
	int group_failure; /* of the group that is read now: 0 or a failure */
	uint64_t n_round_trips;
	_Atomic uint64_t *round_trips_total; /* counts them too; NULL: nothing does */
	char reason[POSTGRES_REASON_BYTES];  /* of the last failure */
	char sqlstate[6];                    /* "": none */
};

/* Takes a connection over, in pipeline mode and non-blocking. */
int postgres_pipe_open(struct postgres_pipe *p, PGconn *conn);
/* Whether the other side has closed it, as far as can be told without asking. For when nothing is wanted. */
bool postgres_pipe_is_lost(struct postgres_pipe *p);
/* Closes it without waiting, and forgets what was wanted. */
void postgres_pipe_drop(struct postgres_pipe *p);
void postgres_pipe_finish(struct postgres_pipe *p); /* accepts a zeroed one */

/* Each queues one command: DB_OK or DB_AWAY. Values are copied. */
int postgres_pipe_prepare(struct postgres_pipe *p, const char *name, const char *sql, int n, const Oid *types, void *what);
struct postgres_values {
	const char *const *values;
	const int *lengths, *formats;
	int n;
};
int postgres_pipe_execute(struct postgres_pipe *p, const char *name, const struct postgres_values *values, struct postgres_wanted wanted);
/* A text without parameters, not prepared. */
int postgres_pipe_command(struct postgres_pipe *p, const char *sql, struct postgres_wanted wanted);
/* Ends the group, if it holds anything. */
int postgres_pipe_end_group(struct postgres_pipe *p);

/* The oldest that is wanted; NULL: nothing is. */
struct postgres_wanted *postgres_pipe_oldest(struct postgres_pipe *p);
/* The n-th after the oldest. */
struct postgres_wanted *postgres_pipe_wanted(struct postgres_pipe *p, size_t n);
/*
 * The next result of the oldest, which the caller clears; NULL: it has no more, and is taken out of the queue. DB_OK; or DB_AWAY: the server was silent
 * for answer_ms, or the connection is lost.
 */
int postgres_pipe_result(struct postgres_pipe *p, PGresult **out);
/* The same for a caller that wants no rows: passes over all results of the oldest, and judges them. */
int postgres_pipe_pass(struct postgres_pipe *p);
/* Rows of the oldest come one at a time. To be called before its first result is taken. */
void postgres_pipe_rows_singly(struct postgres_pipe *p);
/* DB_OK when the result is good; else the failure, whose reason is kept. A result that the server passed over has its group's failure. */
int postgres_pipe_judge(struct postgres_pipe *p, const PGresult *result);

/* The text as one line for the log, cut to n bytes. */
void postgres_one_line(const char *text, char *out, size_t n);
/* Waits for the socket: DB_OK when it can be read (or written, if asked for), DB_AWAY at the deadline or when waits have to end. */
int postgres_pipe_wait_socket(int fd, int stop_fd, short events, uint64_t deadline_ms);

#endif
