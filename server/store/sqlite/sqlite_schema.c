#include "store/sqlite/sqlite_schema.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/memory.h"
#include "store/sqlite/sqlite_connection.h"
#include "store/work/skeleton.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const sqlite_schema_tables[] = {"meta", "user", "token", "room", "member", "event", "client_id", NULL};

/* What databases of the same version may lack, because they were made before it was thought of. Without room_public a page of rooms
 * walks past every private room of everybody. */
#define ADDED_LATER_SQL \
	"CREATE INDEX IF NOT EXISTS room_public ON room (name_key) WHERE kind = 0;" \
	"CREATE INDEX IF NOT EXISTS user_owner ON user (role) WHERE role = 1;" \
	"CREATE UNIQUE INDEX IF NOT EXISTS user_by_skeleton ON user (skeleton) WHERE kind <> 2;" \
	"CREATE UNIQUE INDEX IF NOT EXISTS room_by_skeleton ON room (skeleton) WHERE name_key IS NOT NULL;"

/* Event rows from before have no checksum, and stay without one (event_row.h). */
static const char add_checksums_sql[] = "ALTER TABLE event ADD COLUMN checksum INTEGER";

static const char add_private_keys_sql[] = "ALTER TABLE room ADD COLUMN private_key TEXT";

/* For a page of all rooms. */
#define ROOM_BY_ANY_KEY_SQL "CREATE INDEX IF NOT EXISTS room_by_any_key ON room (coalesce(name_key, private_key));"

/* Names of private rooms were unique among all once, which told everybody of them. An older version, gone back to for a while, makes such too. */
static const char move_private_keys_sql[] =
	ROOM_BY_ANY_KEY_SQL "UPDATE room SET private_key = name_key, name_key = NULL WHERE kind <> 0 AND name_key IS NOT NULL";

/* Guests of before who have no token are gone as well. */
static const char add_ended_sql[] =
	"BEGIN IMMEDIATE; ALTER TABLE member ADD COLUMN ended INTEGER;"
	"UPDATE member SET ended = 1 WHERE user_no IN"
	" (SELECT no FROM user u WHERE u.kind = 2 AND NOT EXISTS (SELECT 1 FROM token t WHERE t.user_no = u.no)); COMMIT";

/* Whatever deletes the last token of a guest. */
static const char watch_guests_sql[] =
	"CREATE INDEX IF NOT EXISTS member_ended ON member (ended) WHERE ended = 1;"
	"CREATE TRIGGER IF NOT EXISTS guest_ends AFTER DELETE ON token WHEN (SELECT kind FROM user WHERE no = old.user_no) = 2"
	" AND NOT EXISTS (SELECT 1 FROM token WHERE user_no = old.user_no)"
	" BEGIN UPDATE member SET ended = 1 WHERE user_no = old.user_no; END";

static const char add_skeletons_sql[] =
	"BEGIN IMMEDIATE; ALTER TABLE user ADD COLUMN skeleton TEXT; ALTER TABLE room ADD COLUMN skeleton TEXT;" ADDED_LATER_SQL "COMMIT";

/* Of names that look alike since before it was thought of, the first has the skeleton and the others stay without one. An older version, gone
 * back to for a while, leaves names without one too. */
static const char fill_skeletons_sql[] =
	"UPDATE OR IGNORE user SET skeleton = skeleton(name) WHERE skeleton IS NULL AND kind <> 2;"
	"UPDATE OR IGNORE room SET skeleton = skeleton(name) WHERE skeleton IS NULL AND name_key IS NOT NULL;"
	"UPDATE room SET skeleton = skeleton(name) WHERE skeleton IS NULL AND private_key IS NOT NULL";

/*
 * What comes next fits in: an edit, a deletion or a reaction is an event whose target_seq names the event it is about (a reply does so
 * already); a direct message is a room without a name; roles are numbers.
 *
 * user.name_key is unique among persons and bots; guests may share names, and have no skeleton (what a name looks like: skeleton.h).
 * room.name_key is a public room's name, unique; private_key is a private one's, which is no business of anybody outside it: not unique.
 * member.ended is 1 in the memberships of a guest without a token, whom nobody can be any more: they are to be ended (STORE_GUESTS_END).
 * event.n_messages counts the room's messages up to and including the event: what a member has not read is the difference of two such numbers.
 */
