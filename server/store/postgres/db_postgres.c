#include "store/postgres/db_postgres.h"

#include "base/clock.h"
#include "base/memory.h"
#include "store/postgres/postgres_answer.h"
#include "store/postgres/postgres_fault.h"
#include "store/postgres/postgres_link.h"
#include "store/postgres/postgres_pipe.h"
#include "store/postgres/postgres_schema.h"
#include "store/postgres/postgres_statement.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a transaction collects of one statement is sent earlier when it is this much: a message has a limit, and so has our memory. */
enum { ROWS_BYTES_MOST = 16 << 20 };

struct db_postgres {
	struct db db; /* first */
	struct postgres_link *link;
	struct postgres_pipe pipe;
	struct postgres_statements statements;
	bool in_transaction;
	int failure;                 /* of the transaction; DB_OK: none */
	struct postgres_rows **rows; /* those with something come first, in the order of their first row; the others wait for use */
	size_t n_rows, n_rows_used;
};

static struct db_postgres *of(struct db *db)
{
	return (struct db_postgres *)(void *)db;
}

/* --- the connection ---------------------------------------------------------------------------------------------------------------------- */

static void drop_connection(struct db_postgres *self)
{
	postgres_answers_forget(&self->pipe);
	postgres_pipe_drop(&self->pipe);
	postgres_statements_forget(&self->statements);
	postgres_link_lost(self->link, self->pipe.reason);
}

/* Keeps the first failure of a transaction. Returns it. */
static int fail(struct db_postgres *self, int rc)
{
	if (rc == DB_AWAY && self->pipe.conn)
		drop_connection(self);
	if (postgres_fault_forgets_statements(self->pipe.sqlstate))
		postgres_statements_forget(&self->statements);
	if (self->in_transaction && self->failure == DB_OK)
		self->failure = rc;
	return self->in_transaction ? self->failure : rc;
}

int db_postgres_connect(struct db *db)
{
	struct db_postgres *self = of(db);
	PGconn *conn;

	assert(!self->in_transaction);
	if (self->pipe.conn && !postgres_pipe_oldest(&self->pipe) && postgres_pipe_is_lost(&self->pipe))
		drop_connection(self);
	if (self->pipe.conn)
		return DB_OK;
	int rc = postgres_link_connect(self->link, &conn);
	if (rc == DB_OK) {
		self->pipe.answer_ms = postgres_link_options(self->link)->answer_ms;
		self->pipe.stop_fd = postgres_link_stop_fd(self->link);
		rc = postgres_pipe_open(&self->pipe, conn);
		if (rc != DB_OK)
			drop_connection(self);
	} else {
		struct db_postgres_status status;
		postgres_link_status(self->link, &status);
		snprintf(self->pipe.reason, sizeof self->pipe.reason, "%s", status.reason);
		self->pipe.sqlstate[0] = '\0';
	}
	return rc;
}

bool db_postgres_is_connected(struct db *db)
{
	return of(db)->pipe.conn != NULL;
}

void db_postgres_disconnect(struct db *db, const char *why)
{
	struct db_postgres *self = of(db);

	assert(!self->in_transaction);
	if (!self->pipe.conn)
		return;
	snprintf(self->pipe.reason, sizeof self->pipe.reason, "%s", why);
	drop_connection(self);
}

/* --- reading ----------------------------------------------------------------------------------------------------------------------------- */

static int answer_row(struct db_answer *answer)
{
	struct postgres_answer *a = postgres_answer_of(answer);
	struct db_postgres *self = of(answer->db);

	if (self->in_transaction && self->failure != DB_OK)
		return self->failure;
	if (a->failure != DB_OK)
		return a->failure;
	int rc = postgres_answer_next(a);
	if (rc == DB_ROW || !a->is_wanted)
		return rc;
	rc = postgres_answer_fetch(&self->pipe, a, self->in_transaction);
	return rc == DB_OK ? postgres_answer_next(a) : fail(self, rc);
}

static void answer_done(struct db_answer *answer)
{
	postgres_answer_let_go(postgres_answer_of(answer));
}

