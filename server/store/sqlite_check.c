#include "store/sqlite_check.h"

#include "store/sqlite_connection.h"
#include "store/sqlite_fault.h"
#include "store/sqlite_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Up to this size the whole file is read at the start (about 100 ms on a disk that is not cold); above it, the newest rooms. */
static const int64_t QUICK_CHECK_BYTES_MAX = (int64_t)64 << 20;
enum { HEADER_BYTES = 100, LOG_HEADER_BYTES = 32 }; /* SQLite's file format, sections 1.3 and 4.1 */

struct finding {
	bool sound;
	bool damaged;   /* so a backup is what helps */
	char what[200]; /* completes "DIR/parley.db …" */
};

static enum sqlite_check refuse(const struct data_dir *d, const struct finding *f, char fault[DATA_DIR_FAULT_BYTES])
{
	snprintf(fault, DATA_DIR_FAULT_BYTES, "%s %s; the file was left untouched%s", d->db_path, f->what,
		 f->damaged ? ": restore a backup, or move it away to start afresh" : "");
	return SQLITE_CHECK_REFUSED;
}

/* Reads the header without SQLite: a file that is not ours should not even be locked. */
static enum sqlite_check check_header(const struct data_dir *d, int64_t *file_bytes, char fault[DATA_DIR_FAULT_BYTES])
{
	uint8_t header[HEADER_BYTES];
	int fd = open(d->db_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return SQLITE_CHECK_FRESH;
	struct stat st;
	ssize_t n = -1;
	if (fd >= 0 && fstat(fd, &st) == 0)
		n = pread(fd, header, sizeof header, 0);
	int failed = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		snprintf(fault, DATA_DIR_FAULT_BYTES, "%s cannot be read: %s", d->db_path, strerror(failed));
		return SQLITE_CHECK_REFUSED;
	}
	*file_bytes = st.st_size;
	if (n == 0)
		return SQLITE_CHECK_FRESH;
	if (n < HEADER_BYTES || memcmp(header, "SQLite format 3", 16) != 0)
		return refuse(d,
			      &(struct finding){.damaged = true, .what = "is damaged, or not a database of parleyd (its header is wrong)"},
			      fault);
	if (access(d->db_path, W_OK) != 0)
		return refuse(d, &(struct finding){.what = "may not be written by this user"}, fault);
	struct stat wal = {0};
	bool log_is_there = stat(d->wal_path, &wal) == 0 && wal.st_size >= LOG_HEADER_BYTES;
	/* Bytes 18 and 19: 2 is WAL, 1 is not. */
	bool wal_mode = header[18] == 2 && header[19] == 2;
	if (!wal_mode && wal.st_size > 0)
		return refuse(
			d,
			&(struct finding){
				.what = "seems to be a backup put beside another database's log (parley.db-wal); move that log away first"},
			fault);
	if (!wal_mode)
		return SQLITE_CHECK_BACKUP;
	return log_is_there ? SQLITE_CHECK_SOUND : SQLITE_CHECK_LOG_LOST; /* unless it was closed, which its content tells */
}

static bool check_tables(struct sqlite_connection *c, int *rc)
{
	for (size_t i = 0; sqlite_schema_tables[i]; i++) {
		char sql[120];
		snprintf(sql, sizeof sql, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '%s'",
			 sqlite_schema_tables[i]);
		if (sqlite_connection_number(c, sql, rc) != 1)
			return false;
	}
	return true;
}

/* The newest event of each of the newest rooms is there and agrees with the room's row. */
static bool check_tops(struct sqlite_connection *c, int *rc)
{
	return sqlite_connection_number(c,
					"SELECT count(*) FROM (SELECT * FROM room ORDER BY no DESC LIMIT 1000) r"
					" LEFT JOIN event e ON e.pk = (r.no << 36 | r.last_seq)"
					" WHERE e.pk IS NULL OR e.n_messages <> r.n_messages"
					" OR EXISTS (SELECT 1 FROM event n WHERE n.pk = (r.no << 36 | (r.last_seq + 1)))",
					rc) == 0;
}

