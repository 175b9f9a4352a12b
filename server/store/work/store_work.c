#include "store/work/store_work.h"

#include "base/memory.h"
#include "store/work/commit_queue.h"

#include <errno.h>
#include <stdlib.h>

enum { SLOW_QUEUE_MAX = 16 };

static const struct db_statement owner_get = {.sql = "SELECT 1 FROM account WHERE role = 1 LIMIT 1", .parameters = ""};

/* Makes the connection of a reader again that is not current: whichever thread takes it. */
struct mend {
	struct worker_job job;
	struct store_work *store;
	bool is_under_way;
};

struct store_work {
	struct store store; /* first: what chat sees */
	struct store_driver *driver;
	struct damage *damage;
	struct commit_queue *writes;
	struct worker_pool *reads, *slow_reads;
	size_t n_readers;
	void *states[STORE_READERS_MAX + STORE_SLOW_READERS]; /* the readers, for the pools */
	struct mend mends[STORE_READERS_MAX + STORE_SLOW_READERS];
	struct store_ping mend_writer;
	bool writer_is_mended;         /* it is under way */
	size_t n_under_way, n_mending; /* they come back to the loop, after the store is closed too */
	bool is_closed;
};

static struct store_work *work_of(struct store *store)
{
	return list_entry(store, struct store_work, store);
}

static void free_if_over(struct store_work *s)
{
	if (s->is_closed && s->n_under_way + s->n_mending == 0)
		free(s);
}

static void op_done(struct store_op *op)
{
	struct store_work *s = work_of(op->store);
	op->done(op);
	s->n_under_way--;
	free_if_over(s);
}

static void write_done(struct loop_call *c)
{
	op_done(list_entry(c, struct store_op, call));
}

static void run_read(struct worker_job *j, void *thread_state)
{
	struct store_op *op = list_entry(j, struct store_op, job);
	op->result = store_reader_apply(thread_state, op);
}

static void read_done(struct worker_job *j)
{
	op_done(list_entry(j, struct store_op, job));
}

static int hand_over(struct store_work *s, struct store_op *op)
{
	enum store_op_how how = store_op_how(op->kind);
	if (how == STORE_WRITE) {
		op->call.run = write_done;
		return commit_queue_submit(s->writes, op);
	}
	op->job.run = run_read;
	op->job.done = read_done;
	return worker_submit(how == STORE_SLOW_READ ? s->slow_reads : s->reads, &op->job);
}

static int submit(struct store *store, struct store_op *op)
{
	if (store->is_away)
		return -ENOTCONN;
	op->store = store;
	int refused = hand_over(work_of(store), op);
	if (refused == 0)
		work_of(store)->n_under_way++;
	return refused;
}

static void destroy(struct store *store)
{
	struct store_work *s = work_of(store);
	if (s->driver->methods->closing)
		s->driver->methods->closing(s->driver);
	worker_pool_destroy(s->reads);
	worker_pool_destroy(s->slow_reads);
	commit_queue_destroy(s->writes);
	s->driver->methods->close(s->driver);
	damage_destroy(s->damage);
	s->is_closed = true;
	free_if_over(s);
}

size_t store_work_n_under_way(const struct store *store)
{
	return list_entry(store, const struct store_work, store)->n_under_way;
}

void store_work_begin_epoch(struct store *store)
{
	struct store_work *s = work_of(store);
	damage_begin_epoch(s->damage);
	commit_queue_begin_epoch(s->writes);
}

static void run_mend(struct worker_job *j, void *thread_state)
{
	(void)j;
	store_reader_is_usable(thread_state, true);
}

static void mend_done(struct worker_job *j)
{
	struct mend *m = list_entry(j, struct mend, job);
	m->is_under_way = false;
	m->store->n_mending--;
	free_if_over(m->store);
}

static void mend_writer_done(struct loop_call *c)
{
	struct store_work *s = work_of(list_entry(c, struct store_op, call)->store);
	s->writer_is_mended = false;
	s->n_mending--;
	free_if_over(s);
}

static void mend_writer(struct store_work *s)
{
	if (s->writer_is_mended)
		return;
	s->mend_writer.op = (struct store_op){.kind = STORE_PING, .store = &s->store, .call = {.run = mend_writer_done}};
	s->writer_is_mended = commit_queue_submit(s->writes, &s->mend_writer.op) == 0;
	s->n_mending += s->writer_is_mended;
}

void store_work_mend(struct store *store)
{
	struct store_work *s = work_of(store);
	size_t n_fast = s->n_readers - STORE_SLOW_READERS;
	mend_writer(s);
	for (size_t i = 0; i < s->n_readers; i++) {
		struct mend *m = &s->mends[i];
		if (m->is_under_way)
			continue;
		m->store = s;
		m->job.run = run_mend;
		m->job.done = mend_done;
		m->is_under_way = worker_submit(i < n_fast ? s->reads : s->slow_reads, &m->job) == 0;
		s->n_mending += m->is_under_way;
	}
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

int store_work_has_owner(struct db *db, bool *has)
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
	if (store_work_has_owner(writer, &s->store.has_owner) == DB_OK)
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
	s->n_readers = config->n_readers;
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
