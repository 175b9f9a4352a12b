/*
 * Rows of a table in the order of its key (copy_table.h), page by page: memory holds one row at a time, whatever the size of the table.
 *
 * A reader is embedded by its owner, and used in a transaction of its connection, by the thread that has it.
 */
#ifndef PARLEY_STORE_COPY_COPY_ROW_H
#define PARLEY_STORE_COPY_COPY_ROW_H

#include "codec/buf.h"
#include "store/copy/copy_table.h"

enum { COPY_FAULT_BYTES = 1000, COPY_WHAT_BYTES = 300, COPY_KEY_TEXT_BYTES = 160 };

/* The values of a key, with the bytes that they point into. */
struct copy_key {
	struct db_value values[COPY_KEYS_MAX];
	struct buf bytes[COPY_KEYS_MAX];
};

struct copy_reader {
	struct db *db;
	const struct copy_table *table;
	const struct copy_statements *statements;
	struct db_answer *page; /* NULL: the next one is to be asked for */
	size_t n_of_page;
	bool has_key; /* pages begin behind keys[at] */
	unsigned at;  /* the other one is free: a page's answer holds on to the key that it was asked with */
	struct copy_key keys[2];
	/* Of the row: */
	struct db_value values[COPY_COLUMNS_MAX];
};

void copy_reader_begin(struct copy_reader *r, struct db *db, const struct copy_table *table, const struct copy_statements *statements);
/* Begins behind the greatest key of another connection, outside of a transaction: DB_OK, or a failure of that one. */
int copy_reader_skip(struct copy_reader *r, struct db *other);
/* DB_ROW: values hold the next row, until the next call. DB_DONE: there is none. DB_DAMAGED: the row is not what its columns say, with a sentence in
 * fault, which is "" when the database itself says so. Or a failure. */
int copy_reader_row(struct copy_reader *r, char fault[COPY_WHAT_BYTES]);
void copy_reader_finish(struct copy_reader *r); /* accepts a zeroed one */

/* By the key, as the databases order them. */
int copy_row_order(const struct copy_reader *a, const struct copy_reader *b);
/* The first column in which two rows differ, or -1. */
int copy_row_difference(const struct copy_reader *a, const struct copy_reader *b);
/* "no 7", for people. */
const char *copy_row_key_text(const struct copy_reader *r, char out[COPY_KEY_TEXT_BYTES]);

#endif
