/*
 * The tables that a copy between two databases moves: one description for reading, writing and comparing, on both sides.
 *
 * They are made at build time of what the migrations for PostgreSQL say (migration/embed.py), in the order in which those make them, which is that of copying: a room is
 * there before its events. `meta` is not among them: its rows differ by database (copy_meta.h). `writer` is about instances, not about what they store, and is not copied.
 */
#ifndef PARLEY_STORE_COPY_COPY_TABLE_H
#define PARLEY_STORE_COPY_COPY_TABLE_H

#include "store/db.h"

#include <stdbool.h>

enum { COPY_TABLES_MAX = 32, COPY_NAME_BYTES = 64, COPY_PAGE_ROWS = 1000, COPY_SQL_BYTES = 800 };
enum { COPY_COLUMNS_MAX = DB_PARAMETERS_MAX, COPY_KEYS_MAX = 6 };

struct copy_table {
	const char *name;
	const char *columns; /* between ", "; the key's come first */
	const char *kinds;   /* a letter for each column: n number, t text, b bytes; upper case: it may be NULL */
	size_t n_keys;
	const char *also; /* read behind the columns, and not written; NULL: nothing */
};

/* name NULL at the end. */
extern const struct copy_table copy_tables[];

size_t copy_table_n_columns(const struct copy_table *t);
void copy_table_column_name(const struct copy_table *t, size_t column, char out[COPY_NAME_BYTES]);
/* DB_OK: the table has these columns, in this database, and no other. Else a failure, or DB_DONE with a sentence in fault. Outside of a transaction. */
int copy_table_check(const struct copy_table *t, struct db *db, char *fault, size_t n);

/* What is asked of a table. The texts are its own, so it stays where it is while a connection is open that was asked with it. */
struct copy_statements {
	struct db_statement first, next, last, insert; /* a page from the start, or behind a key; the greatest key; a row more */
	char first_sql[COPY_SQL_BYTES], next_sql[COPY_SQL_BYTES], last_sql[COPY_SQL_BYTES], insert_sql[COPY_SQL_BYTES],
		rows_sql[COPY_SQL_BYTES];
	char keys[COPY_KEYS_MAX + 1], parameters[COPY_COLUMNS_MAX + 1];
};
void copy_statements_make(struct copy_statements *s, const struct copy_table *t);

#endif
