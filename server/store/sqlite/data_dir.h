/*
 * The data directory: made when missing, and held by one process at a time. The lock is the kernel's and goes with the process.
 */
#ifndef PARLEY_STORE_SQLITE_DATA_DIR_H
#define PARLEY_STORE_SQLITE_DATA_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { DATA_DIR_FAULT_BYTES = 400 };

/* What a path names. */
struct data_dir_file {
	dev_t device;
	ino_t number;
};

struct data_dir {
	char *db_path, *wal_path; /* DIR/parley.db and the log beside it */
	char *reach_path;         /* DIR/parley.reach (log_reach.h) */
	char *mark_path;          /* DIR/parley.mark, of a database elsewhere (store/postgres/) */
	char *path, *lock_path;
	char *made;  /* the outermost directory that was made for it; NULL: it was there */
	int lock_fd; /* -1: not held */
	struct data_dir_file db, wal, lock;
};

/* 0, or -1 with a sentence in fault. Finish it in either case. */
int data_dir_open(struct data_dir *d, const char *path, char fault[DATA_DIR_FAULT_BYTES]);
void data_dir_finish(struct data_dir *d);
/* Before the finish, with the database closed, when the server will not serve after all: removes what was made at the start where the directory itself was. One that
 * was there stays as it is, and so does everything that is not the store's. */
void data_dir_undo(struct data_dir *d);
/* Remembers which files the database, its log and the lock are, once all three are open. 0, or a negative errno. */
int data_dir_note_files(struct data_dir *d);
/* Whether their paths still name them: else what is written goes into files that nobody finds again. NULL, or the path that does not. About 3 µs;
 * any thread, after the note. */
const char *data_dir_missing(const struct data_dir *d);
/* Whether at least the database is where it was. */
bool data_dir_has_database(const struct data_dir *d);
/* Brings the directory's names to disk. 0, or a negative errno. */
int data_dir_sync(const struct data_dir *d);

#endif
