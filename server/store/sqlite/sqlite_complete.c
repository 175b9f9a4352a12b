#include "store/sqlite/sqlite_complete.h"

/* Event rows from before have no checksum, and stay without one (event_row.h). */
static const char add_checksums_sql[] = "ALTER TABLE event ADD COLUMN checksum INTEGER";

static const char add_private_keys_sql[] = "ALTER TABLE room ADD COLUMN private_key TEXT";

/* Names of private rooms were unique among all once, which told everybody of them. An older version, gone back to for a while, makes such too. */
static const char move_private_keys_sql[] =
	"CREATE INDEX IF NOT EXISTS room_by_any_key ON room (coalesce(name_key, private_key));"
	"UPDATE room SET private_key = name_key, name_key = NULL WHERE kind <> 0 AND name_key IS NOT NULL";

/* Guests of before who have no token are gone as well. */
static const char add_ended_sql[] =
	"BEGIN IMMEDIATE; ALTER TABLE member ADD COLUMN ended INTEGER;"
	"UPDATE member SET ended = 1 WHERE user_no IN"
	" (SELECT no FROM user u WHERE u.kind = 2 AND NOT EXISTS (SELECT 1 FROM token t WHERE t.user_no = u.no)); COMMIT";

static const char watch_guests_sql[] =
	"CREATE INDEX IF NOT EXISTS member_ended ON member (ended) WHERE ended = 1;"
	"CREATE TRIGGER IF NOT EXISTS guest_ends AFTER DELETE ON token WHEN (SELECT kind FROM user WHERE no = old.user_no) = 2"
	" AND NOT EXISTS (SELECT 1 FROM token WHERE user_no = old.user_no)"
	" BEGIN UPDATE member SET ended = 1 WHERE user_no = old.user_no; END";

static const char add_skeletons_sql[] =
	"BEGIN IMMEDIATE; ALTER TABLE user ADD COLUMN skeleton TEXT; ALTER TABLE room ADD COLUMN skeleton TEXT; COMMIT";

static const char add_indexes_sql[] = "CREATE INDEX IF NOT EXISTS room_public ON room (name_key) WHERE kind = 0;"
				      "CREATE INDEX IF NOT EXISTS user_owner ON user (role) WHERE role = 1;"
				      "CREATE UNIQUE INDEX IF NOT EXISTS user_by_skeleton ON user (skeleton) WHERE kind <> 2;"
				      "CREATE UNIQUE INDEX IF NOT EXISTS room_by_skeleton ON room (skeleton) WHERE name_key IS NOT NULL;";

static const char count_quiet_commits_sql[] = "INSERT OR IGNORE INTO meta VALUES ('quiet_commits', 0)";

int sqlite_complete(struct sqlite_connection *c)
{
	static const struct {
		const char *count_sql, *add_sql, *then_sql; /* the column, what adds it, what is done whether or not it was there */
	} columns[] = {
		{"SELECT count(*) FROM pragma_table_info('room') WHERE name = 'skeleton'", add_skeletons_sql, add_indexes_sql},
		{"SELECT count(*) FROM pragma_table_info('event') WHERE name = 'checksum'", add_checksums_sql, count_quiet_commits_sql},
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
	return rc;
}
