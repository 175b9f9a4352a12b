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
	struct commit_queue *writes;          /* for what a read wants noted */
	struct damage *damage;
};

int read_sign_in(struct store_reader *r, struct store_sign_in *op);
int read_user_by_name(struct store_reader *r, struct store_user_by_name *op);
int read_room_find(struct store_reader *r, struct store_room_find *op);
int read_room_page(struct store_reader *r, struct store_room_page *op);
int read_member_page(struct store_reader *r, struct store_member_page *op);
int read_log_page(struct store_reader *r, struct store_log_page *op);
int read_backup(struct store_reader *r, struct store_backup *op);
int read_verify(struct store_reader *r, struct store_verify *op);

/* For a read that failed: -EBADMSG and noted when what is stored is damaged (SQLITE_CORRUPT also stands for a row that makes no sense); else as
 * sqlite_fault_of_read() says. */
int store_reader_failed(struct store_reader *r, int rc, const char *during);
/* Notes it. Returns -EBADMSG. */
int store_reader_met_damage(struct store_reader *r, const struct damage_place *place);

/* Does one operation of any kind of reading and returns its result: 0 or a negative errno. */
int store_reader_apply(struct store_reader *r, struct store_op *op);

#endif
