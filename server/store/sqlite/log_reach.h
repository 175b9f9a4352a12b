/*
 * Proves how far the log of commits reached, so that a log that was cut short or damaged is noticed at the next start. SQLite takes such a log
 * for whole: it reads up to the first frame whose checksum fails and forgets what is behind it.
 *
 * DIR/parley.reach holds two slots, written in turn, each with a checksum: the epoch, how far the newest acknowledged commit brought the database (the
 * number of its events, and of its commits without any: sqlite_schema_progress(); each commit adds to it), and where that commit ended in the log. A slot is written
 * after the commit is on disk and before anybody is told of it. So the slot survives a killed process whatever happens to the log. A thread
 * brings it to disk LOG_REACH_SYNC_MS later at most: only of so much can a power failure leave the proof behind, and only a disk that loses what
 * it had confirmed makes use of that. A proof that is older than the log, or of another epoch, or missing, accuses nobody.
 *
 * log_reach_put() is for any thread, one at a time by a lock of its own; opening and closing are the loop thread's.
 */
#ifndef PARLEY_STORE_SQLITE_LOG_REACH_H
#define PARLEY_STORE_SQLITE_LOG_REACH_H

#include "codec/uid.h"
#include "store/sqlite/data_dir.h"
#include "store/sqlite/sqlite_connection.h"

enum { LOG_REACH_SYNC_MS = 250 };

/* Where a log ends. Zeroed: there is none. */
struct log_end {
	uint32_t salt[2]; /* names the log's generation: it gets others each time it starts over */
	uint32_t frames;  /* up to the newest commit */
	uint32_t copied;  /* up to here the file has all of it, and nothing later: it is whole without the log. 0: not known to be */
};

struct log_reach_mark {
	struct uid epoch;
	uint64_t progress;
	struct log_end end;
};

/* What the file proves. False: nothing; there is none, or it is damaged. */
bool log_reach_read(const struct data_dir *d, struct log_reach_mark *out);
/* Where SQLite takes the log to end (`copied`: how far it copied, wholly or in part), by the index that this connection shares with others. Returns SQLite's code. */
int log_reach_end(struct sqlite_connection *c, struct log_end *out);
/* Whether the log begins with a header: without one all of it is lost. */
bool log_reach_has_header(const struct data_dir *d);

struct log_reach;

/* Makes the file where it is missing. NULL with errno when it cannot be written. */
struct log_reach *log_reach_open(const struct data_dir *d, const struct uid *epoch);
/* A commit that got so far is on disk; c is the connection that made it. Ends the process when the disk fails. */
void log_reach_put(struct log_reach *r, struct sqlite_connection *c, uint64_t progress);
/* Before the log is copied further into the file: from now on the file is not whole without it. SQLite copies of each page only the newest state,
 * and only where nobody reads an older one, so a copy in part is of no one moment. */
void log_reach_put_copying(struct log_reach *r);
/* All of the log that there was is copied; c is the connection that did. */
void log_reach_put_copied(struct log_reach *r, struct sqlite_connection *c);
/* All of the log is in the file, and the log is gone. */
void log_reach_put_closed(struct log_reach *r);
/* Brings the newest slot to disk. Accepts NULL. */
void log_reach_destroy(struct log_reach *r);

#endif
