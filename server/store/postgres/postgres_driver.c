#include "store/postgres/postgres_driver.h"

#include "base/log.h"
#include "store/postgres/postgres_skeletons.h"
#include "store/store_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char another_history[] = "the database has another history than when this connection was made";

static struct postgres_driver *driver_of(struct store_driver *driver)
{
	return (struct postgres_driver *)driver;
}

static struct postgres_connection *connection_of(struct postgres_driver *d, const struct db *db)
{
	struct postgres_connection *c = d->connections;
	while (c->db != db)
		c++;
	return c;
}

static bool same(const postgres_epoch a, const postgres_epoch b)
{
	return memcmp(a, b, sizeof(postgres_epoch)) == 0;
}

/* --- the threads of the connections -------------------------------------------------------------------------------------------------------- */

static bool is_newest(struct postgres_driver *d, const struct postgres_connection *c)
{
	pthread_mutex_lock(&d->lock);
	bool is = same(c->epoch, d->newest);
	pthread_mutex_unlock(&d->lock);
	return is;
}

/* Another epoch where the database lacks what this writer was told. */
static int look_for_own_commits(struct postgres_driver *d)
{
	postgres_epoch epoch;
	bool is_missing;
	db_postgres_epoch(d->driver.db, epoch);
	int rc = postgres_mark_is_missing(&d->mark, d->driver.db, epoch, &is_missing);
	if (rc != DB_OK || !is_missing)
		return rc;
	return db_postgres_renew_epoch(d->driver.db, "commits that were acknowledged are missing: the database was set back");
}

static void set_connecting(struct postgres_driver *d, struct postgres_connection *c, bool is_connecting)
{
	pthread_mutex_lock(&d->lock);
	c->is_connecting = is_connecting;
	pthread_mutex_unlock(&d->lock);
}

static int connect_and_note(struct postgres_driver *d, struct postgres_connection *c)
{
	struct db *db = c->db;
	bool is_writer = db == d->driver.db, has_owner = false;
	postgres_epoch epoch;
	if (!is_newest(d, c))
		db_postgres_disconnect(db, another_history);
	int rc = db_postgres_connect(db);
	if (rc == DB_OK && is_writer)
		rc = look_for_own_commits(d);
	if (rc == DB_OK && is_writer)
		rc = postgres_skeletons_renew(db);
	if (rc == DB_OK && is_writer)
		rc = store_work_has_owner(db, &has_owner);
	if (rc != DB_OK) {
		db_postgres_disconnect(db, "the database does not say what has to be known of it"); /* its epoch is not noted */
		return rc;
	}
	db_postgres_epoch(db, epoch);
	pthread_mutex_lock(&d->lock);
	memcpy(c->epoch, epoch, sizeof epoch);
	memcpy(d->newest, epoch, sizeof epoch);
	if (is_writer)
		d->has_owner = has_owner;
	pthread_mutex_unlock(&d->lock);
	return DB_OK;
}

int postgres_driver_connect(struct postgres_driver *d, struct db *db)
{
	struct postgres_connection *c = connection_of(d, db);
	set_connecting(d, c, true);
	int rc = connect_and_note(d, c);
	set_connecting(d, c, false);
	return rc;
}

static int reconnect(struct store_driver *driver, struct db *db)
{
	return postgres_driver_connect(driver_of(driver), db);
}

static bool is_current(struct store_driver *driver, struct db *db)
{
	struct postgres_driver *d = driver_of(driver);
	struct postgres_connection *c = connection_of(d, db);
	if (!db_postgres_is_connected(db))
		return false;
	pthread_mutex_lock(&d->lock);
	bool is = same(c->epoch, d->newest) && same(c->epoch, d->in_use);
	pthread_mutex_unlock(&d->lock);
	return is;
}

static void away(struct store_driver *driver)
{
	struct postgres_driver *d = driver_of(driver);
	pthread_mutex_lock(&d->lock);
	if (!d->is_posted) {
		d->is_posted = true;
		loop_post(d->loop, &d->look);
	}
	pthread_mutex_unlock(&d->lock);
}

/* A table that is dropped fails what needs it, and the server keeps its own files. */
static bool is_in_place(struct store_driver *driver)
{
	(void)driver;
	return true;
}

