#include "store/sqlite/sqlite_check.h"

#include "base/log.h"
#include "base/memory.h"
#include "store/migrations.h"
#include "store/server_events.h"
#include "store/sqlite/log_reach.h"
#include "store/sqlite/sqlite_connection.h"
#include "store/sqlite/sqlite_fault.h"
#include "store/sqlite/sqlite_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Up to this size the whole file is read at the start (about 100 ms on a disk that is not cold); above it, the newest rooms. */
static const int64_t QUICK_CHECK_BYTES_MAX = (int64_t)64 << 20;
enum { HEADER_BYTES = 100 }; /* SQLite's file format, section 1.3 */

struct finding {
	bool sound;
	bool log_lost;  /* of a sound one */
	bool damaged;   /* so a backup is what helps */
	char what[200]; /* completes "DIR/parley.db …" */
	struct sqlite_found found;
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
	(void)stat(d->wal_path, &wal);
	/* Bytes 18 and 19: 2 is WAL, 1 is not. */
	bool wal_mode = header[18] == 2 && header[19] == 2;
	if (!wal_mode && wal.st_size > 0)
		return refuse(
			d,
			&(struct finding){
				.what = "seems to be a backup put beside another database's log (parley.db-wal); move that log away first"},
			fault);
	return wal_mode ? SQLITE_CHECK_SOUND : SQLITE_CHECK_BACKUP;
}

