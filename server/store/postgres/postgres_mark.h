/*
 * The newest commit that the database acknowledged, remembered outside of the database: what tells a history that went back. A snapshot of the database's disk that is put
 * back, or a dump that is restored into the same tables, stands on the same ground as before (postgres_schema.h), and lacks the newest rows; the row of the writer
 * (table writer) is one of them. So a row that is missing, or holds a lower number than the mark, says that acknowledged commits are lost.
 *
 * The mark is in memory while the process runs, and in a file (DIR/parley.mark) for the next process: one block with a checksum, written with each commit and left to
 * the kernel to bring to disk. So a killed process leaves an exact one. After a power failure it is older, or damaged, and accuses nobody; neither does
 * one of another epoch or another database (a store that was copied keeps its epoch), or one that is old enough for its row to be cleared away (BATCH_WRITER_KEPT_MS). A file that cannot be written is logged once: then only a process that stayed up notices.
 *
 * The thread of the writer's connection, which is the loop's before the store is open.
 */
#ifndef PARLEY_STORE_POSTGRES_POSTGRES_MARK_H
#define PARLEY_STORE_POSTGRES_POSTGRES_MARK_H

#include "base/memory.h"
#include "codec/uid.h"
#include "store/db.h"
#include "store/store.h"

typedef char postgres_epoch[STORE_EPOCH_BYTES + 1];

struct postgres_mark {
	postgres_epoch epoch; /* that the commit belongs to; "": there is no mark */
	uint64_t ground;      /* a checksum of `meta.ground`, as of the database */
	struct uid writer;
	uint64_t batch_no;
	int64_t at_ms;        /* wall clock */
	uint64_t ground_here; /* of the newest connection */
	int fd;               /* of the file; -1: none */
};

/* Opens the file (NULL: there is none), and reads what an earlier process left. */
void postgres_mark_open(struct postgres_mark *m, const char *path);
void postgres_mark_close(struct postgres_mark *m);
/* A commit is acknowledged. */
void postgres_mark_put(struct postgres_mark *m, const postgres_epoch epoch, const struct uid *writer, uint64_t batch_no);
/* A new connection, outside of a transaction: whether the database, which has this epoch, lacks what the mark says. A db_result. */
int postgres_mark_is_missing(struct postgres_mark *m, struct db *db, const postgres_epoch epoch, bool *is) warn_unused;

#endif
