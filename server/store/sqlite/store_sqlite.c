#include "store/sqlite/store_sqlite.h"

#include "base/log.h"
#include "store/sqlite/data_dir.h"
#include "store/sqlite/disk_errno.h"
#include "store/sqlite/sqlite_check.h"
#include "store/sqlite/sqlite_driver.h"
#include "store/sqlite/sqlite_migrate.h"
#include "store/sqlite/sqlite_schema.h"
#include "store/work/store_work.h"

#include <stdio.h>
#include <string.h>

void store_sqlite_undo(struct store *store)
{
	((struct sqlite_driver *)store_work_driver(store))->is_undone = true;
}

/* Takes a file that is there into use. 0, or -1 with fault. */
static int adopt_file(const struct data_dir *d, enum sqlite_check check, char fault[DATA_DIR_FAULT_BYTES])
{
	if (check == SQLITE_CHECK_SOUND)
		return 0;
	if (check == SQLITE_CHECK_BACKUP)
		LOG_INFO("store.backup_adopted", LOG_S("path", d->db_path));
	else
		LOG_WARN("store.log_lost", LOG_S("path", d->wal_path),
			 LOG_S("what", "the log does not reach as far as it did when the server ended: the newest events are lost, "
				       "and clients begin anew"));
	return sqlite_schema_begin_epoch(d, fault);
}

/* A history that goes on in two places is two histories with the same seqs. 0, or -1 with fault. */
static int check_copied(const struct data_dir *d, const struct sqlite_found *found, bool start_moved, char fault[DATA_DIR_FAULT_BYTES])
{
	if (found->is_half_copied)
		snprintf(fault, DATA_DIR_FAULT_BYTES,
			 "%s is an unfinished copy: run the parley admin copy that was begun once more, or move the file away", d->db_path);
	else if (found->moved_to[0] && !start_moved)
		snprintf(fault, DATA_DIR_FAULT_BYTES,
			 "%s was moved to %s: start parleyd on that; with --start-moved on it starts on this one, and clients begin anew",
			 d->db_path, found->moved_to);
	else
		return 0;
	return -1;
}

/* Looks, then makes or adopts where that is right. *is_kept: an earlier process ended cleanly with a file of the newest version. 0, or -1 with fault. */
static int prepare_file(const struct data_dir *d, bool start_moved, bool *is_kept, char fault[DATA_DIR_FAULT_BYTES])
{
	struct sqlite_found found;
	enum sqlite_check check = sqlite_check_file(d, &found, fault);
	if (check == SQLITE_CHECK_REFUSED)
		return -1;
	if (check == SQLITE_CHECK_FRESH)
		return sqlite_schema_create(d, fault);
	if (check_copied(d, &found, start_moved, fault) != 0)
		return -1;
	/* Before anything is written to it. */
	if (found.version < store_migrations_newest && sqlite_migrate_keep_copy(d, found.version, fault) != 0)
		return -1;
	*is_kept = found.version == store_migrations_newest && found.was_closed;
	return check == SQLITE_CHECK_SOUND && found.moved_to[0] ? sqlite_schema_begin_epoch(d, fault) : adopt_file(d, check, fault);
}

static int open_readers(struct sqlite_driver *d, size_t n_readers, char *epoch, char *reason, size_t n)
{
	for (size_t i = 0; i < n_readers; i++)
		if (sqlite_driver_open_reader(d) != SQLITE_OK || sqlite_schema_epoch(&d->databases[i].connection, epoch) != SQLITE_OK) {
			sqlite_connection_reason(&d->databases[i].connection, reason, n);
			return -1;
		}
	return 0;
}

/* NULL with the reason; then the driver is still the caller's. */
static struct store *wire(struct sqlite_driver *d, struct loop *l, struct metrics *m, const struct store_sqlite_config *config,
			  char *reason, size_t n)
{
	char epoch[STORE_EPOCH_BYTES + 1];
	size_t n_readers = store_work_n_readers(config->n_readers);
	if (sqlite_driver_open_writer(d, reason, n) != 0 || open_readers(d, n_readers, epoch, reason, n) != 0)
		return NULL;
	if (config->with_writer)
		config->with_writer(&d->driver, config->arg);
	struct store *s = store_work_open(&(struct store_work_config){.loop = l,
								      .metrics = m,
								      .name = d->dir.db_path,
								      .driver = &d->driver,
								      .readers = d->readers,
								      .n_readers = n_readers,
								      .queue_max = config->queue_max},
					  reason, n);
	if (s)
		memcpy(s->epoch, epoch, sizeof s->epoch);
	return s;
}

struct store *store_sqlite_open(struct loop *l, struct metrics *m, const struct store_sqlite_config *config, char fault[400])
{
	/* The process counts its memory elsewhere; SQLite's own count is a lock around every allocation. Refused, harmlessly, when a store was
	 * opened before. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	disk_errno_watch();
	struct data_dir dir = {0};
	bool is_kept = false;
	if (data_dir_open(&dir, config->dir, fault) != 0 || prepare_file(&dir, config->start_moved, &is_kept, fault) != 0) {
		data_dir_undo(&dir);
		data_dir_finish(&dir);
		return NULL;
	}
	struct sqlite_driver *d = sqlite_driver_new(&dir);
	d->drops_copies = is_kept;
	char reason[200] = "";
	struct store *s = wire(d, l, m, config, reason, sizeof reason);
	if (s)
		return s;
	snprintf(fault, DATA_DIR_FAULT_BYTES, "%s cannot be opened: %s; is the disk full, or the file not writable?", d->dir.db_path,
		 reason);
	d->is_undone = true;
	sqlite_driver_destroy(d);
	return NULL;
}