static bool check_tables(struct sqlite_connection *c, int version, int *rc)
{
	for (const struct sqlite_schema_table *t = sqlite_schema_tables; t->name; t++) {
		char sql[120];
		if (version < t->from_version || version > t->to_version)
			continue;
		snprintf(sql, sizeof sql, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '%s'", t->name);
		if (sqlite_connection_number(c, sql, rc) != 1)
			return false;
	}
	return true;
}

/* The newest event of each of the newest rooms is there and agrees with the room's row. */
static bool check_tops(struct sqlite_connection *c, int *rc)
{
	return sqlite_connection_number(c,
					"SELECT count(*) FROM (SELECT * FROM room WHERE no < " SERVER_EVENTS_ROOM_NO_SQL
					" ORDER BY no DESC LIMIT 1000) r"
					" LEFT JOIN event e ON e.pk = (r.no << 36 | r.last_seq)"
					" WHERE e.pk IS NULL OR e.n_messages <> r.n_messages"
					" OR EXISTS (SELECT 1 FROM event n WHERE n.pk = (r.no << 36 | (r.last_seq + 1)))",
					rc) == 0;
}

/* The quick one does not compare tables with their indexes. */
static bool check_pages(struct sqlite_connection *c, bool quick, struct finding *f, int *rc)
{
	sqlite3_stmt *st = NULL;
	bool sound = false;
	*rc = sqlite3_prepare_v2(c->db, quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)", -1, &st, NULL);
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
	bool no_room = sqlite_fault_of(rc, sqlite_connection_errno(c)) == SQLITE_FAULT_NO_ROOM;
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
	bool is_known = version >= 1 && version <= store_migrations_newest;
	if (*rc == SQLITE_OK && application != SQLITE_SCHEMA_APPLICATION_ID)
		snprintf(f->what, sizeof f->what, "is not a database of parleyd");
	else if (*rc == SQLITE_OK && !is_known)
		snprintf(f->what, sizeof f->what, "was made by a %s version of parleyd (its version is %lld, this one reads up to %d)",
			 version > store_migrations_newest ? "newer" : "different", (long long)version, store_migrations_newest);
	f->found.version = is_known ? (int)version : 0;
	return application == SQLITE_SCHEMA_APPLICATION_ID && is_known;
}

/* ---- the log: does it reach as far as it did? ---- */

/* As it was before the check looked into the database. */
struct log_state {
	struct log_reach_mark proof;
	bool proven;     /* there is a proof */
	bool has_header; /* of a log */
	bool short_of;   /* the log is not all that the proof tells of; that may yet be harmless */
};

/* How far SQLite reads the log. *set_aside: less far than it was copied into the file, so that its pages, which are older, would hide newer ones. */
static int measure_log(struct sqlite_connection *c, struct log_state *l, bool *set_aside)
{
	struct log_end now;
	int rc;
	(void)sqlite_connection_number(c, "PRAGMA schema_version", &rc); /* makes it read the log; it fails where that hides newer pages */
	rc = log_reach_end(c, &now);
	if (rc != SQLITE_OK)
		return rc;
	const struct log_end *then = &l->proof.end;
	bool same = memcmp(now.salt, then->salt, sizeof now.salt) == 0;
	l->short_of = l->proven && (same ? now.frames < then->frames : !l->has_header);
	*set_aside = l->proven && same && now.frames > 0 && now.frames < then->copied;
	return SQLITE_OK;
}

/*
 * Whether something that was acknowledged is missing. By the proof where there is one: it has how far the newest commit got. It may be older
 * than the log was (log_reach.h), so of a log that is gone it cannot tell when the file got further than the proof. Without a proof,
 * a file that was not closed has had a log.
 */
static int is_log_lost(struct sqlite_connection *c, const struct log_state *l, bool *lost)
{
	struct uid epoch;
	uint64_t n_events, n_quiet_commits;
	int rc = sqlite_schema_epoch_id(c, &epoch);
	if (rc == SQLITE_OK)
		rc = sqlite_schema_progress(c, &n_events, &n_quiet_commits);
	if (rc != SQLITE_OK)
		return rc;
	uint64_t progress = n_events + n_quiet_commits;
	bool log_is_gone = !l->has_header && sqlite_schema_is_open(c);
	if (l->proven && uid_equal(&epoch, &l->proof.epoch))
		*lost = progress < l->proof.progress || (log_is_gone && progress > l->proof.progress);
	else
		*lost = log_is_gone;
	return SQLITE_OK;
}

/* ---- the whole ---- */

/* Every room has as many events as it says. */
static bool check_counts(struct sqlite_connection *c, int *rc)
{
	return sqlite_connection_number(c,
					"SELECT count(*) FROM room r WHERE r.no < " SERVER_LOG_ROOM_NO_SQL " AND r.last_seq <>"
					" (SELECT count(*) FROM event WHERE pk > (r.no << 36) AND pk < ((r.no + 1) << 36))",
					rc) == 0;
}

static int read_copy_marks(struct sqlite_connection *c, struct sqlite_found *found)
{
	sqlite3_stmt *st = NULL;
	int rc;

	found->is_half_copied = sqlite_connection_number(c, "SELECT count(*) FROM meta WHERE key = 'copy_of'", &rc) > 0;
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(c->db, "SELECT value FROM meta WHERE key = 'moved_to'", -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		snprintf(found->moved_to, sizeof found->moved_to, "%s", (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void check_content(struct sqlite_connection *c, bool whole, bool in_doubt, struct finding *f)
{
	int rc;
	f->damaged = true;
	snprintf(f->what, sizeof f->what, "is damaged (tables are missing)");
	f->sound = check_tables(c, f->found.version, &rc) && (!whole || check_pages(c, !in_doubt, f, &rc));
	if (f->sound)
		rc = read_copy_marks(c, &f->found);
	bool is_whole = f->sound && rc == SQLITE_OK && !f->found.is_half_copied; /* half a copy has rooms whose events are to come */
	if (is_whole) {
		snprintf(f->what, sizeof f->what, "is damaged (the newest events of its rooms do not agree with the rooms)");
		f->sound = check_tops(c, &rc);
	}
	if (is_whole && f->sound && in_doubt) {
		snprintf(f->what, sizeof f->what, "is damaged (events of its rooms are missing)");
		f->sound = check_counts(c, &rc);
	}
	if (rc != SQLITE_OK) {
		f->sound = false;
		describe(c, rc, f);
	}
}

/* A log of which something is missing may have been copied into the file in part: then all is read, whatever its size. */
static void check_file_and_log(struct sqlite_connection *c, struct log_state *l, int64_t file_bytes, struct finding *f)
{
	int rc;
	if (!check_version(c, f, &rc)) {
		if (rc != SQLITE_OK)
			describe(c, rc, f);
		return;
	}
	rc = l ? is_log_lost(c, l, &f->log_lost) : SQLITE_OK;
	f->found.was_closed = l && !l->has_header && !sqlite_schema_is_open(c);
	bool in_doubt = l && (l->short_of || f->log_lost);
	if (rc != SQLITE_OK)
		describe(c, rc, f);
	else
		check_content(c, in_doubt || file_bytes <= QUICK_CHECK_BYTES_MAX, in_doubt, f);
}

/* Through a connection that cannot write. *set_aside: the log has to be, and nothing else was looked at. */
static void look(const struct data_dir *d, struct log_state *l, int64_t file_bytes, struct finding *f, bool *set_aside)
{
	struct sqlite_connection c;
	*f = (struct finding){0};
	*set_aside = false;
	int rc = sqlite_connection_open_bare(&c, d->db_path, SQLITE_OPEN_READONLY);
	if (c.db)
		(void)sqlite_connection_keep_log(&c, true);
	int measured = c.db && l ? measure_log(&c, l, set_aside) : SQLITE_OK; /* whatever opening said: the log may be its reason */
	if (rc == SQLITE_OK)
		rc = measured;
	if (!*set_aside && rc != SQLITE_OK)
		describe(&c, rc, f);
	else if (!*set_aside)
		check_file_and_log(&c, l, file_bytes, f);
	sqlite_connection_close(&c);
}

/* Under another name the log stays for a look, until the next one comes. */
static int rename_log(const struct data_dir *d, bool aside)
{
	size_t n = strlen(d->wal_path) + sizeof ".damaged";
	auto_free char *other = mem_alloc(n);
	snprintf(other, n, "%s.damaged", d->wal_path);
	if ((aside ? rename(d->wal_path, other) : rename(other, d->wal_path)) != 0)
		return -errno;
	return data_dir_sync(d);
}

enum sqlite_check sqlite_check_file(const struct data_dir *d, struct sqlite_found *found, char fault[DATA_DIR_FAULT_BYTES])
{
	int64_t file_bytes = 0;
	enum sqlite_check header = check_header(d, &file_bytes, fault); /* first: SQLite makes a log where there is none */
	if (header == SQLITE_CHECK_FRESH || header == SQLITE_CHECK_REFUSED)
		return header;
	struct log_state log = {.has_header = log_reach_has_header(d)};
	log.proven = log_reach_read(d, &log.proof);
	struct finding f;
	bool set_aside;
	look(d, header == SQLITE_CHECK_BACKUP ? NULL : &log, file_bytes, &f, &set_aside);
	*found = f.found;
	if (!set_aside)
		return !f.sound ? refuse(d, &f, fault) : f.log_lost ? SQLITE_CHECK_LOG_LOST : header;
	int failed = rename_log(d, true);
	if (failed != 0) {
		snprintf(fault, DATA_DIR_FAULT_BYTES, "%s is damaged and cannot be renamed: %s", d->wal_path, strerror(-failed));
		return SQLITE_CHECK_REFUSED;
	}
	log.has_header = false;
	look(d, &log, file_bytes, &f, &set_aside);
	*found = f.found;
	found->was_closed = false;
	if (!f.sound) {
		(void)rename_log(d, false);
		return refuse(d, &f, fault);
	}
	LOG_WARN("store.log_set_aside", LOG_S("path", d->wal_path),
		 LOG_S("what", "it was damaged where it had been copied into the database file; it is named …-wal.damaged now"));
	return f.log_lost ? SQLITE_CHECK_LOG_LOST : SQLITE_CHECK_SOUND;
}
