/*
 * A store over a database that others write too (store_shared.h), and what happens between it and its writer's connection: races that are lost, connections that are lost, and
 * another writer.
 */
#ifndef PARLEY_TESTS_STORE_WORLD_H
#define PARLEY_TESTS_STORE_WORLD_H

#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

enum { MANY = 60 };

/* The writer's connection, with what the test puts between. */
struct world {
	struct store_fixture *f;
	uint64_t ann, room;
	struct db_methods methods;
	const struct db_methods *real;
	struct store_driver_methods driver;
	_Atomic int lost_commits; /* so many commits lose a race */
	_Atomic int away;         /* the next commit loses its connection: 1 before it is done, 2 after */
	_Atomic bool is_cut;      /* there is no connection to be had */
	_Atomic int away_sends;   /* so many changes lose their connection */
	const char *by_other;     /* SQL: what another writer did after the next rollback */
};

static struct world *now; /* the driver's functions have no argument of the test */

static inline int commit(struct db *db)
{
	if (atomic_load(&now->lost_commits) > 0) {
		atomic_fetch_sub(&now->lost_commits, 1);
		return DB_LOST_RACE;
	}
	int away = atomic_exchange(&now->away, 0);
	if (away == 1)
		return DB_AWAY;
	int rc = now->real->commit(db);
	return away == 2 && rc == DB_OK ? DB_AWAY : rc;
}

static inline int send(struct db *db, const struct db_statement *statement, const struct db_value *values, size_t n_values)
{
	if (atomic_load(&now->away_sends) > 0) {
		atomic_fetch_sub(&now->away_sends, 1);
		return DB_AWAY;
	}
	return now->real->send(db, statement, values, n_values);
}

static inline int rollback(struct db *db)
{
	int rc = now->real->rollback(db);
	if (now->by_other) {
		struct sqlite_connection *c = &db_sqlite_of(db)->connection;
		assert_int_equal(sqlite_connection_exec(c, now->by_other), SQLITE_OK);
		now->by_other = NULL;
	}
	return rc;
}

static inline int reconnect(struct store_driver *driver, struct db *db)
{
	(void)driver;
	(void)db;
	return atomic_load(&now->is_cut) ? DB_AWAY : DB_OK;
}

static inline void with_writer(struct store_driver *driver, void *arg)
{
	store_shared_writer(driver, arg);
	now->real = driver->db->methods;
	now->methods = *now->real;
	now->methods.commit = commit;
	now->methods.send = send;
	now->methods.rollback = rollback;
	driver->db->methods = &now->methods;
	now->driver = *driver->methods;
	now->driver.reconnect = reconnect;
	driver->methods = &now->driver;
}

static inline int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	*state = now = w;
	w->f = store_fixture_new("/tmp");
	w->f->with_writer = with_writer;
	if (!store_fixture_open(w->f))
		return -1;
	w->ann = make_user(w->f, "ann", USER_PERSON);
	w->room = make_room(w->f, "r", w->ann);
	return 0;
}

static inline int teardown(void **state)
{
	struct world *w = *state;
	uint64_t faults = w->f->store ? count_faults(w->f) : 0;
	store_fixture_destroy(w->f);
	free(w);
	return faults == 0 ? 0 : -1;
}

static inline struct store_append message(const struct world *w, struct buf data)
{
	return (struct store_append){.room_no = w->room,
				     .author_no = w->ann,
				     .type = EVENT_MESSAGE_CREATED,
				     .data = data,
				     .has_client_id = true,
				     .client_id = fresh_id()};
}

/* What is submitted in one turn is ready at once, and so is one batch. */
static inline void submit(struct world *w, struct store_op *op, enum store_op_kind kind)
{
	assert_int_equal(store_fixture_submit(w->f, op, kind), 0);
}

static inline uint64_t n_commits(const struct world *w)
{
	return w->f->metrics.commits_total;
}

#endif