static const char schema_sql[] =
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;"
	"CREATE TABLE user (no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL, role INTEGER NOT NULL,"
	" name TEXT NOT NULL, name_key TEXT NOT NULL, password_hash TEXT, created_by_no INTEGER, created_ms INTEGER NOT NULL,"
	" skeleton TEXT) STRICT;"
	"CREATE UNIQUE INDEX user_by_name ON user (name_key) WHERE kind <> 2;"
	"CREATE TABLE token (hash BLOB PRIMARY KEY, user_no INTEGER NOT NULL, kind INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
	" used_day INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX token_by_user ON token (user_no);"
	"CREATE TABLE room (no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL, name TEXT, name_key TEXT UNIQUE,"
	" topic TEXT NOT NULL, last_seq INTEGER NOT NULL, n_messages INTEGER NOT NULL, n_members INTEGER NOT NULL,"
	" created_ms INTEGER NOT NULL, skeleton TEXT, private_key TEXT) STRICT;"
	"CREATE TABLE member (user_no INTEGER NOT NULL, room_no INTEGER NOT NULL, role INTEGER NOT NULL, read_seq INTEGER NOT NULL,"
	" read_messages INTEGER NOT NULL, joined_seq INTEGER NOT NULL, ended INTEGER, PRIMARY KEY (user_no, room_no)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX member_by_room ON member (room_no, user_no, role);"
	"CREATE TABLE event (pk INTEGER PRIMARY KEY, id BLOB NOT NULL, type INTEGER NOT NULL, author_no INTEGER, at_ms INTEGER NOT NULL,"
	" n_messages INTEGER NOT NULL, target_seq INTEGER, json TEXT NOT NULL, checksum INTEGER) STRICT;"
	"CREATE TABLE client_id (author_no INTEGER NOT NULL, client_id BLOB NOT NULL, event_pk INTEGER NOT NULL,"
	" PRIMARY KEY (author_no, client_id)) STRICT, WITHOUT ROWID;" ADDED_LATER_SQL;

static int put_epoch(struct sqlite_connection *c)
{
	struct uid epoch;
	id_random(epoch.b);
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(c->db,
				    "INSERT INTO meta (key, value) VALUES ('epoch', ?1), ('open', 0)"
				    " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
				    -1, &st, NULL);
	if (rc != SQLITE_OK)
		return rc;
	sqlite_statement_bind_uid(st, 1, &epoch);
	rc = sqlite_statement_run(st);
	sqlite3_finalize(st);
	return rc;
}

int sqlite_schema_epoch_id(struct sqlite_connection *c, struct uid *out)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(c->db, "SELECT value FROM meta WHERE key = 'epoch'", -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st) == SQLITE_ROW && sqlite_statement_uid(st, 0, out) ? SQLITE_OK : SQLITE_CORRUPT;
	sqlite3_finalize(st);
	return rc;
}

int sqlite_schema_epoch(struct sqlite_connection *c, char out[STORE_EPOCH_BYTES + 1])
{
	struct uid epoch;
	char text[UID_TEXT_BYTES + 1];
	int rc = sqlite_schema_epoch_id(c, &epoch);
	if (rc != SQLITE_OK)
		return rc;
	uid_format(&epoch, text);
	memcpy(out, text + UID_TEXT_BYTES - STORE_EPOCH_BYTES, STORE_EPOCH_BYTES + 1); /* the last group: all of it is random */
	return SQLITE_OK;
}

static int read_count(struct sqlite_connection *c, const char *sql, uint64_t *out)
{
	int rc;
	int64_t n = sqlite_connection_number(c, sql, &rc);

	*out = n > 0 ? (uint64_t)n : 0;
	return rc;
}

