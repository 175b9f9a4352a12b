#include "store/sqlite/db_sqlite.h"

#include "base/memory.h"
#include "codec/buf.h"
#include "store/sqlite/disk_errno.h"
#include "store/sqlite/sqlite_fault.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct db_sqlite_statement {
	struct db_sqlite_statement *next; /* in the bucket */
	const struct db_statement *of;
	sqlite3_stmt *st;
	bool is_used;
	int places[DB_PARAMETERS_MAX]; /* SQLite's of $1, $2, … */
};

struct db_sqlite_answer {
	struct db_answer answer; /* first */
	struct db_sqlite_answer *next_free;
	const struct db_statement *of;
	struct db_sqlite_statement *statement; /* NULL: not run yet */
	int result;                            /* of the last step; 0: none yet */
	bool is_ahead;                         /* on its first row, which nobody has taken */
	size_t n_values;
	struct db_value values[DB_PARAMETERS_MAX];
};

static const struct db_statement begin_write = {.sql = "BEGIN IMMEDIATE", .parameters = ""};
static const struct db_statement begin_read = {.sql = "BEGIN", .parameters = ""};
static const struct db_statement commit_it = {.sql = "COMMIT", .parameters = ""};
static const struct db_statement rollback_it = {.sql = "ROLLBACK", .parameters = ""};

static struct db_sqlite_answer *answer_of(struct db_answer *answer)
{
	return (struct db_sqlite_answer *)answer;
}

static enum db_result result_of(int code, int system_errno)
{
	if (sqlite_fault_is_damage(code))
		return DB_DAMAGED;
	if ((code & 0xff) == SQLITE_CONSTRAINT)
		return DB_CONFLICT;
	switch (sqlite_fault_of(code, system_errno)) {
	case SQLITE_FAULT_NO_ROOM:
		return DB_NO_ROOM;
	case SQLITE_FAULT_GROUND_LOST:
		return DB_GROUND_LOST;
	case SQLITE_FAULT_OTHER:
		break;
	}
	return DB_FAILED;
}

/* Keeps what there is to say of it. A transaction that is open is over. */
static int fail(struct db_sqlite *d, int code)
{
	struct sqlite_connection *c = &d->connection;
	d->code = code;
	sqlite_connection_reason(c, d->reason, sizeof d->reason);
	int result = result_of(code, sqlite_connection_errno(c));
	if (d->in_transaction)
		d->failed = result;
	return result;
}

static size_t bucket_of(const struct db_statement *statement)
{
	return (size_t)(((uintptr_t)statement >> 4) * 0x9e3779b97f4a7c15u >> 32) & (DB_SQLITE_BUCKETS - 1);
}

/* To SQLite $1 is a name, and its number follows from where it stands in the text first. */
static void find_places(struct db_sqlite_statement *s)
{
	char name[8];
	size_t n = strlen(s->of->parameters);
	assert(n <= DB_PARAMETERS_MAX);
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof name, "$%zu", i + 1);
		s->places[i] = sqlite3_bind_parameter_index(s->st, name);
		assert(s->places[i] != 0);
	}
}

