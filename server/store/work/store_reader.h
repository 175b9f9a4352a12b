/*
 * What a reader thread has at hand, and the reads: one function per kind, in read_NOUN.c. Each sets op.result and its outputs, and
 * holds no transaction open when it returns.
 */
#ifndef PARLEY_STORE_WORK_STORE_READER_H
#define PARLEY_STORE_WORK_STORE_READER_H

#include "store/db.h"
#include "store/sqlite/sqlite_connection.h"
#include "store/store.h"
#include "store/work/commit_queue.h"
#include "store/work/damage.h"

struct store_reader {
	struct db *db;
	struct sqlite_connection *connection; /* of the same file; for the reads that are not asked through db yet */
	struct store_driver *driver;
	struct commit_queue *writes; /* for what a read wants noted */
	struct damage *damage;
};

/* read_NOUN(): one for each operation that is a read. */
#define PROTOTYPE_WRITE(noun)
#define PROTOTYPE_READ(noun) int read_##noun(struct store_reader *r, struct store_##noun *op);
#define PROTOTYPE_SLOW_READ(noun) PROTOTYPE_READ(noun)
#define X(KIND, noun, how, owns, room) PROTOTYPE_##how(noun)
STORE_OP_TABLE(X)
#undef X
#undef PROTOTYPE_WRITE
#undef PROTOTYPE_READ
#undef PROTOTYPE_SLOW_READ

/* For a read that failed: -EBADMSG and noted when what is stored is damaged (SQLITE_CORRUPT also stands for a row that makes no sense); else as
 * sqlite_fault_of_read() says. */
int store_reader_failed(struct store_reader *r, int rc, const char *during);
/* Notes it. Returns -EBADMSG. */
int store_reader_met_damage(struct store_reader *r, const struct damage_place *place);

/* Does one operation of any kind of reading and returns its result: 0 or a negative errno. */
int store_reader_apply(struct store_reader *r, struct store_op *op);

#endif