static bool quick_check(struct sqlite_connection *c, struct finding *f, int *rc)
{
	sqlite3_stmt *st = NULL;
	bool sound = false;
	*rc = sqlite3_prepare_v2(c->db, "PRAGMA quick_check(1)", -1, &st, NULL);
	if (*rc == SQLITE_OK)
		*rc = sqlite3_step(st);
	if (*rc == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);
		sound = text && strcmp(text, "ok") == 0;
		snprintf(f->what, sizeof f->what, "is damaged (%.120s)", text ? text : "unknown");
		*rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return sound;
}

/* Only what SQLite calls damage is called so: a full disk or a lack of rights is no reason to reach for a backup. */
static void describe(struct sqlite_connection *c, int rc, struct finding *f)
{
	char reason[120];
	bool no_room = sqlite_fault_of(rc, c->db ? sqlite3_system_errno(c->db) : 0) == SQLITE_FAULT_NO_ROOM;
	f->damaged = (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
	snprintf(f->what, sizeof f->what, "%s (%s)",
		 f->damaged ? "is damaged"
		 : no_room  ? "cannot be opened because the disk is full"
			    : "cannot be read",
		 sqlite_connection_reason(c, reason, sizeof reason));
}

/* Whose it is, by the two numbers of its header. */
static bool check_version(struct sqlite_connection *c, struct finding *f, int *rc)
{
	int64_t application = sqlite_connection_number(c, "PRAGMA application_id", rc);
	int64_t version = *rc == SQLITE_OK ? sqlite_connection_number(c, "PRAGMA user_version", rc) : -1;
	if (*rc == SQLITE_OK && application != SQLITE_SCHEMA_APPLICATION_ID)
		snprintf(f->what, sizeof f->what, "is not a database of parleyd");
	else if (*rc == SQLITE_OK && version != SQLITE_SCHEMA_VERSION)
		snprintf(f->what, sizeof f->what, "was made by a %s version of parleyd (its version is %lld, this one reads %d)",
			 version > SQLITE_SCHEMA_VERSION ? "newer" : "different", (long long)version, SQLITE_SCHEMA_VERSION);
	return application == SQLITE_SCHEMA_APPLICATION_ID && version == SQLITE_SCHEMA_VERSION;
}

static void check_content(struct sqlite_connection *c, int64_t file_bytes, struct finding *f)
{
	int rc;
	if (check_version(c, f, &rc)) {
		f->damaged = true;
		snprintf(f->what, sizeof f->what, "is damaged (tables are missing)");
		f->sound = check_tables(c, &rc) && (file_bytes > QUICK_CHECK_BYTES_MAX || quick_check(c, f, &rc));
	}
	if (f->sound) {
		snprintf(f->what, sizeof f->what, "is damaged (the newest events of its rooms do not agree with the rooms)");
		f->sound = check_tops(c, &rc);
	}
	if (rc != SQLITE_OK) {
		f->sound = false;
		describe(c, rc, f);
	}
}

enum sqlite_check sqlite_check_file(const struct data_dir *d, char fault[DATA_DIR_FAULT_BYTES])
{
	int64_t file_bytes = 0;
	enum sqlite_check header = check_header(d, &file_bytes, fault); /* first: SQLite makes a log where there is none */
	if (header == SQLITE_CHECK_FRESH || header == SQLITE_CHECK_REFUSED)
		return header;
	struct sqlite_connection c;
	struct finding f = {0};
	int rc = sqlite_connection_open_bare(&c, d->db_path, SQLITE_OPEN_READONLY);
	if (rc == SQLITE_OK)
		rc = sqlite_connection_keep_log(&c, true);
	if (rc == SQLITE_OK)
		check_content(&c, file_bytes, &f);
	else
		describe(&c, rc, &f);
	if (f.sound && header == SQLITE_CHECK_LOG_LOST && !sqlite_schema_is_open(&c))
		header = SQLITE_CHECK_SOUND;
	sqlite_connection_close(&c);
	return f.sound ? header : refuse(d, &f, fault);
}