/* A statement that nobody uses, taken. NULL with *code: it cannot be prepared. */
static struct db_sqlite_statement *take(struct db_sqlite *d, const struct db_statement *of, int *code)
{
	struct db_sqlite_statement **bucket = &d->statements[bucket_of(of)];
	for (struct db_sqlite_statement *s = *bucket; s; s = s->next)
		if (s->of == of && !s->is_used) {
			s->is_used = true;
			return s;
		}
	sqlite3_stmt *st;
	*code = sqlite3_prepare_v3(d->connection.db, of->sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
	if (*code != SQLITE_OK)
		return NULL;
	struct db_sqlite_statement *s = mem_new(struct db_sqlite_statement);
	*s = (struct db_sqlite_statement){.next = *bucket, .of = of, .st = st, .is_used = true};
	find_places(s);
	*bucket = s;
	return s;
}

static void give_back(struct db_sqlite_statement *s)
{
	sqlite3_reset(s->st);
	s->is_used = false;
}

/* As JSON, for json_each(). */
static int bind_numbers(sqlite3_stmt *st, int at, const struct db_value *v)
{
	auto_buf json = BUF_INIT;
	buf_append_byte(&json, '[');
	for (size_t i = 0; i < v->n_numbers; i++)
		buf_appendf(&json, i == 0 ? "%lld" : ",%lld", (long long)v->numbers[i]);
	buf_append_byte(&json, ']');
	return sqlite3_bind_text64(st, at, (const char *)json.data, json.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void bind(const struct db_sqlite_statement *s, const struct db_value *values, size_t n_values)
{
	sqlite3_stmt *st = s->st;
	for (size_t i = 0; i < n_values; i++) {
		const struct db_value *v = &values[i];
		int at = s->places[i], rc = SQLITE_MISUSE;
		switch (v->kind) {
		case DB_NULL:
			rc = sqlite3_bind_null(st, at);
			break;
		case DB_NUMBER:
			rc = sqlite3_bind_int64(st, at, v->number);
			break;
		case DB_TEXT:
			rc = sqlite3_bind_text64(st, at, v->bytes.s, v->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
			break;
		case DB_BYTES:
			rc = sqlite3_bind_blob64(st, at, v->bytes.s, v->bytes.n, SQLITE_STATIC);
			break;
		case DB_NUMBERS:
			rc = bind_numbers(st, at, v);
			break;
		}
		assert(rc == SQLITE_OK);
	}
}

static int step(struct db_sqlite *d, sqlite3_stmt *st)
{
	int code = sqlite3_step(st);
	return code == SQLITE_ROW ? DB_ROW : code == SQLITE_DONE ? DB_DONE : fail(d, code);
}

/* Runs a statement that gives no rows: DB_OK, or why not. */
static int run(struct db_sqlite *d, const struct db_statement *statement, const struct db_value *values, size_t n_values)
{
	int code, result;
	struct db_sqlite_statement *s = take(d, statement, &code);
	if (!s)
		return fail(d, code);
	bind(s, values, n_values);
	do
		result = step(d, s->st);
	while (result == DB_ROW);
	give_back(s);
	return result == DB_DONE ? DB_OK : result;
}

static int begin(struct db *db, bool for_writing)
{
	struct db_sqlite *d = db_sqlite_of(db);
	assert(!d->in_transaction);
	disk_errno_forget();
	int result = run(d, for_writing ? &begin_write : &begin_read, NULL, 0);
	d->in_transaction = true;
	d->failed = result;
	return result;
}

/* The first step of a question, or the next. */
static int go_on(struct db_sqlite *d, struct db_sqlite_answer *a)
{
	if (d->failed != 0)
		return d->failed;
	if (!a->statement) {
		int code;
		a->statement = take(d, a->of, &code);
		if (!a->statement)
			return fail(d, code);
		bind(a->statement, a->values, a->n_values);
	}
	return step(d, a->statement->st);
}

static struct db_answer *ask(struct db *db, const struct db_statement *statement, const struct db_value *values, size_t n_values)
{
	struct db_sqlite *d = db_sqlite_of(db);
	assert(n_values == strlen(statement->parameters) && n_values <= DB_PARAMETERS_MAX);
	struct db_sqlite_answer *a = d->free_answers;
	if (a)
		d->free_answers = a->next_free;
	else
		a = mem_alloc(sizeof *a);
	a->answer.db = db;
	a->of = statement;
	a->statement = NULL;
	a->result = 0;
	a->is_ahead = false;
	a->n_values = n_values;
	if (n_values != 0)
		memcpy(a->values, values, n_values * sizeof values[0]);
	if (db->looks_ahead) {
		a->result = go_on(d, a);
		a->is_ahead = true;
	}
	return &a->answer;
}

static int row(struct db_answer *answer)
{
	struct db_sqlite_answer *a = answer_of(answer);
	if (!a->is_ahead && (a->result == 0 || a->result == DB_ROW))
		a->result = go_on(db_sqlite_of(answer->db), a);
	a->is_ahead = false;
	return a->result;
}

static void done(struct db_answer *answer)
{
	struct db_sqlite *d = db_sqlite_of(answer->db);
	struct db_sqlite_answer *a = answer_of(answer);
	if (a->statement)
		give_back(a->statement);
	a->next_free = d->free_answers;
	d->free_answers = a;
}

static int send(struct db *db, const struct db_statement *statement, const struct db_value *values, size_t n_values)
{
	struct db_sqlite *d = db_sqlite_of(db);
	assert(n_values == strlen(statement->parameters));
	return d->failed != 0 ? d->failed : run(d, statement, values, n_values);
}

static int claim(struct db *db, struct db_answer *found, const struct db_statement *insert, const struct db_value *values, size_t n_values)
{
	struct db_sqlite *d = db_sqlite_of(db);
	if (answer_of(found)->is_ahead && answer_of(found)->result == DB_ROW)
		return row(found);
	int result = send(db, insert, values, n_values);
	if (result != DB_OK || sqlite3_changes(d->connection.db) != 0)
		return result;
	return db->looks_ahead ? (d->failed = DB_CONFLICT) : row(found);
}

static int commit(struct db *db)
{
	struct db_sqlite *d = db_sqlite_of(db);
	int result = d->failed != 0 ? d->failed : run(d, &commit_it, NULL, 0);
	d->in_transaction = result != DB_OK;
	return result;
}

static int rollback(struct db *db)
{
	struct db_sqlite *d = db_sqlite_of(db);
	d->in_transaction = false;
	d->failed = 0;
	/* SQLite may have rolled back by itself. */
	return sqlite3_get_autocommit(d->connection.db) ? DB_OK : run(d, &rollback_it, NULL, 0);
}

/* One look-up for all that is asked of the column: sqlite3_column_type() and its like find the value anew each time. What SQLite calls an unprotected value is as good as
 * any other here: the connection has no mutex, and one thread at a time. */
static sqlite3_value *value_of(struct db_answer *answer, int column)
{
	return sqlite3_column_value(answer_of(answer)->statement->st, column);
}

static enum db_kind column_kind(struct db_answer *answer, int column)
{
	switch (sqlite3_value_type(value_of(answer, column))) {
	case SQLITE_INTEGER:
		return DB_NUMBER;
	case SQLITE_TEXT:
		return DB_TEXT;
	case SQLITE_NULL:
		return DB_NULL;
	default: /* a blob; a float, which no column of ours holds, is as little a number as one */
		return DB_BYTES;
	}
}

static int64_t column_number(struct db_answer *answer, int column)
{
	sqlite3_value *v = value_of(answer, column);
	return sqlite3_value_type(v) == SQLITE_INTEGER ? sqlite3_value_int64(v) : 0;
}

static struct text column_bytes(struct db_answer *answer, int column)
{
	sqlite3_value *v = value_of(answer, column);
	struct text t = {0};
	int type = sqlite3_value_type(v);
	if (type == SQLITE_TEXT)
		t.s = (const char *)sqlite3_value_text(v);
	else if (type == SQLITE_BLOB && !(t.s = sqlite3_value_blob(v)))
		t.s = ""; /* SQLite has no address for a blob without bytes */
	if (t.s)
		t.n = (size_t)sqlite3_value_bytes(v);
	return t;
}

/* A transaction that SQLite did not end is given up for what was read in it. */
static bool failed_by_sqlite(const struct db_sqlite *d)
{
	return !d->in_transaction || d->failed != 0;
}

static const char *last_reason(const struct db_sqlite *d)
{
	return failed_by_sqlite(d) ? d->reason : "a row that cannot be what was written";
}

static const char *reason(struct db *db, char *out, size_t n)
{
	const char *last = last_reason(db_sqlite_of(db));
	size_t length = strnlen(last, n - 1);
	memcpy(out, last, length);
	out[length] = '\0';
	return out;
}

static void close_db(struct db *db)
{
	struct db_sqlite *d = db_sqlite_of(db);
	for (size_t i = 0; i < DB_SQLITE_BUCKETS; i++)
		for (struct db_sqlite_statement *s = d->statements[i], *next; s; s = next) {
			next = s->next;
			sqlite3_finalize(s->st);
			free(s);
		}
	memset(d->statements, 0, sizeof d->statements);
	for (struct db_sqlite_answer *a = d->free_answers, *next; a; a = next) {
		next = a->next_free;
		free(a);
	}
	d->free_answers = NULL;
	sqlite_connection_close(&d->connection);
}

static const struct db_methods methods = {
	.begin = begin,
	.ask = ask,
	.row = row,
	.done = done,
	.send = send,
	.claim = claim,
	.commit = commit,
	.rollback = rollback,
	.column_kind = column_kind,
	.column_number = column_number,
	.column_bytes = column_bytes,
	.reason = reason,
	.close = close_db,
};

/* code: what opening it said. */
static int opened(struct db_sqlite *d, int code)
{
	if (code != SQLITE_OK)
		fail(d, code);
	return code;
}

int db_sqlite_open_reader(struct db_sqlite *d, const char *path)
{
	*d = (struct db_sqlite){.db.methods = &methods};
	return opened(d, sqlite_connection_open_reader(&d->connection, path));
}

int db_sqlite_open_writer(struct db_sqlite *d, const char *path)
{
	*d = (struct db_sqlite){.db = {.methods = &methods, .is_only_writer = true}};
	return opened(d, sqlite_connection_open_writer(&d->connection, path));
}

void db_sqlite_look_ahead(struct db_sqlite *d)
{
	d->db.looks_ahead = true;
}

void db_sqlite_exit(struct db_sqlite *d, const char *during)
{
	sqlite_fault_exit_reason(failed_by_sqlite(d) ? d->code : SQLITE_CORRUPT, last_reason(d), during);
}