int sqlite_schema_progress(struct sqlite_connection *c, uint64_t *n_events, uint64_t *n_quiet_commits)
{
	int rc = read_count(c, "SELECT coalesce(sum(last_seq), 0) FROM room", n_events);

	*n_quiet_commits = 0;
	return rc == SQLITE_OK ? read_count(c, "SELECT coalesce((SELECT value FROM meta WHERE key = 'quiet_commits'), 0)", n_quiet_commits)
			       : rc;
}

static int write_schema(struct sqlite_connection *c)
{
	char settings[200];
	snprintf(settings, sizeof settings,
		 "PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8'; PRAGMA auto_vacuum = NONE; BEGIN IMMEDIATE;"
		 "PRAGMA application_id = %d; PRAGMA user_version = %d;",
		 SQLITE_SCHEMA_APPLICATION_ID, SQLITE_SCHEMA_VERSION);
	int rc = sqlite_connection_exec(c, settings);
	if (rc == SQLITE_OK)
		rc = sqlite_connection_exec(c, schema_sql);
	char rows[200], version[SKELETON_VERSION_BYTES];
	skeleton_version(version);
	snprintf(rows, sizeof rows, "INSERT INTO meta VALUES ('made_ms', %lld), ('pinged_ms', 0), ('skeletons', '%s');",
		 (long long)clock_wall_ms(), version);
	if (rc == SQLITE_OK)
		rc = sqlite_connection_exec(c, rows);
	if (rc == SQLITE_OK)
		rc = put_epoch(c);
	if (rc == SQLITE_OK)
		rc = sqlite_connection_exec(c, "COMMIT; PRAGMA journal_mode = WAL");
	return rc;
}

/* A database without its log, or a log without its database, must never be brought together with another one. */
static int lone_log(const struct data_dir *d, char fault[DATA_DIR_FAULT_BYTES])
{
	if (access(d->wal_path, F_OK) != 0)
		return 0;
	snprintf(fault, DATA_DIR_FAULT_BYTES,
		 "%s is missing but its log %s is there: put the database back, or move the log away to start afresh; nothing was touched",
		 d->db_path, d->wal_path);
	return -1;
}

