/*
 * What the operations of the store need of a database, and no more. Two drivers have it: store/sqlite/ and store/postgres/. The operations
 * (store/work/) are written once over it.
 *
 * A question is asked first and read later:
 *
 *     struct db_answer *found = db_ask(db, &member_get, db_number(user_no), db_number(room_no));
 *     …
 *     int rc = db_row(found);                 DB_ROW, DB_DONE, or why there is none
 *     role = db_column_number(found, 0);
 *
 * SQLite runs a question when its first row is wanted. PostgreSQL sends what was asked when the first row of anything is wanted, all of it at
 * once. A change (db_send) is awaited by nobody: SQLite makes it at once, PostgreSQL with the commit. So a batch of operations that first look and
 * then write takes two round trips.
 *
 * A `db` is one connection. It belongs to one thread at a time. One transaction is open at most. A statement that fails ends its
 * transaction: everything but db_rollback() returns the same failure from then on.
 *
 * Values: texts, bytes and arrays that are asked with have to live until db_done() of the answer; those that are sent with, until the transaction ended.
 */
#ifndef PARLEY_STORE_DB_H
#define PARLEY_STORE_DB_H

#include "codec/request_decode.h"
#include "codec/uid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a call says. Below 0: it failed, and the transaction is over. */
enum db_result {
	DB_OK = 0,
	DB_ROW = 1,
	DB_DONE = 2,
	DB_DAMAGED = -1,     /* what is stored there cannot be read, or is not what was written */
	DB_NO_ROOM = -2,     /* nothing more can be written now */
	DB_CONFLICT = -3,    /* a key is there already */
	DB_LOST_RACE = -4,   /* another writer was in the way (deadlock, serialisation, lock time-out): doing it again may succeed */
	DB_AWAY = -5,        /* the connection is lost; of a commit that was sent nobody knows whether it is done */
	DB_FAILED = -6,      /* anything else that is this statement's alone */
	DB_GROUND_LOST = -7, /* what is on disk is not known any more: the process ends */
};

/*
 * One statement, a constant in the file of the operation that uses it. Each connection prepares it when it is first used.
 *
 * sql: for both. Parameters are $1, $2, … in the order of `parameters`. Integers are 64 bits wide; a sum is cast (CAST(sum(x) AS BIGINT)).
 * postgres: in place of sql, where PostgreSQL needs another text. NULL: the same.
 * postgres_rows: for a db_send() that is made many times in a transaction: every parameter is the array of the values of all of them ($1::bigint[]
 *   …, unnest), and one execution before the commit makes all changes. NULL: one execution for each.
 * parameters: a letter for each: 'n' number (64-bit integer), 't' text (UTF-8), 'b' bytes, 'N' an array of numbers (bigint[]; for SQLite a JSON array, for json_each()).
 */
struct db_statement {
	const char *sql, *postgres, *postgres_rows;
	const char *parameters;
	bool many_rows; /* the answer may be larger than memory: its rows are read before anything else is asked, or not at all */
};

enum db_kind { DB_NULL, DB_NUMBER, DB_TEXT, DB_BYTES, DB_NUMBERS };

struct db_value {
	enum db_kind kind;
	union {
		int64_t number;
		struct text bytes;
		struct {
			const int64_t *numbers;
			size_t n_numbers;
		};
	};
};

static inline struct db_value db_number(uint64_t v)
{
	return (struct db_value){.kind = DB_NUMBER, .number = (int64_t)v};
}
static inline struct db_value db_signed(int64_t v)
{
	return (struct db_value){.kind = DB_NUMBER, .number = v};
}
/* 0 stands for nobody and nothing: NULL. */
static inline struct db_value db_known(uint64_t v)
{
	return (struct db_value){.kind = v != 0 ? DB_NUMBER : DB_NULL, .number = (int64_t)v};
}
/* t.s NULL: NULL. */
static inline struct db_value db_text(struct text t)
{
	return (struct db_value){.kind = t.s ? DB_TEXT : DB_NULL, .bytes = t};
}
static inline struct db_value db_bytes(const void *bytes, size_t n)
{
	return (struct db_value){.kind = DB_BYTES, .bytes = {.s = bytes, .n = n}};
}
static inline struct db_value db_uid(const struct uid *id)
{
	return db_bytes(id->b, sizeof id->b);
}
static inline struct db_value db_numbers(const int64_t *numbers, size_t n)
{
	return (struct db_value){.kind = DB_NUMBERS, .numbers = numbers, .n_numbers = n};
}

enum { DB_PARAMETERS_MAX = 16 };

struct db;
struct db_answer;

