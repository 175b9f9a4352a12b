/*
 * A parleyd whose database does what PostgreSQL's can do under it: everything of the real server, over the SQLite store, with this in the place of app_store.c.
 *   SIGUSR2   the database is away, or back again
 *   SIGUSR1   it is set back: DIR/earlier.db (a copy by `parley admin backup`) takes the place of DIR/parley.db
 */
#include "app/app_store.h"
#include "base/list.h"
#include "base/memory.h"
#include "store/sqlite/store_sqlite.h"
#include "store/store_state.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOK_MS = 1, RETRY_MS = 1000 };

struct switching {
	struct store store; /* first: what the chat sees */
	struct store *inner;
	struct loop *loop;
	struct metrics *metrics;
	const struct config *config;
	struct list in_flight; /* held.link */
	struct loop_timer *look;
	bool goes_back; /* once nothing is in flight */
};

struct held {
	struct list link;
	struct store_op *op;
	void (*done)(struct store_op *op);
};

/* done() has no argument but the operation. */
static struct switching *the_one;

static void bring_back(struct store_op *op)
{
	list_for_each_safe(it, &the_one->in_flight) {
		struct held *h = list_entry(it, struct held, link);
		if (h->op != op)
			continue;
		op->done = h->done;
		list_remove(&h->link);
		free(h);
		op->done(op);
		return;
	}
	abort();
}

static int submit(struct store *store, struct store_op *op)
{
	struct switching *s = (struct switching *)(void *)store;
	if (s->store.is_away)
		return -ENOTCONN;
	if (s->goes_back)
		return -EBUSY;
	struct held *h = mem_new(struct held);
	*h = (struct held){.op = op, .done = op->done};
	op->done = bring_back;
	int refused = s->inner->methods->submit(s->inner, op);
	if (refused == 0) {
		list_append(&s->in_flight, &h->link);
		return 0;
	}
	op->done = h->done;
	free(h);
	return refused;
}

static struct store *open_inner(const struct switching *s)
{
	char fault[CONFIG_FAULT_BYTES] = "";
	struct store_sqlite_config config = {.dir = s->config->data_dir, .queue_max = (size_t)s->config->limits.store_queue};
	struct store *inner = store_sqlite_open(s->loop, s->metrics, &config, fault);
	if (!inner) {
		fprintf(stderr, "%s\n", fault);
		exit(1);
	}
	return inner;
}

static void put_earlier_in_place(const char *dir)
{
	static const char *const files[] = {"parley.db-wal", "parley.db-shm", "parley.reach", "parley.db"};
	char from[4096], to[4096];
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(to, sizeof(to), "%s/%s", dir, files[i]);
		(void)unlink(to);
	}
	snprintf(from, sizeof(from), "%s/earlier.db", dir);
	if (rename(from, to) != 0) {
		perror(from);
		exit(1);
	}
}

static void look(void *arg)
{
	struct switching *s = arg;
	if (!s->goes_back || !list_empty(&s->in_flight))
		return;
	loop_timer_stop(s->look);
	s->inner->methods->destroy(s->inner);
	put_earlier_in_place(s->config->data_dir);
	s->inner = open_inner(s);
	s->goes_back = false;
	store_set_epoch(&s->store, s->inner->epoch, s->inner->has_owner);
}

static void go_back(void *arg)
{
	struct switching *s = arg;
	s->goes_back = true;
	loop_timer_start(s->look, 0, LOOK_MS);
}

static void go_away_or_come_back(void *arg)
{
	struct switching *s = arg;
	if (s->store.is_away)
		store_set_back(&s->store);
	else
		store_set_away(&s->store, "db.test:5432: connection refused", RETRY_MS);
}

static void destroy(struct store *store)
{
	struct switching *s = (struct switching *)(void *)store;
	loop_timer_destroy(s->look);
	s->inner->methods->destroy(s->inner);
}

static const struct store_methods methods = {.submit = submit, .destroy = destroy};

int app_store_open(struct app_store *out, struct loop *l, struct metrics *m, const struct config *config, char fault[CONFIG_FAULT_BYTES])
{
	struct switching *s = the_one = mem_new(struct switching);
	(void)fault;
	s->loop = l;
	s->metrics = m;
	s->config = config;
	list_init(&s->in_flight);
	s->inner = open_inner(s);
	s->store = *s->inner;
	s->store.methods = &methods;
	s->look = loop_timer_new(l, look, s);
	if (loop_on_signal(l, SIGUSR1, go_back, s) < 0 || loop_on_signal(l, SIGUSR2, go_away_or_come_back, s) < 0)
		abort();
	out->store = &s->store;
	return 0;
}

void app_store_undo(struct app_store *s)
{
	(void)s;
}

/* What the store posted last comes back after this. */
void app_store_close(struct app_store *s)
{
	if (s->store)
		s->store->methods->destroy(s->store);
	s->store = NULL;
}
