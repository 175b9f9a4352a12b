#include "store/postgres/store_postgres.h"

#include "base/clock.h"
#include "store/postgres/libpq.h"
#include "store/postgres/postgres_driver.h"

#include <stdio.h>
#include <string.h>

enum { START_MS = 10000 };

/* The first one makes the tables; each waits before a further try. Each has the time for itself: every host that stands still takes a part of it. */
static int connect_all(struct postgres_driver *d, int start_ms)
{
	int rc = DB_OK;
	for (size_t i = 0; i < d->n_connections && rc == DB_OK; i++) {
		uint64_t until_ms = clock_mono_ms() + (uint64_t)(start_ms > 0 ? start_ms : START_MS);
		do
			rc = postgres_driver_connect(d, d->connections[i].db);
		while (rc == DB_AWAY && clock_mono_ms() < until_ms);
	}
	return rc;
}

static void explain(struct postgres_driver *d, char fault[STORE_POSTGRES_FAULT_BYTES])
{
	struct db_postgres_status status = {0};
	for (size_t i = 0; i < d->n_connections; i++) {
		db_postgres_status(d->connections[i].db, &status);
		if (!status.is_connected)
			break;
	}
	snprintf(fault, STORE_POSTGRES_FAULT_BYTES, "the database at %.110s cannot be used: %s", status.place, status.reason);
}

struct store *store_postgres_open(struct loop *l, struct metrics *m, const struct store_postgres_config *config,
				  char fault[STORE_POSTGRES_FAULT_BYTES])
{
	struct db_postgres_options options = config->database;
	struct db_postgres_status status;
	char reason[DB_POSTGRES_REASON_BYTES + 8] = "";
	if (!libpq_load(fault, STORE_POSTGRES_FAULT_BYTES))
		return NULL;
	options.metrics = m;
	struct postgres_driver *d = postgres_driver_new(l, &options, store_work_n_readers(config->n_readers), config->mark_path);
	if (connect_all(d, config->start_ms) != DB_OK) {
		explain(d, fault);
		d->driver.methods->close(&d->driver);
		return NULL;
	}
	db_postgres_status(d->driver.db, &status);
	struct store *s = store_work_open(&(struct store_work_config){.loop = l,
								      .metrics = m,
								      .name = status.place,
								      .driver = &d->driver,
								      .readers = d->readers,
								      .n_readers = d->n_connections - 1,
								      .queue_max = config->queue_max},
					  reason, sizeof reason);
	if (s) {
		postgres_driver_begin(d, s);
		return s;
	}
	snprintf(fault, STORE_POSTGRES_FAULT_BYTES, "the database at %.110s cannot be read: %s", status.place, reason);
	d->driver.methods->close(&d->driver);
	return NULL;
}
