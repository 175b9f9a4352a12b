/*
 * The rows of `meta` that go along with a copy, and the two marks that a copy leaves there.
 *
 * copy_of, in the target while the copy is not finished: the epoch of its source. No parleyd starts on it.
 * moved_to, in the source once all of it was found in the target: what the target is. A parleyd that starts on it refuses (store/sqlite/, store/postgres/).
 */
#ifndef PARLEY_STORE_COPY_COPY_META_H
#define PARLEY_STORE_COPY_COPY_META_H

#include "store/db.h"

#define COPY_META_UNFINISHED "copy_of"
#define COPY_META_MOVED "moved_to"

enum { COPY_META_TEXT_BYTES = 200 };

/* Copies what is no matter of one kind of database, within a transaction of each: DB_OK, a failure (*is_source says whose), or DB_DONE: a row that is not
 * known, with a sentence in fault. */
int copy_meta_move(struct db *from, struct db *to, bool *is_source, char *fault, size_t n);
/* DB_ROW: out has the text. DB_DONE: there is none. Or a failure. Outside of a transaction, or in one. */
int copy_meta_text(struct db *db, const char *key, char out[COPY_META_TEXT_BYTES]);
/* The epoch as it is stored: DB_ROW, DB_DONE, or a failure. */
int copy_meta_epoch(struct db *db, struct uid *out);
/* Within a transaction. */
int copy_meta_put_text(struct db *db, const char *key, const char *text);
int copy_meta_remove(struct db *db, const char *key);

#endif