/* Messages of many megabytes take time to be encoded and sent, and the server counts that as standing still. */
static int begun(struct store_driver *driver, size_t n_bytes)
{
	static const struct db_statement set_idle = {.sql = "SELECT set_config('idle_in_transaction_session_timeout', $1, true)",
						     .parameters = "t"};
	struct postgres_driver *d = driver_of(driver);
	if (n_bytes < POSTGRES_DRIVER_BIG_BYTES)
		return DB_OK;
	unsigned long long ms = (unsigned long long)d->writer_idle_ms + n_bytes / POSTGRES_DRIVER_BYTES_PER_MS;
	int n = snprintf(d->idle_text, sizeof(d->idle_text), "%llu", ms);
	return db_send(driver->db, &set_idle, db_text((struct text){d->idle_text, (size_t)n}));
}

static int before_commit(struct store_driver *driver, uint64_t n_events)
{
	(void)driver;
	(void)n_events;
	return DB_OK;
}

static void after_commit(struct store_driver *driver, uint64_t n_events)
{
	struct postgres_driver *d = driver_of(driver);
	postgres_epoch epoch;
	(void)n_events;
	db_postgres_epoch(driver->db, epoch);
	postgres_mark_put(&d->mark, epoch, &driver->writer, driver->batch_no);
}

static int check_history(struct store_driver *driver, struct db *db, const struct uid *epoch, bool is_behind)
{
	(void)driver;
	if (!is_behind && db_postgres_has_epoch(db, epoch))
		return DB_OK;
	if (is_behind && db_postgres_renew_epoch(db, "a room ends before what was told of it: the database was set back") == DB_AWAY)
		return DB_AWAY;
	db_postgres_disconnect(db, another_history);
	return DB_AWAY;
}

static void after_answers(struct store_driver *driver)
{
	(void)driver;
}

static void lost(struct store_driver *driver, struct db *db, const char *during) __attribute__((noreturn));

/* No failure of PostgreSQL's says so: its own process ends, and recovers. */
static void lost(struct store_driver *driver, struct db *db, const char *during)
{
	char reason[DB_POSTGRES_REASON_BYTES + 8];
	(void)driver;
	LOG_ERROR("store.lost", LOG_S("during", during), LOG_S("reason", db_reason(db, reason, sizeof reason)));
	_exit(EXIT_FAILURE);
}

/* --- the loop thread ------------------------------------------------------------------------------------------------------------------------ */

struct view {
	char why[DB_POSTGRES_PLACE_BYTES + DB_POSTGRES_REASON_BYTES + 3]; /* the store keeps the beginning */
	uint64_t retry_ms;
	bool all_connected, none_connecting, one_epoch, is_of_store;
	bool has_owner;
	postgres_epoch newest;
};

static void view_epochs(struct postgres_driver *d, struct view *v)
{
	v->one_epoch = v->none_connecting = true;
	pthread_mutex_lock(&d->lock);
	memcpy(v->newest, d->newest, sizeof v->newest);
	v->is_of_store = same(d->newest, d->in_use);
	v->has_owner = d->has_owner;
	for (size_t i = 0; i < d->n_connections; i++) {
		v->one_epoch = v->one_epoch && same(d->connections[i].epoch, d->newest);
		v->none_connecting = v->none_connecting && !d->connections[i].is_connecting;
	}
	pthread_mutex_unlock(&d->lock);
}

static void view_all(struct postgres_driver *d, struct view *v)
{
	*v = (struct view){.all_connected = true, .retry_ms = POSTGRES_DRIVER_TICK_MS};
	for (size_t i = 0; i < d->n_connections; i++) {
		struct db_postgres_status status;
		db_postgres_status(d->connections[i].db, &status);
		if (status.is_connected)
			continue;
		if (v->all_connected)
			snprintf(v->why, sizeof v->why, "%s: %s", status.place, status.reason);
		v->all_connected = false;
		if (status.next_try_in_ms > v->retry_ms)
			v->retry_ms = status.next_try_in_ms;
	}
	view_epochs(d, v); /* last: what is connected by then has noted its epoch, or is about to */
	if (v->all_connected && !v->none_connecting)
		snprintf(v->why, sizeof v->why, "it is reached again, and asked for its history");
	else if (v->all_connected)
		snprintf(v->why, sizeof v->why,
			 "the database has another history than before: what was asked in the old one is being answered");
}

