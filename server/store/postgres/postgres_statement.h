/*
 * Statements as a connection knows them: under which name each is prepared, and values in the binary form of the protocol.
 *
 * Numbers are int8, texts are text, bytes are bytea; a statement that takes many rows at once has arrays of them. Numbers are in network byte order
 * (PostgreSQL's documentation, "Frontend/Backend Protocol: Formats"; an array's form is that of its array_recv()).
 * Owned by db_postgres, used from its thread.
 */
#ifndef PARLEY_STORE_POSTGRES_POSTGRES_STATEMENT_H
#define PARLEY_STORE_POSTGRES_POSTGRES_STATEMENT_H

#include "codec/buf.h"
#include "store/db.h"
#include "store/postgres/postgres_pipe.h"

enum { POSTGRES_STATEMENT_NAME_BYTES = 24 };

/* One form of a statement. */
struct postgres_statement {
	const struct db_statement *statement; /* a constant: found by its address */
	bool takes_rows;                      /* postgres_rows, else postgres or sql */
	bool is_prepared;                     /* or on its way to be */
	char name[POSTGRES_STATEMENT_NAME_BYTES];
};

struct postgres_statements {
	struct postgres_statement **slots; /* a hash table, a power of two */
	size_t n, cap;
	uint64_t n_names; /* given since the beginning: no name is given twice */
};

void postgres_statements_finish(struct postgres_statements *all);
/* Nothing is prepared any more: a new connection, or the server forgot. */
void postgres_statements_forget(struct postgres_statements *all);
/* Never NULL; lives as long as `all`. */
struct postgres_statement *postgres_statements_get(struct postgres_statements *all, const struct db_statement *statement, bool takes_rows);
/* Sees to it that it is prepared when what is queued next is done. */
int postgres_statement_prepare(struct postgres_statements *all, struct postgres_statement *s, struct postgres_pipe *p);
/* Queues one execution with single values. */
int postgres_statement_execute(struct postgres_statement *s, struct postgres_pipe *p, const struct db_value *values, size_t n,
			       struct postgres_wanted wanted);

/* The rows of one statement that a transaction has collected. */
struct postgres_rows {
	struct postgres_statement *s;
	size_t n_rows, n_bytes;
	bool has_null[DB_PARAMETERS_MAX];
	struct buf columns[DB_PARAMETERS_MAX]; /* the elements, behind the room for the array's head */
};

void postgres_rows_add(struct postgres_rows *rows, const struct db_value *values, size_t n);
/* Queues their execution and empties them. */
int postgres_rows_execute(struct postgres_rows *rows, struct postgres_pipe *p);
void postgres_rows_clear(struct postgres_rows *rows);
void postgres_rows_finish(struct postgres_rows *rows);

/* The value of a result's column; row -1 and a column that is not there are NULL. */
enum db_kind postgres_column_kind(const PGresult *result, int row, int column);
int64_t postgres_column_number(const PGresult *result, int row, int column);
struct text postgres_column_bytes(const PGresult *result, int row, int column);

#endif
