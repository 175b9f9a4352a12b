#include "store/sqlite/sqlite_schema.h"

#include "base/clock.h"
#include "base/memory.h"
#include "store/migrations.h"
#include "store/server_events.h"
#include "store/sqlite/sqlite_connection.h"
#include "store/sqlite/sqlite_migrate.h"
#include "store/work/skeleton.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct sqlite_schema_table sqlite_schema_tables[] = {
	{"meta", 1, INT_MAX},
	{"user", 1, 1},
	{"account", 2, INT_MAX},
	{"token", 1, INT_MAX},
	{"room", 1, INT_MAX},
	{"member", 1, INT_MAX},
	{"event", 1, INT_MAX},
	{"client_id", 1, INT_MAX},
	{"hook", 4, INT_MAX},
	{"subscription", 5, INT_MAX},
	{"subscription_room", 5, INT_MAX},
	{"subscription_event", 5, INT_MAX},
	{"webhook", 7, INT_MAX},
	{"webhook_log", 7, INT_MAX},
	{"message_change", 8, INT_MAX},
	{NULL, 0, 0},
};

/* Of names that look alike since before they had skeletons, the first has the skeleton and the others stay without one. */
static const char fill_skeletons_sql[] =
	"UPDATE OR IGNORE account SET skeleton = skeleton(name) WHERE skeleton IS NULL AND " ACCOUNT_IS_NAMED(
		"kind") ";"
			"UPDATE OR IGNORE room SET skeleton = skeleton(name) WHERE skeleton IS NULL AND name_key IS NOT NULL;"
			"UPDATE room SET skeleton = skeleton(name) WHERE skeleton IS NULL AND private_key IS NOT NULL";

static int put_epoch(struct sqlite_connection *c)
{
	struct uid epoch;
	uid_random(&epoch, 1);
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
	int rc = read_count(c, "SELECT coalesce(sum(last_seq), 0) FROM room WHERE no < " SERVER_EVENTS_ROOM_NO_SQL, n_events);

	*n_quiet_commits = 0;
	return rc == SQLITE_OK ? read_count(c, "SELECT coalesce((SELECT value FROM meta WHERE key = 'quiet_commits'), 0)", n_quiet_commits)
			       : rc;
}

int sqlite_schema_write(struct sqlite_connection *c)
{
	char settings[200];
	snprintf(
		settings, sizeof settings,
		"PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8'; PRAGMA auto_vacuum = NONE; BEGIN IMMEDIATE; PRAGMA application_id = %d",
		SQLITE_SCHEMA_APPLICATION_ID);
	int rc = sqlite_connection_exec(c, settings);
	for (int number = 1; rc == SQLITE_OK && number <= store_migrations_newest; number++)
		rc = sqlite_migrate_step(c, number);
	char rows[200], version[SKELETON_VERSION_BYTES];
	skeleton_version(version);
	snprintf(rows, sizeof rows,
		 "INSERT INTO meta VALUES ('made_ms', %lld), ('pinged_ms', 0), ('quiet_commits', 0), ('skeletons', '%s');",
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
		rc = sqlite_schema_write(&c);
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
		rc = sqlite_connection_exec(&c, "DELETE FROM meta WHERE key = 'moved_to'; PRAGMA journal_mode = WAL");
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
		 "BEGIN IMMEDIATE; UPDATE account SET skeleton = NULL WHERE skeleton IS NOT NULL;"
		 "UPDATE room SET skeleton = NULL WHERE skeleton IS NOT NULL;"
		 "INSERT OR REPLACE INTO meta VALUES ('skeletons', '%s'); COMMIT",
		 version);
	return sqlite_connection_exec(c, sql);
}

int sqlite_schema_complete(struct sqlite_connection *c)
{
	int rc = sqlite_migrate(c);
	if (rc == SQLITE_OK)
		rc = forget_other_skeletons(c);
	return rc == SQLITE_OK ? sqlite_connection_exec(c, fill_skeletons_sql) : rc;
}