struct db_methods {
	int (*begin)(struct db *db, bool for_writing);
	struct db_answer *(*ask)(struct db *db, const struct db_statement *statement, const struct db_value *values, size_t n_values);
	int (*row)(struct db_answer *answer);
	void (*done)(struct db_answer *answer);
	int (*send)(struct db *db, const struct db_statement *statement, const struct db_value *values, size_t n_values);
	int (*claim)(struct db *db, struct db_answer *found, const struct db_statement *insert, const struct db_value *values,
		     size_t n_values);
	int (*commit)(struct db *db);
	int (*rollback)(struct db *db);
	enum db_kind (*column_kind)(struct db_answer *answer, int column);
	int64_t (*column_number)(struct db_answer *answer, int column);
	struct text (*column_bytes)(struct db_answer *answer, int column);
	const char *(*reason)(struct db *db, char *out, size_t n);
	void (*close)(struct db *db);
};

/* The head of every driver's own structure. */
struct db {
	const struct db_methods *methods;
	/* Questions are answered before the changes of the same batch are made: an operation that depends on a key that an earlier one of the batch
	 * changed has to wait for the next batch. False: each question sees every change before it. */
	bool looks_ahead;
	/* Nobody else writes to the database while it is open: what a transaction left in memory stays true after it. */
	bool is_only_writer;
};

/* The head of every driver's own answer. */
struct db_answer {
	struct db *db;
};

#define DB_VALUES(...) (const struct db_value[]){__VA_ARGS__}, sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)

/* Begins a transaction: DB_OK or a failure. Reads of several statements that have to be of one moment take one as well (for_writing false). */
static inline int db_begin(struct db *db, bool for_writing)
{
	return db->methods->begin(db, for_writing);
}
/* Never NULL. A failure shows in db_row(). Outside of a transaction the question is one of its own. Let go of the answer with db_done(); an answer that was let go of
 * without a db_row() may never have been asked. */
#define db_ask(db, statement, ...) ((db)->methods->ask((db), (statement), DB_VALUES(__VA_ARGS__)))
/* The same, of a statement without parameters. */
static inline struct db_answer *db_ask_plain(struct db *db, const struct db_statement *statement)
{
	return db->methods->ask(db, statement, NULL, 0);
}
/* DB_ROW: the next row's columns can be read, until the next call on this answer. DB_DONE: there is none any more. */
static inline int db_row(struct db_answer *answer)
{
	return answer->db->methods->row(answer);
}
static inline void db_done(struct db_answer *answer) /* accepts NULL */
{
	if (answer)
		answer->db->methods->done(answer);
}
static inline void db_done_at(struct db_answer **answer)
{
	db_done(*answer);
}
#define auto_answer __attribute__((cleanup(db_done_at))) struct db_answer
/* A change within a transaction: DB_OK, or a failure, which may show only later, in any call up to db_commit(). */
#define db_send(db, statement, ...) ((db)->methods->send((db), (statement), DB_VALUES(__VA_ARGS__)))
/* Inserts a row unless its key is there, which `found` asked for by the same key: DB_OK, it is inserted; DB_ROW, it is there, and `found` is on its row; DB_DONE, it is
 * there, and what `found` asks for is not; or a failure. SQLite inserts first (ON CONFLICT DO NOTHING) and asks only then; PostgreSQL has the answer already. */
#define db_claim(db, found, insert, ...) ((db)->methods->claim((db), (found), (insert), DB_VALUES(__VA_ARGS__)))
/* DB_OK: on disk. DB_AWAY: not known. Else nothing of it was done, and db_rollback() follows. */
static inline int db_commit(struct db *db)
{
	return db->methods->commit(db);
}
static inline int db_rollback(struct db *db)
{
	return db->methods->rollback(db);
}

/* Columns of the row, from 0. */
static inline enum db_kind db_column_kind(struct db_answer *answer, int column)
{
	return answer->db->methods->column_kind(answer, column);
}
static inline bool db_column_is_null(struct db_answer *answer, int column)
{
	return db_column_kind(answer, column) == DB_NULL;
}
/* Whether it is an integer. DB_NUMBER is all that a column of whole numbers says that is as it was written. */
static inline bool db_column_is_number(struct db_answer *answer, int column)
{
	return db_column_kind(answer, column) == DB_NUMBER;
}
static inline int64_t db_column_signed(struct db_answer *answer, int column)
{
	return answer->db->methods->column_number(answer, column); /* 0 for NULL and for what is no integer */
}
static inline uint64_t db_column_number(struct db_answer *answer, int column)
{
	return (uint64_t)db_column_signed(answer, column);
}
/* A text or bytes, good until the next call on the answer. s NULL: NULL, or no such thing. */
static inline struct text db_column_bytes(struct db_answer *answer, int column)
{
	return answer->db->methods->column_bytes(answer, column);
}
/* Zeroes it and returns false when the column does not hold 16 bytes. */
bool db_column_uid(struct db_answer *answer, int column, struct uid *out);
/* A copy that the caller frees; NULL for NULL. */
char *db_column_copy(struct db_answer *answer, int column);

/* A sentence about the last failure for the log, in out. */
static inline const char *db_reason(struct db *db, char *out, size_t n)
{
	return db->methods->reason(db, out, n);
}
static inline void db_close(struct db *db)
{
	db->methods->close(db);
}

#endif
