#include "store/work/store_work.h"

#include "base/memory.h"
#include "store/work/commit_queue.h"

#include <stdlib.h>

enum { SLOW_QUEUE_MAX = 16 };

static const struct db_statement owner_get = {.sql = "SELECT 1 FROM account WHERE role = 1 LIMIT 1", .parameters = ""};

struct store_work {
	struct store store; /* first: what chat sees */
	struct store_driver *driver;
	struct damage *damage;
	struct commit_queue *writes;
	struct worker_pool *reads, *slow_reads;
	void *states[STORE_READERS_MAX + STORE_SLOW_READERS]; /* the readers, for the pools */
};

static struct store_work *work_of(struct store *store)
{
	return list_entry(store, struct store_work, store);
}

static void run_read(struct worker_job *j, void *thread_state)
{
	struct store_op *op = list_entry(j, struct store_op, job);
	op->result = store_reader_apply(thread_state, op);
}

static void read_done(struct worker_job *j)
{
	struct store_op *op = list_entry(j, struct store_op, job);
	op->done(op);
}

static int submit(struct store *store, struct store_op *op)
{
	struct store_work *s = work_of(store);
	enum store_op_how how = store_op_how(op->kind);
	if (how == STORE_WRITE)
		return commit_queue_submit(s->writes, op);
	op->job.run = run_read;
	op->job.done = read_done;
	return worker_submit(how == STORE_SLOW_READ ? s->slow_reads : s->reads, &op->job);
}

static void destroy(struct store *store)
{
	struct store_work *s = work_of(store);
	worker_pool_destroy(s->reads);
	worker_pool_destroy(s->slow_reads);
	commit_queue_destroy(s->writes);
	s->driver->methods->close(s->driver);
	damage_destroy(s->damage);
	free(s);
}

static const struct store_methods methods = {.submit = submit, .destroy = destroy};

size_t store_work_n_readers(size_t wanted)
{
	size_t n = wanted != 0 ? wanted : STORE_READERS_DEFAULT;
	return (n < STORE_READERS_MAX ? n : STORE_READERS_MAX) + STORE_SLOW_READERS;
}

struct store_driver *store_work_driver(struct store *store)
{
	return work_of(store)->driver;
}

static int look_for_owner(struct db *db, bool *has)
{
	auto_answer *owner = db_ask_plain(db, &owner_get);
	int rc = db_row(owner);
	*has = rc == DB_ROW;
	return rc < 0 ? rc : DB_OK;
}

struct store *store_work_open(const struct store_work_config *config, char *reason, size_t n)
{
	struct store_work *s = mem_new(struct store_work);
	struct db *writer = config->driver->db;
	s->store.methods = &methods;
	s->driver = config->driver;
	s->damage = damage_new(config->metrics, config->name);
	if (look_for_owner(writer, &s->store.has_owner) == DB_OK)
		s->writes = commit_queue_new(&(struct commit_queue_config){.loop = config->loop,
									   .metrics = config->metrics,
									   .driver = config->driver,
									   .damage = s->damage,
									   .queue_max = config->queue_max});
	if (!s->writes) {
		db_reason(writer, reason, n);
		damage_destroy(s->damage);
		free(s);
		return NULL;
	}
	for (size_t i = 0; i < config->n_readers; i++) {
		struct store_reader *r = &config->readers[i];
		r->driver = config->driver;
		r->writes = s->writes;
		r->damage = s->damage;
		s->states[i] = r;
	}
	size_t n_fast = config->n_readers - STORE_SLOW_READERS;
	s->reads = worker_pool_new(config->loop, "store-read", n_fast, config->queue_max, s->states);
	s->slow_reads = worker_pool_new(config->loop, "store-slow", STORE_SLOW_READERS, SLOW_QUEUE_MAX, s->states + n_fast);
	return &s->store;
}
