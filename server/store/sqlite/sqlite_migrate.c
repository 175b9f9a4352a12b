#include "store/sqlite/sqlite_migrate.h"

#include "base/log.h"
#include "base/memory.h"
#include "store/sqlite/sqlite_complete.h"
#include "store/sqlite/sqlite_copy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* DIR/parley.db.before-NNN, and with `.new` what becomes it. */
static char *path_of_copy(const struct data_dir *d, int number, const char *ending)
{
	size_t n = strlen(d->db_path) + sizeof ".before-2147483647.new";
	char *path = mem_alloc(n);
	snprintf(path, n, "%s.before-%03d%s", d->db_path, number, ending);
	return path;
}

/* 0, or a negative errno with the reason. */
static int copy_to(const struct data_dir *d, const char *path, char *reason, size_t n)
{
	struct sqlite_connection c;
	int failed = sqlite_copy_claim(path);
	if (failed != 0) {
		snprintf(reason, n, "%s", strerror(-failed));
		return failed;
	}
	int rc = sqlite_connection_open_bare(&c, d->db_path, SQLITE_OPEN_READONLY);
	if (rc == SQLITE_OK)
		rc = sqlite_connection_keep_log(&c, true);
	if (rc == SQLITE_OK) {
		failed = sqlite_copy_fill_as_it_is(&c, path, reason, n);
	} else {
		failed = -EIO;
		sqlite_connection_reason(&c, reason, n);
		sqlite_copy_remove(path);
	}
	sqlite_connection_close(&c);
	return failed;
}

int sqlite_migrate_keep_copy(const struct data_dir *d, int version, char fault[DATA_DIR_FAULT_BYTES])
{
	auto_free char *path = path_of_copy(d, version + 1, ""), *new_path = path_of_copy(d, version + 1, ".new");
	char reason[160] = "";
	/* An earlier start was ended before it migrated the file, so the file has all that its copy has. Without it there is more room. */
	sqlite_copy_remove(new_path);
	sqlite_copy_remove(path);
	int failed = copy_to(d, new_path, reason, sizeof reason);
	if (failed == 0) {
		failed = rename(new_path, path) != 0 ? -errno : data_dir_sync(d);
		snprintf(reason, sizeof reason, "%s", strerror(-failed));
	}
	if (failed == 0) {
		LOG_INFO("store.copied_before_migration", LOG_S("path", path), LOG_I("version", version));
		return 0;
	}
	sqlite_copy_remove(new_path);
	snprintf(fault, DATA_DIR_FAULT_BYTES,
		 "%s is of an earlier version and is copied before it is changed, but %s: make room for a second file of its size in its "
		 "directory, which this user may write; the file was left untouched (%s)",
		 d->db_path, failed == -ENOSPC ? "there is no room for the copy" : "the copy failed", reason);
	return -1;
}

void sqlite_migrate_drop_copies(const struct data_dir *d)
{
	for (int number = 1; number <= store_migrations_newest; number++) {
		auto_free char *path = path_of_copy(d, number, ""), *new_path = path_of_copy(d, number, ".new");
		sqlite_copy_remove(new_path);
		if (unlink(path) == 0)
			LOG_INFO("store.copy_removed", LOG_S("path", path),
				 LOG_S("what",
				       "the database was brought to this version by an earlier start, and this one has written to it"));
	}
}

int sqlite_migrate_step(struct sqlite_connection *c, int number)
{
	char set_version[60];
	int rc = sqlite_connection_exec(c, store_migrations[number - 1].sqlite);
	snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", number);
	return rc == SQLITE_OK ? sqlite_connection_exec(c, set_version) : rc;
}

/* A failed one is rolled back when the connection is closed: doing it here would forget the reason. */
static int migrate_to(struct sqlite_connection *c, int number)
{
	int rc = sqlite_connection_exec(c, "BEGIN IMMEDIATE");
	if (rc == SQLITE_OK)
		rc = sqlite_migrate_step(c, number);
	if (rc == SQLITE_OK)
		rc = sqlite_connection_exec(c, "COMMIT");
	if (rc == SQLITE_OK)
		LOG_INFO("store.migrated", LOG_I("version", number), LOG_S("step", store_migrations[number - 1].name));
	return rc;
}

int sqlite_migrate(struct sqlite_connection *c)
{
	int rc;
	int64_t version = sqlite_connection_number(c, "PRAGMA user_version", &rc);

	if (rc == SQLITE_OK && version == 1)
		rc = sqlite_complete(c);
	while (rc == SQLITE_OK && version < store_migrations_newest)
		rc = migrate_to(c, (int)++version);
	return rc;
}