int sqlite_schema_create(const struct data_dir *d, char fault[DATA_DIR_FAULT_BYTES])
{
	if (lone_log(d, fault) != 0)
		return -1;
	size_t n = strlen(d->db_path) + sizeof ".new";
	auto_free char *new_path = mem_alloc(n);
	snprintf(new_path, n, "%s.new", d->db_path);
	if (unlink(new_path) != 0 && errno != ENOENT) {
		snprintf(fault, DATA_DIR_FAULT_BYTES, "%s is in the way and cannot be removed: %s", new_path, strerror(errno));
		return -1;
	}
	struct sqlite_connection c = {0};
	/* For this user only; SQLite gives the log and the index the same rights. */
	int fd = open(new_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = fd < 0 ? SQLITE_CANTOPEN : sqlite_connection_open_bare(&c, new_path, SQLITE_OPEN_READWRITE);
	if (fd >= 0)
		close(fd);
	/* Nobody sees the file before it is renamed, so it needs no journal of its own. */
	if (rc == SQLITE_OK)
		rc = sqlite_connection_exec(&c, "PRAGMA journal_mode = OFF");
	if (rc == SQLITE_OK)
		rc = write_schema(&c);
	char reason[200];
	sqlite_connection_reason(&c, reason, sizeof reason);
	sqlite_connection_close(&c);
	if (rc != SQLITE_OK) {
		unlink(new_path);
		snprintf(fault, DATA_DIR_FAULT_BYTES, "%s cannot be made: %s; is the disk full, or the directory read-only?", d->db_path,
			 reason);
		return -1;
	}
	int failed = rename(new_path, d->db_path) != 0 ? -errno : data_dir_sync(d);
	if (failed != 0) {
		snprintf(fault, DATA_DIR_FAULT_BYTES, "%s cannot be brought to disk: %s", d->db_path, strerror(-failed));
		return -1;
	}
	return 0;
}

int sqlite_schema_begin_epoch(const struct data_dir *d, char fault[DATA_DIR_FAULT_BYTES])
{
	struct sqlite_connection c;
	int rc = sqlite_connection_open_bare(&c, d->db_path, SQLITE_OPEN_READWRITE);
	if (rc == SQLITE_OK)
		rc = put_epoch(&c);
	if (rc == SQLITE_OK)
		rc = sqlite_connection_exec(&c, "PRAGMA journal_mode = WAL");
	char reason[200];
	sqlite_connection_reason(&c, reason, sizeof reason);
	sqlite_connection_close(&c);
	if (rc == SQLITE_OK)
		return 0;
	snprintf(fault, DATA_DIR_FAULT_BYTES, "%s cannot be taken into use: %s", d->db_path, reason);
	return -1;
}

bool sqlite_schema_is_open(struct sqlite_connection *c)
{
	int rc;
	return sqlite_connection_number(c, "SELECT count(*) FROM meta WHERE key = 'open' AND value = 1", &rc) == 1;
}

int sqlite_schema_mark_open(struct sqlite_connection *c, bool is_open)
{
	if (sqlite_schema_is_open(c) == is_open)
		return SQLITE_OK;
	int rc = sqlite_connection_exec(c, is_open ? "INSERT OR REPLACE INTO meta VALUES ('open', 1)"
						   : "INSERT OR REPLACE INTO meta VALUES ('open', 0)");
	if (rc == SQLITE_OK && is_open)
		rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return rc;
}

/* Those of other tables say nothing beside ours. They are forgotten and the note is made in one transaction; whoever has none is given one at each start. */
static int forget_other_skeletons(struct sqlite_connection *c)
{
	char version[SKELETON_VERSION_BYTES], sql[400];
	int rc;

	skeleton_version(version);
	snprintf(sql, sizeof sql, "SELECT count(*) FROM meta WHERE key = 'skeletons' AND value = '%s'", version);
	if (sqlite_connection_number(c, sql, &rc) == 1 || rc != SQLITE_OK)
		return rc;
	snprintf(sql, sizeof sql,
		 "BEGIN IMMEDIATE; UPDATE user SET skeleton = NULL WHERE skeleton IS NOT NULL;"
		 "UPDATE room SET skeleton = NULL WHERE skeleton IS NOT NULL;"
		 "INSERT OR REPLACE INTO meta VALUES ('skeletons', '%s'); COMMIT",
		 version);
	return sqlite_connection_exec(c, sql);
}

int sqlite_schema_complete(struct sqlite_connection *c)
{
	static const struct {
		const char *count_sql, *add_sql, *then_sql; /* the column, what adds it, what is done whether or not it was there */
	} columns[] = {
		{"SELECT count(*) FROM pragma_table_info('room') WHERE name = 'skeleton'", add_skeletons_sql, ADDED_LATER_SQL},
		{"SELECT count(*) FROM pragma_table_info('event') WHERE name = 'checksum'", add_checksums_sql, ""},
		{"SELECT count(*) FROM pragma_table_info('room') WHERE name = 'private_key'", add_private_keys_sql, move_private_keys_sql},
		{"SELECT count(*) FROM pragma_table_info('member') WHERE name = 'ended'", add_ended_sql, watch_guests_sql},
	};
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < sizeof columns / sizeof columns[0]; i++) {
		bool has = sqlite_connection_number(c, columns[i].count_sql, &rc) == 1;
		if (rc == SQLITE_OK && !has)
			rc = sqlite_connection_exec(c, columns[i].add_sql);
		if (rc == SQLITE_OK)
			rc = sqlite_connection_exec(c, columns[i].then_sql);
	}
	if (rc == SQLITE_OK)
		rc = forget_other_skeletons(c);
	if (rc == SQLITE_OK)
		rc = sqlite_connection_exec(c, fill_skeletons_sql);
	return rc == SQLITE_OK ? sqlite_connection_exec(c, "INSERT OR IGNORE INTO meta VALUES ('quiet_commits', 0)") : rc;
}
