/*
 * The data directory: made when missing, and held by one process at a time. The lock is the kernel's and goes with the process.
 */
#ifndef PARLEY_STORE_DATA_DIR_H
#define PARLEY_STORE_DATA_DIR_H

#include <stddef.h>

enum { DATA_DIR_FAULT_BYTES = 400 };

struct data_dir {
	char *db_path, *wal_path; /* DIR/parley.db and the log beside it */
	char *reach_path;         /* DIR/parley.reach (log_reach.h) */
	char *path;
	int lock_fd; /* -1: not held */
};

/* 0, or -1 with a sentence in fault. Finish it in either case. */
int data_dir_open(struct data_dir *d, const char *path, char fault[DATA_DIR_FAULT_BYTES]);
void data_dir_finish(struct data_dir *d);
/* Brings the directory's names to disk. 0, or a negative errno. */
int data_dir_sync(const struct data_dir *d);

#endif
