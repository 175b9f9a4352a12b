#include "app/app_store.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/secret_file.h"
#include "store/postgres/store_postgres.h"
#include "store/sqlite/data_dir.h"
#include "store/sqlite/store_sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert((int)CONFIG_FAULT_BYTES == (int)DATA_DIR_FAULT_BYTES && (int)CONFIG_FAULT_BYTES == (int)STORE_POSTGRES_FAULT_BYTES,
	       "one buffer for the sentences of all");

static struct store *open_sqlite(struct loop *l, struct metrics *m, const struct config *config, char fault[CONFIG_FAULT_BYTES])
{
	struct store_sqlite_config store_config = {
		.dir = config->data_dir,
		.n_readers = config->database_connections,
		.queue_max = (size_t)config->limits.store_queue,
		.start_moved = config->start_moved,
	};
	return store_sqlite_open(l, m, &store_config, fault);
}

static int read_password(const char *path, char password[SECRET_FILE_BYTES], char fault[CONFIG_FAULT_BYTES])
{
	char why[SECRET_FILE_WHY_BYTES];
	int failed = secret_file_read(path, password, why);
	if (failed)
		snprintf(fault, CONFIG_FAULT_BYTES, "--database-password-file %s: %s", path, why);
	return failed;
}

static struct store *open_postgres(struct loop *l, struct metrics *m, const struct config *config, const char *password,
				   const char *mark_path, char fault[CONFIG_FAULT_BYTES])
{
	struct store_postgres_config store_config = {
		.database = {.address = config->database,
			     .password = password,
			     .may_lose_commits = config->database_allow_asynchronous_commit},
		.n_readers = config->database_connections,
		.queue_max = (size_t)config->limits.store_queue,
		.mark_path = mark_path,
	};
	char why[STORE_POSTGRES_FAULT_BYTES];
	struct store *s = store_postgres_open(l, m, &store_config, why);
	if (!s)
		snprintf(fault, CONFIG_FAULT_BYTES, "--database: %.*s", (int)(CONFIG_FAULT_BYTES - sizeof("--database: ")), why);
	return s;
}

/* The operator's socket is in the data directory here too, and two servers cannot share one. */
static int open_dir(struct app_store *s, const struct config *config, char fault[CONFIG_FAULT_BYTES])
{
	s->dir = mem_new(struct data_dir);
	if (data_dir_open(s->dir, config->data_dir, fault) != 0)
		return -1;
	if (access(s->dir->db_path, F_OK) == 0)
		LOG_WARN("database.file_not_used", LOG_S("path", s->dir->db_path),
			 LOG_S("what", "--database is given: this file is neither read nor written"));
	return 0;
}

static int open_in_postgres(struct app_store *s, struct loop *l, struct metrics *m, const struct config *config,
			    char fault[CONFIG_FAULT_BYTES])
{
	char password[SECRET_FILE_BYTES] = "";
	if (config->database_password_shows)
		LOG_WARN("database.password_shows", LOG_S("what", "whoever may list processes (ps) reads the password of --database"),
			 LOG_S("instead", "--database-password-file"));
	if (config->database_password_file && read_password(config->database_password_file, password, fault) != 0)
		return -1;
	if (open_dir(s, config, fault) == 0)
		s->store = open_postgres(l, m, config, password[0] ? password : NULL, s->dir->mark_path, fault);
	secret_wipe(password, sizeof(password));
	return s->store ? 0 : -1;
}

int app_store_open(struct app_store *s, struct loop *l, struct metrics *m, const struct config *config, char fault[CONFIG_FAULT_BYTES])
{
	if (!config->database) {
		s->store = open_sqlite(l, m, config, fault);
		return s->store ? 0 : -1;
	}
	if (open_in_postgres(s, l, m, config, fault) == 0)
		return 0;
	app_store_undo(s);
	app_store_close(s);
	return -1;
}

void app_store_undo(struct app_store *s)
{
	if (s->dir)
		data_dir_undo(s->dir);
	else if (s->store)
		store_sqlite_undo(s->store);
}

void app_store_close(struct app_store *s)
{
	if (s->store)
		s->store->methods->destroy(s->store);
	if (s->dir)
		data_dir_finish(s->dir);
	free(s->dir);
	*s = (struct app_store){0};
}