static enum db_kind answer_kind(struct db_answer *answer, int column)
{
	struct postgres_answer *a = postgres_answer_of(answer);
	return postgres_column_kind(a->result, a->row, column);
}

static int64_t answer_number(struct db_answer *answer, int column)
{
	struct postgres_answer *a = postgres_answer_of(answer);
	return postgres_column_number(a->result, a->row, column);
}

static struct text answer_bytes(struct db_answer *answer, int column)
{
	struct postgres_answer *a = postgres_answer_of(answer);
	return postgres_column_bytes(a->result, a->row, column);
}

/* --- asking and changing ----------------------------------------------------------------------------------------------------------------- */

static int execute(struct db_postgres *self, const struct db_statement *statement, const struct db_value *values, size_t n,
		   struct postgres_wanted wanted)
{
	struct postgres_statement *s = postgres_statements_get(&self->statements, statement, false);
	int rc = postgres_statement_prepare(&self->statements, s, &self->pipe);
	return rc == DB_OK ? postgres_statement_execute(s, &self->pipe, values, n, wanted) : rc;
}

static int begin(struct db *db, bool for_writing)
{
	static const struct db_statement begin_write = {.sql = "BEGIN ISOLATION LEVEL READ COMMITTED", .parameters = ""};
	static const struct db_statement begin_read = {.sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", .parameters = ""};
	struct db_postgres *self = of(db);

	assert(!self->in_transaction);
	if (!self->pipe.conn)
		return DB_AWAY;
	/* What was asked before is a transaction of its own: its results are kept for who asked. A server that is gone has often said so, and then
	 * nothing of this transaction was tried. */
	int rc = postgres_settle(&self->pipe);
	if (rc != DB_AWAY)
		rc = postgres_pipe_is_lost(&self->pipe) ? DB_AWAY : DB_OK;
	if (rc == DB_OK)
		rc = execute(self, for_writing ? &begin_write : &begin_read, NULL, 0,
			     (struct postgres_wanted){POSTGRES_WANTED_CHANGE, NULL});
	if (rc != DB_OK)
		return fail(self, rc);
	self->in_transaction = true;
	self->pipe.for_writing = for_writing;
	return DB_OK;
}

static struct db_answer *ask(struct db *db, const struct db_statement *statement, const struct db_value *values, size_t n)
{
	struct db_postgres *self = of(db);
	struct postgres_answer *a = postgres_answer_new(db, statement->many_rows);

	a->failure = !self->pipe.conn ? DB_AWAY : self->failure;
	/* The server passes over the rest of a group that failed, statements that were to be prepared with it too. */
	if (a->failure == DB_OK && self->pipe.group_failure != DB_OK && postgres_settle(&self->pipe) == DB_AWAY)
		a->failure = fail(self, DB_AWAY);
	if (a->failure == DB_OK) {
		a->group = self->pipe.n_groups;
		int rc = execute(self, statement, values, n, (struct postgres_wanted){POSTGRES_WANTED_ANSWER, a});
		a->is_wanted = rc == DB_OK;
		a->failure = rc == DB_OK ? DB_OK : fail(self, rc);
	}
	return &a->answer;
}

/* Where the rows of a statement are collected. */
static struct postgres_rows *rows_of(struct db_postgres *self, const struct db_statement *statement)
{
	struct postgres_statement *s = postgres_statements_get(&self->statements, statement, true);
	size_t at = 0;

	while (at < self->n_rows && self->rows[at]->s != s)
		at++;
	if (at == self->n_rows) {
		self->rows = mem_realloc(self->rows, (self->n_rows + 1) * sizeof(struct postgres_rows *));
		self->rows[at] = mem_new(struct postgres_rows);
		self->rows[at]->s = s;
		self->n_rows++;
	}
	struct postgres_rows *rows = self->rows[at];
	if (at >= self->n_rows_used) {
		self->rows[at] = self->rows[self->n_rows_used];
		self->rows[self->n_rows_used++] = rows;
	}
	return rows;
}

static int send_rows(struct db_postgres *self, struct postgres_rows *rows)
{
	int rc = postgres_statement_prepare(&self->statements, rows->s, &self->pipe);
	return rc == DB_OK ? postgres_rows_execute(rows, &self->pipe) : rc;
}

static int send(struct db *db, const struct db_statement *statement, const struct db_value *values, size_t n)
{
	struct db_postgres *self = of(db);
	int rc = DB_OK;

	assert(self->in_transaction);
	if (self->failure != DB_OK)
		return self->failure;
	if (statement->postgres_rows) {
		struct postgres_rows *rows = rows_of(self, statement);
		postgres_rows_add(rows, values, n);
		if (rows->n_bytes >= ROWS_BYTES_MOST)
			rc = send_rows(self, rows);
	} else {
		rc = execute(self, statement, values, n, (struct postgres_wanted){POSTGRES_WANTED_CHANGE, NULL});
	}
	return rc == DB_OK ? DB_OK : fail(self, rc);
}

static int claim(struct db *db, struct db_answer *found, const struct db_statement *insert, const struct db_value *values, size_t n)
{
	int rc = answer_row(found);
	return rc == DB_DONE ? send(db, insert, values, n) : rc;
}

static void forget_rows(struct db_postgres *self)
{
	for (size_t i = 0; i < self->n_rows_used; i++)
		postgres_rows_clear(self->rows[i]);
	self->n_rows_used = 0;
}

static void end_transaction(struct db_postgres *self)
{
	forget_rows(self);
	self->in_transaction = false;
	self->failure = DB_OK;
	self->pipe.for_writing = false;
	self->pipe.answer_ms = postgres_link_options(self->link)->answer_ms;
}

static int commit(struct db *db)
{
	static const struct db_statement commit_it = {.sql = "COMMIT", .parameters = ""};
	struct db_postgres *self = of(db);
	bool is_committed = false;
	int rc = self->failure;

	assert(self->in_transaction);
	if (rc != DB_OK)
		return rc;
	for (size_t i = 0; rc == DB_OK && i < self->n_rows_used; i++)
		if (self->rows[i]->n_rows > 0)
			rc = send_rows(self, self->rows[i]);
	if (rc == DB_OK)
		rc = execute(self, &commit_it, NULL, 0, (struct postgres_wanted){POSTGRES_WANTED_COMMIT, &is_committed});
	if (rc == DB_OK)
		rc = postgres_settle(&self->pipe);
	if (!is_committed)
		return fail(self, rc == DB_OK ? DB_FAILED : rc);
	end_transaction(self);
	if (rc == DB_AWAY) /* what came after the commit's answer changes nothing */
		drop_connection(self);
	return DB_OK;
}

static int rollback(struct db *db)
{
	struct db_postgres *self = of(db);

	/* A COMMIT that failed has ended the transaction. */
	bool is_over = !self->in_transaction || !self->pipe.conn ||
		       (!postgres_pipe_oldest(&self->pipe) && PQtransactionStatus(self->pipe.conn) == PQTRANS_IDLE);
	if (!is_over) {
		int rc = postgres_pipe_end_group(&self->pipe);
		if (rc == DB_OK)
			rc = postgres_pipe_command(&self->pipe, "ROLLBACK", (struct postgres_wanted){POSTGRES_WANTED_CHANGE, NULL});
		if (rc == DB_OK)
			rc = postgres_settle(&self->pipe);
		if (rc == DB_AWAY)
			drop_connection(self);
	}
	end_transaction(self);
	return self->pipe.conn ? DB_OK : DB_AWAY;
}

/* --- life -------------------------------------------------------------------------------------------------------------------------------- */

static const char *reason(struct db *db, char *out, size_t n)
{
	struct db_postgres *self = of(db);

	snprintf(out, n, self->pipe.sqlstate[0] ? "%s (%s)" : "%s", self->pipe.reason, self->pipe.sqlstate);
	return out;
}

static void close_db(struct db *db)
{
	struct db_postgres *self = of(db);

	if (self->pipe.conn)
		postgres_answers_forget(&self->pipe);
	postgres_pipe_finish(&self->pipe);
	for (size_t i = 0; i < self->n_rows; i++) {
		postgres_rows_finish(self->rows[i]);
		free(self->rows[i]);
	}
	free(self->rows);
	postgres_statements_finish(&self->statements);
	postgres_link_free(self->link);
	free(self);
}

struct db *db_postgres_new(const struct db_postgres_options *options)
{
	static const struct db_methods methods = {
		.begin = begin,
		.ask = ask,
		.row = answer_row,
		.done = answer_done,
		.send = send,
		.claim = claim,
		.commit = commit,
		.rollback = rollback,
		.column_kind = answer_kind,
		.column_number = answer_number,
		.column_bytes = answer_bytes,
		.reason = reason,
		.close = close_db,
	};
	struct db_postgres *self = mem_new(struct db_postgres);
	char missing[LIBPQ_REASON_BYTES];
	bool is_there = libpq_load(missing, sizeof missing);
	assert(is_there);

	self->db = (struct db){.methods = &methods, .looks_ahead = true};
	self->link = postgres_link_new(options);
	self->pipe.stop_fd = postgres_link_stop_fd(self->link);
	self->pipe.round_trips_total = options->metrics ? &options->metrics->store_round_trips_total : NULL;
	snprintf(self->pipe.reason, sizeof self->pipe.reason, "not connected yet");
	return &self->db;
}

void db_postgres_stop(struct db *db)
{
	postgres_link_stop(of(db)->link);
}

void db_postgres_status(struct db *db, struct db_postgres_status *out)
{
	postgres_link_status(of(db)->link, out);
}

void db_postgres_epoch(struct db *db, char out[STORE_EPOCH_BYTES + 1])
{
	char text[UID_TEXT_BYTES + 1];

	uid_format(postgres_link_epoch(of(db)->link), text);
	memcpy(out, text + UID_TEXT_BYTES - STORE_EPOCH_BYTES, STORE_EPOCH_BYTES + 1); /* the last group: all of it is random */
}

bool db_postgres_has_epoch(struct db *db, const struct uid *epoch)
{
	return uid_equal(postgres_link_epoch(of(db)->link), epoch);
}

uint64_t db_postgres_round_trips(struct db *db)
{
	return of(db)->pipe.n_round_trips;
}

/* A server that nobody waits for any more is to notice it. */
int db_postgres_take_long(struct db *db)
{
	static const struct db_statement set_times = {
		.sql = "SELECT set_config('statement_timeout', $1, true), set_config('client_connection_check_interval', '10s', true)",
		.parameters = "t"};
	struct db_postgres *self = of(db);
	const struct db_postgres_options *options = postgres_link_options(self->link);
	char ms[16];

	assert(self->in_transaction);
	struct text value = {.s = ms, .n = (size_t)snprintf(ms, sizeof ms, "%d", options->long_ms)};
	auto_answer *set = db_ask(db, &set_times, db_text(value));
	int rc = db_row(set);
	if (rc < 0)
		return rc;
	self->pipe.answer_ms = options->long_ms + options->answer_ms;
	return DB_OK;
}

int db_postgres_renew_epoch(struct db *db, const char *why)
{
	struct db_postgres *self = of(db);

	assert(!self->in_transaction);
	if (!self->pipe.conn)
		return DB_AWAY;
	int rc = postgres_settle(&self->pipe);
	if (rc != DB_AWAY && !PQexitPipelineMode(self->pipe.conn))
		rc = DB_AWAY;
	if (rc == DB_AWAY)
		return fail(self, rc);
	struct postgres_session session = {
		.conn = self->pipe.conn, .stop_fd = self->pipe.stop_fd, .deadline_ms = clock_mono_ms() + (uint64_t)self->pipe.answer_ms};
	self->pipe.sqlstate[0] = '\0';
	rc = postgres_schema_renew_epoch(&session, why, postgres_link_epoch(self->link), self->pipe.reason, sizeof self->pipe.reason);
	if (!PQenterPipelineMode(self->pipe.conn))
		rc = DB_AWAY;
	return rc == DB_OK ? DB_OK : fail(self, rc);
}
