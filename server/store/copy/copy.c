#include "store/copy/copy.h"

#include "base/memory.h"
#include "store/copy/copy_meta.h"
#include "store/copy/copy_side.h"
#include "store/copy/copy_verify.h"
#include "store/server_events.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_ROWS = 5000, BATCH_BYTES = 4 * 1024 * 1024 };

struct copy {
	struct copy_side source, target;
	const struct copy_watcher *watcher;
	struct copy_statements statements[COPY_TABLES_MAX]; /* of copy_tables; the connections know them by their address */
	char of[COPY_META_TEXT_BYTES];                      /* the source's epoch, as the mark of the target has it */
	struct uid epoch;
	bool is_begun; /* the target has its mark */
	bool is_moved; /* the source has its mark */
	char *fault;
};

static int fail(struct copy *c, const char *text)
{
	snprintf(c->fault, COPY_FAULT_BYTES, "%s", text);
	return -1;
}

static bool is_interrupted(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

/* --- may the two be copied? ----------------------------------------------------------------------------------------------------------------- */

static int check_tables(struct copy *c, struct copy_side *side)
{
	char what[COPY_WHAT_BYTES];

	for (const struct copy_table *t = copy_tables; t->name; t++) {
		int rc = copy_table_check(t, side->db, what, sizeof what);
		if (rc == DB_DONE) {
			snprintf(c->fault, COPY_FAULT_BYTES, "%s: %s", side->name, what);
			return -1;
		}
		if (rc != DB_OK)
			return copy_side_fail(side, c->fault);
	}
	return 0;
}

static int check_source(struct copy *c)
{
	char mark[COPY_META_TEXT_BYTES];
	int rc = copy_meta_epoch(c->source.db, &c->epoch);

	if (rc == DB_ROW)
		rc = copy_meta_text(c->source.db, COPY_META_UNFINISHED, mark);
	if (rc == DB_ROW) {
		snprintf(c->fault, COPY_FAULT_BYTES, "%s is an unfinished copy itself", c->source.name);
		return -1;
	}
	if (rc == DB_DONE)
		rc = copy_meta_text(c->source.db, COPY_META_MOVED, mark);
	if (rc != DB_ROW && rc != DB_DONE)
		return copy_side_fail(&c->source, c->fault);
	if (rc == DB_ROW && strcmp(mark, c->target.name) != 0) {
		snprintf(c->fault, COPY_FAULT_BYTES, "%s was moved to %s already", c->source.name, mark);
		return -1;
	}
	c->is_moved = rc == DB_ROW;
	uid_format(&c->epoch, c->of);
	return check_tables(c, &c->source);
}

/* The logs of the server are copied like any room. An empty database has them already, with nothing in them. They make way for the source's. */
static const struct db_statement log_made = {.sql = "SELECT 1 FROM room WHERE no = " SERVER_LOG_ROOM_NO_SQL
						    " AND NOT EXISTS (SELECT 1 FROM room WHERE no < " SERVER_EVENTS_ROOM_NO_SQL
						    " OR last_seq > 0)",
					     .parameters = ""};
static const struct db_statement log_gone = {.sql = "DELETE FROM room WHERE no >= " SERVER_EVENTS_ROOM_NO_SQL, .parameters = ""};

/* DB_ROW: it holds a row; *what names the table. */
static int holds_something(struct copy *c, const char **what)
{
	int rc = DB_DONE;

	for (size_t i = 0; rc == DB_DONE && copy_tables[i].name; i++) {
		auto_answer *row = db_ask_plain(c->target.db, &c->statements[i].last);
		rc = db_row(row);
		*what = copy_tables[i].name;
		if (rc == DB_ROW && strcmp(*what, "room") == 0) {
			auto_answer *only = db_ask_plain(c->target.db, &log_made);
			rc = db_row(only);
			rc = rc == DB_ROW ? DB_DONE : rc == DB_DONE ? DB_ROW : rc;
		}
	}
	return rc;
}

static int check_target(struct copy *c)
{
	char mark[COPY_META_TEXT_BYTES];
	const char *table = "";
	int rc = copy_meta_text(c->target.db, COPY_META_UNFINISHED, mark);

	c->is_begun = rc == DB_ROW && strcmp(mark, c->of) == 0;
	if (rc == DB_ROW && !c->is_begun) {
		snprintf(c->fault, COPY_FAULT_BYTES, "%s is an unfinished copy of another database: empty it, or go on with that one",
			 c->target.name);
		return -1;
	}
	if (rc == DB_DONE)
		rc = holds_something(c, &table);
	if (rc == DB_ROW && !c->is_begun) {
		snprintf(c->fault, COPY_FAULT_BYTES,
			 c->is_moved ? "%s is whole already: its table %s has what was copied"
				     : "%s is not empty: its table %s has rows; copy into an empty one",
			 c->target.name, table);
		return -1;
	}
	if (rc != DB_ROW && rc != DB_DONE)
		return copy_side_fail(&c->target, c->fault);
	return check_tables(c, &c->target);
}

/* From here on nothing but this copy goes on with the target. */
static int mark_begun(struct copy *c)
{
	if (c->is_begun)
		return 0;
	int rc = db_begin(c->target.db, true);
	if (rc == DB_OK)
		rc = copy_meta_put_text(c->target.db, COPY_META_UNFINISHED, c->of);
	if (rc == DB_OK)
		rc = c->target.db->methods->send(c->target.db, &log_gone, NULL, 0);
	if (rc == DB_OK)
		rc = copy_side_commit(&c->target);
	c->is_begun = rc == DB_OK;
	return rc == DB_OK ? 0 : copy_side_fail(&c->target, c->fault);
}

/* --- rows ----------------------------------------------------------------------------------------------------------------------------------- */

/* What was sent has to stay until the transaction ended, and the reader goes on. */
struct batch {
	char *rows[BATCH_ROWS];
	size_t n_rows, n_bytes;
};

static void keep(struct batch *b, struct db_value *values, size_t n)
{
	size_t n_bytes = 0;

	for (size_t i = 0; i < n; i++)
		n_bytes += values[i].kind == DB_TEXT || values[i].kind == DB_BYTES ? values[i].bytes.n : 0;
	char *at = b->rows[b->n_rows++] = mem_alloc(n_bytes + 1);
	b->n_bytes += n_bytes;
	for (size_t i = 0; i < n; i++) {
		if (values[i].kind != DB_TEXT && values[i].kind != DB_BYTES)
			continue;
		memcpy(at, values[i].bytes.s, values[i].bytes.n);
		values[i].bytes.s = at;
		at += values[i].bytes.n;
	}
}

static void forget(struct batch *b)
{
	for (size_t i = 0; i < b->n_rows; i++)
		free(b->rows[i]);
	b->n_rows = b->n_bytes = 0;
}

static int source_failed(struct copy *c, int rc, const char *what)
{
	if (rc != DB_DAMAGED || !what[0])
		return copy_side_fail(&c->source, c->fault);
	snprintf(c->fault, COPY_FAULT_BYTES, "%s is damaged: %s; nothing is left out: restore a backup, and copy that", c->source.name,
		 what);
	return -1;
}

/* Sends rows until the batch is full or there are no more: DB_ROW, DB_DONE; or -1 with the fault. */
static int fill(struct copy *c, struct copy_reader *r, struct batch *b)
{
	char what[COPY_WHAT_BYTES];
	struct db_value values[COPY_COLUMNS_MAX];
	size_t n = copy_table_n_columns(r->table);
	int rc = DB_ROW;

	while (b->n_rows < BATCH_ROWS && b->n_bytes < BATCH_BYTES && (rc = copy_reader_row(r, what)) == DB_ROW) {
		memcpy(values, r->values, n * sizeof values[0]);
		keep(b, values, n);
		if (c->target.db->methods->send(c->target.db, &r->statements->insert, values, n) != DB_OK)
			return copy_side_fail(&c->target, c->fault);
	}
	return rc == DB_ROW || rc == DB_DONE ? rc : source_failed(c, rc, what);
}

/* One transaction of the target: DB_ROW, DB_DONE; or -1. */
static int copy_batch(struct copy *c, struct copy_reader *r, uint64_t *n_rows)
{
	struct batch *b = mem_new(struct batch);
	int rc = db_begin(c->target.db, true) == DB_OK ? fill(c, r, b) : copy_side_fail(&c->target, c->fault);

	if (rc >= 0 && copy_side_commit(&c->target) != DB_OK)
		rc = copy_side_fail(&c->target, c->fault);
	if (rc < 0)
		(void)db_rollback(c->target.db);
	*n_rows += b->n_rows;
	forget(b);
	free(b);
	return rc;
}

static int copy_rows(struct copy *c, struct copy_reader *r)
{
	uint64_t n_rows = 0;
	int rc = DB_ROW;

	while (rc == DB_ROW) {
		if (is_interrupted())
			return fail(c, "interrupted: what is copied stays, and the same command goes on from there");
		rc = copy_batch(c, r, &n_rows);
		if (rc >= 0)
			c->watcher->progress(c->watcher->arg, "copied", r->table->name, n_rows, rc == DB_DONE);
	}
	return rc == DB_DONE ? 0 : -1;
}

static int copy_table(struct copy *c, size_t i)
{
	struct copy_reader r;

	copy_reader_begin(&r, c->source.db, &copy_tables[i], &c->statements[i]);
	int rc = copy_reader_skip(&r, c->target.db) == DB_OK ? copy_rows(c, &r) : copy_side_fail(&c->target, c->fault);
	copy_reader_finish(&r);
	return rc;
}

/* --- the end -------------------------------------------------------------------------------------------------------------------------------- */

static const struct db_statement sequences_set = {
	.sql = "SELECT setval('room_no', greatest(1, (SELECT coalesce(max(no), 0) FROM room WHERE no < " SERVER_EVENTS_ROOM_NO_SQL ")),"
	       " EXISTS (SELECT 1 FROM room WHERE no < " SERVER_EVENTS_ROOM_NO_SQL ")),"
	       " setval('account_no', greatest(1, (SELECT coalesce(max(no), 0) FROM account)), EXISTS (SELECT 1 FROM account)),"
	       " setval('subscription_no', greatest(1, (SELECT coalesce(max(no), 0) FROM subscription)), EXISTS (SELECT 1 FROM subscription))",
	.parameters = "",
};

static int set_rest(struct copy *c)
{
	char what[COPY_WHAT_BYTES];
	bool is_source = false;
	int rc = db_begin(c->target.db, true);

	if (rc == DB_OK)
		rc = copy_meta_move(c->source.db, c->target.db, &is_source, what, sizeof what);
	if (rc == DB_DONE) {
		(void)db_rollback(c->target.db);
		snprintf(c->fault, COPY_FAULT_BYTES, "%s: %s", c->source.name, what);
		return -1;
	}
	if (rc == DB_OK && c->target.is_postgres)
		rc = c->target.db->methods->send(c->target.db, &sequences_set, NULL, 0);
	if (rc == DB_OK) {
		is_source = false;
		rc = copy_side_commit(&c->target);
	}
	return rc == DB_OK ? 0 : copy_side_fail(is_source ? &c->source : &c->target, c->fault);
}

static int verify(struct copy *c)
{
	uint64_t n_differences = 0;
	int rc = db_begin(c->target.db, false) == DB_OK ? 0 : copy_side_fail(&c->target, c->fault);

	for (size_t i = 0; rc == 0 && copy_tables[i].name; i++)
		rc = copy_verify_table(&(struct copy_comparison){.table = &copy_tables[i],
								 .statements = &c->statements[i],
								 .source = &c->source,
								 .target = &c->target,
								 .watcher = c->watcher,
								 .n_differences = &n_differences,
								 .is_interrupted = is_interrupted},
				       c->fault);
	(void)db_rollback(c->target.db);
	if (rc == 0 && n_differences > 0) {
		snprintf(c->fault, COPY_FAULT_BYTES,
			 "%" PRIu64 " rows differ: something wrote to %s or %s since the copy was begun; empty the target and copy again",
			 n_differences, c->source.name, c->target.name);
		return -1;
	}
	return rc;
}

/* The source first: when the process ends between the two, neither starts, and the same command goes on. */
static int hand_over(struct copy *c)
{
	(void)db_rollback(c->source.db);
	if (copy_side_mark_moved(&c->source, c->target.name, c->fault) != 0)
		return -1;
	int rc = db_begin(c->target.db, true);
	if (rc == DB_OK)
		rc = copy_meta_remove(c->target.db, COPY_META_UNFINISHED);
	if (rc == DB_OK)
		rc = copy_side_commit(&c->target);
	return rc == DB_OK ? 0 : copy_side_fail(&c->target, c->fault);
}

static int run(struct copy *c)
{
	if (check_source(c) != 0 || check_target(c) != 0 || mark_begun(c) != 0)
		return -1;
	if (db_begin(c->source.db, false) != DB_OK)
		return copy_side_fail(&c->source, c->fault);
	for (size_t i = 0; copy_tables[i].name; i++)
		if (copy_table(c, i) != 0)
			return -1;
	return set_rest(c) == 0 && verify(c) == 0 ? hand_over(c) : -1;
}

int copy_run(const char *from, const char *to, const struct copy_watcher *watcher, char fault[COPY_FAULT_BYTES])
{
	bool is_known =
		(copy_side_is_sqlite(from) && copy_side_is_postgres(to)) || (copy_side_is_postgres(from) && copy_side_is_sqlite(to));
	if (!is_known) {
		snprintf(fault, COPY_FAULT_BYTES, "one of the two is sqlite:DIR, and the other postgresql://…");
		return -1;
	}
	struct copy *c = mem_new(struct copy);
	c->watcher = watcher;
	c->fault = fault;
	for (size_t i = 0; copy_tables[i].name; i++)
		copy_statements_make(&c->statements[i], &copy_tables[i]);
	int result = copy_side_open_source(&c->source, from, fault);
	if (result == 0)
		result = copy_side_open_target(&c->target, to, fault);
	if (result == 0)
		result = run(c);
	if (!c->is_begun && c->target.given)
		copy_side_undo(&c->target);
	copy_side_close(&c->target);
	copy_side_close(&c->source);
	free(c);
	return result;
}