static void use_newest(struct postgres_driver *d, const struct view *v)
{
	if (!v->is_of_store)
		store_work_begin_epoch(d->store);
	pthread_mutex_lock(&d->lock);
	memcpy(d->in_use, v->newest, sizeof d->in_use);
	pthread_mutex_unlock(&d->lock);
	store_set_epoch(d->store, v->newest, v->has_owner);
}

static void look(struct postgres_driver *d)
{
	struct view v;
	view_all(d, &v);
	bool is_ready = v.all_connected && v.none_connecting && v.one_epoch;
	if (is_ready && (v.is_of_store || (d->store->is_away && store_work_n_under_way(d->store) == 0))) {
		loop_timer_stop(d->timer);
		use_newest(d, &v);
		store_set_back(d->store);
		return;
	}
	store_set_away(d->store, v.why, (uint32_t)v.retry_ms);
	store_work_mend(d->store);
	loop_timer_start(d->timer, POSTGRES_DRIVER_TICK_MS, 0);
}

static void at_tick(void *arg)
{
	look(arg);
}

static void look_called(struct loop_call *c)
{
	struct postgres_driver *d = list_entry(c, struct postgres_driver, look);
	pthread_mutex_lock(&d->lock);
	d->is_posted = false;
	pthread_mutex_unlock(&d->lock);
	if (!d->is_closed) {
		look(d);
		return;
	}
	pthread_mutex_destroy(&d->lock);
	free(d);
}

/* Connections that work are left to those whose operations are under way, but for the one of what takes long. */
static void closing(struct store_driver *driver)
{
	struct postgres_driver *d = driver_of(driver);
	for (size_t i = 0; i < d->n_connections; i++)
		if (d->store->is_away || i >= d->n_connections - STORE_SLOW_READERS)
			db_postgres_stop(d->connections[i].db);
}

static void close_driver(struct store_driver *driver)
{
	struct postgres_driver *d = driver_of(driver);
	for (size_t i = 0; i < d->n_connections; i++)
		db_close(d->connections[i].db);
	loop_timer_destroy(d->timer);
	postgres_mark_close(&d->mark);
	d->is_closed = true;
	if (d->is_posted)
		return; /* it is freed when that call has come */
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static const struct store_driver_methods methods = {
	.is_in_place = is_in_place,
	.begun = begun,
	.before_commit = before_commit,
	.after_commit = after_commit,
	.after_answers = after_answers,
	.reconnect = reconnect,
	.is_current = is_current,
	.check_history = check_history,
	.away = away,
	.closing = closing,
	.take_long = db_postgres_take_long,
	.backup_instead =
		"the messages are in a PostgreSQL database: pg_dump makes a copy of it, and pg_basebackup one of the whole server",
	.lost = lost,
	.close = close_driver,
};

struct postgres_driver *postgres_driver_new(struct loop *l, const struct db_postgres_options *options, size_t n_readers,
					    const char *mark_path)
{
	struct postgres_driver *d = mem_new(struct postgres_driver);
	d->driver.methods = &methods;
	d->loop = l;
	d->look.run = look_called;
	pthread_mutex_init(&d->lock, NULL);
	postgres_mark_open(&d->mark, mark_path);
	d->n_connections = 1 + n_readers;
	struct db_postgres_options for_writer = *options;
	if (for_writer.idle_ms == 0)
		for_writer.idle_ms = POSTGRES_DRIVER_WRITER_IDLE_MS;
	d->writer_idle_ms = for_writer.idle_ms;
	for (size_t i = 0; i < d->n_connections; i++)
		d->connections[i].db = db_postgres_new(i == 0 ? &for_writer : options);
	d->driver.db = d->connections[0].db;
	for (size_t i = 0; i < n_readers; i++)
		d->readers[i].db = d->connections[1 + i].db;
	return d;
}

/* Connections that did not find the same epoch are made again at once. */
void postgres_driver_begin(struct postgres_driver *d, struct store *s)
{
	s->is_shared = true;
	d->store = s;
	d->timer = loop_timer_new(d->loop, at_tick, d);
	pthread_mutex_lock(&d->lock);
	memcpy(d->in_use, d->connections[0].epoch, sizeof d->in_use);
	memcpy(s->epoch, d->in_use, sizeof s->epoch);
	pthread_mutex_unlock(&d->lock);
	away(&d->driver);
}
