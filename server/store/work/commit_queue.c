#include "store/work/commit_queue.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/sqlite/checkpoint.h"
#include "store/sqlite/disk_errno.h"
#include "store/sqlite/sqlite_fault.h"
#include "store/sqlite/sqlite_schema.h"
#include "store/work/store_thread.h"
#include "store/work/token_age.h"
#include "store/work/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TOUCHES_MAX = 1024, OUTAGE_OVER_MS = 5000 };

struct touch {
	uint8_t hash[SECRET_HASH_BYTES];
	int64_t day;
};

struct commit_queue {
	struct commit_queue_config config;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t more;
	struct list waiting;      /* store_op.link; with the mutex */
	_Atomic size_t n_waiting; /* from submit until the commit */
	struct touch touches[TOUCHES_MAX];
	size_t n_touches; /* with the mutex */
	bool stopping;    /* with the mutex */

	/* The loop's own: what the thread was not given yet. */
	struct list held; /* store_op.link */
	uint64_t held_since_ns;

	/* The thread's own. */
	struct writer writer;
	struct log_reach *reach;            /* NULL: nothing is proved */
	uint64_t n_events, n_quiet_commits; /* in the database: its events, and its commits without any */
	struct checkpoint *checkpoint;
	/* The loop's to open and close, for the checkpoint. Closed after the last connection: to close any descriptor of a file gives up the process's locks on it (fcntl(2)). */
	int db_fd;
	struct touch touching[TOUCHES_MAX];
	size_t n_touching;
	int wal_pages;
	struct token_age token_age;
	_Atomic bool files_gone;  /* for good */
	bool without_room;        /* an outage that was logged */
	uint64_t last_failure_ms; /* of that outage */
};

static int note_wal_pages(void *arg, sqlite3 *db, const char *name, int pages)
{
	(void)db;
	(void)name;
	((struct commit_queue *)arg)->wal_pages = pages;
	return SQLITE_OK;
}

static void call_done(struct loop_call *c)
{
	struct store_op *op = list_entry(c, struct store_op, call);
	op->done(op);
}

static int touch_tokens(struct commit_queue *q)
{
	int rc = SQLITE_OK;
	for (size_t i = 0; i < q->n_touching && rc == SQLITE_OK; i++) {
		auto_reset sqlite3_stmt *st = sqlite_statement(&q->writer.connection, ST_TOKEN_TOUCH);
		sqlite_statement_bind_blob(st, 1, q->touching[i].hash, SECRET_HASH_BYTES);
		sqlite_statement_bind_i64(st, 2, q->touching[i].day);
		rc = sqlite_statement_run(st);
	}
	q->n_touching = 0;
	return rc;
}

struct batch {
	struct list ops;            /* store_op.link */
	size_t n, n_tried;          /* the first n_tried were worked on; when those failed, the others were not looked at */
	struct token_age token_age; /* as it is once this is committed */
	struct store_op *failed;    /* the one that fails the transaction; NULL: none of them does */
	bool in_upkeep;             /* what is done beside the operations fails it */
};

/* Every commit leaves the database further than it was (log_reach.h). Events count themselves, in the rows of their rooms, which are written anyway. */
static int count_commit(struct commit_queue *q)
{
	if (q->writer.n_events > 0)
		return SQLITE_OK;
	auto_reset sqlite3_stmt *st = sqlite_statement(&q->writer.connection, ST_QUIET_COMMITS_SET);
	sqlite_statement_bind_u64(st, 1, q->n_quiet_commits + 1);
	return sqlite_statement_run(st);
}

static void prove_reach(struct commit_queue *q)
{
	if (q->reach)
		log_reach_put(q->reach, &q->writer.connection, q->n_events + q->n_quiet_commits);
}

/* Moves operations from `ready` to the batch while it does them. Returns SQLite's code: the transaction is committed, or failed. */
static int run_transaction(struct commit_queue *q, struct list *ready, struct batch *b)
{
	struct sqlite_connection *c = &q->writer.connection;
	uint64_t until_ns = clock_mono_ns() + COMMIT_QUEUE_BATCH_US * (uint64_t)1000;
	disk_errno_forget();
	int rc = sqlite_statement_run(sqlite_statement(c, ST_BEGIN_WRITE));
	do {
		struct list *first = ready->next;
		list_remove(first);
		list_append(&b->ops, first);
		b->n++;
		if (rc != SQLITE_OK)
			continue;
		b->n_tried++;
		struct store_op *op = list_entry(first, struct store_op, link);
		rc = writer_apply(&q->writer, op);
		if (rc != SQLITE_OK)
			b->failed = op;
	} while (!list_empty(ready) && b->n < COMMIT_QUEUE_BATCH_MAX && (rc != SQLITE_OK || clock_mono_ns() < until_ns));
	b->in_upkeep = rc == SQLITE_OK;
	if (rc == SQLITE_OK)
		rc = touch_tokens(q);
	if (rc == SQLITE_OK)
		rc = token_age_tidy(&b->token_age, c);
	b->in_upkeep = b->in_upkeep && rc != SQLITE_OK;
	if (rc == SQLITE_OK)
		rc = writer_write_back(&q->writer);
	if (rc == SQLITE_OK)
		rc = count_commit(q);
	if (rc == SQLITE_OK)
		rc = sqlite_statement_run(sqlite_statement(c, ST_COMMIT));
	return rc;
}

/* Whether what is written can be found again. Asked before a transaction and, since only that counts, before its acknowledgement. */
static bool is_in_place(struct commit_queue *q)
{
	if (atomic_load(&q->files_gone))
		return false;
	const char *path = data_dir_missing(q->config.dir);
	if (!path)
		return true;
	LOG_ERROR("store.file_gone", LOG_S("path", path), LOG_S("what", "it was removed, renamed or replaced while the server runs"),
		  LOG_S("consequence", "writes are refused until the server is started again"));
	atomic_store(&q->files_gone, true);
	return false;
}

/* Nothing of the operations that were tried is in memory any more. */
static void undo_tried(struct batch *b)
{
	list_for_each(it, &b->ops) {
		if (b->n_tried == 0)
			break;
		writer_undo(list_entry(it, struct store_op, link));
		b->n_tried--;
	}
}

static void refuse_batch(struct commit_queue *q, struct batch *b, int result)
{
	metric_add(&q->config.metrics->commit_failures_total, 1);
	undo_tried(b);
	list_for_each(it, &b->ops)
		list_entry(it, struct store_op, link)->result = result;
}

/* Nothing of the batch is stored, and nothing of it is in memory. */
static void roll_back(struct commit_queue *q, struct batch *b)
{
	struct sqlite_connection *c = &q->writer.connection;
	/* SQLite may have rolled back by itself. */
	int rolled_back = sqlite3_get_autocommit(c->db) ? SQLITE_OK : sqlite_statement_run(sqlite_statement(c, ST_ROLLBACK));
	if (rolled_back != SQLITE_OK)
		sqlite_fault_exit(c, rolled_back, "rollback");
	writer_forget(&q->writer);
	undo_tried(b);
}

/* Whether the transaction fails because of damage that concerns one operation alone, a mark that is left out from now on, or only the upkeep, which
 * then waits for tomorrow. */
static bool can_go_again(struct commit_queue *q, const struct batch *b, int rc)
{
	if (q->writer.met_damage)
		return true;
	if (b->failed || !b->in_upkeep || !sqlite_fault_is_damage(rc))
		return false;
	q->writer.failed = (struct damage_place){.what = "tokens"};
	token_age_put_off(&q->token_age);
	q->n_touching = 0;
	return true;
}

/* The operation that met damage is answered so, and the others are ready again. */
static void go_again(struct commit_queue *q, struct batch *b, struct list *ready)
{
	damage_note(q->config.damage, &q->writer.failed);
	roll_back(q, b);
	if (b->failed)
		list_remove(&b->failed->link);
	list_splice(&b->ops, ready);
	list_splice(ready, &b->ops);
	b->n = b->failed ? 1 : 0;
	if (b->failed) {
		b->failed->result = -EBADMSG;
		list_append(&b->ops, &b->failed->link);
	}
}

/* Nothing of the batch was stored: says so to each, or ends the process when that is not known. */
static void fail_batch(struct commit_queue *q, struct batch *b, int rc)
{
	struct sqlite_connection *c = &q->writer.connection;
	char reason[200];
	if (sqlite_fault_of(rc, sqlite_connection_errno(c)) != SQLITE_FAULT_NO_ROOM)
		sqlite_fault_exit(c, rc, "commit");
	if (!q->without_room)
		LOG_ERROR("store.no_room", LOG_I("code", rc), LOG_S("reason", sqlite_connection_reason(c, reason, sizeof reason)),
			  LOG_S("consequence", "writes are refused until there is room; reading goes on"));
	q->without_room = true;
	q->last_failure_ms = clock_mono_ms();
	roll_back(q, b);
	refuse_batch(q, b, -EAGAIN);
}

static void note_commit(struct commit_queue *q, size_t n_ops, uint64_t took_ns)
{
	struct metrics *m = q->config.metrics;
	metric_add(&m->commits_total, 1);
	metric_add(&m->events_in_total, q->writer.n_events);
	metric_add(&m->duplicates_total, q->writer.n_duplicates);
	metric_observe(&m->commit_seconds, took_ns);
	metric_observe(&m->commit_operations, n_ops);
	/* On a disk that is nearly full small transactions still fit between large ones that do not: that is one outage, not many. */
	if (!q->without_room || clock_mono_ms() - q->last_failure_ms < OUTAGE_OVER_MS)
		return;
	LOG_INFO("store.has_room", LOG_S("consequence", "writes are taken again"));
	q->without_room = false;
}

/* What is not tried needs no undoing. */
static int skip_transaction(struct list *ready, struct batch *b)
{
	while (!list_empty(ready)) {
		struct list *first = ready->next;
		list_remove(first);
		list_append(&b->ops, first);
		b->n++;
	}
	return SQLITE_OK;
}

static void accept_batch(struct commit_queue *q, struct batch *b, uint64_t took_ns)
{
	q->n_events += q->writer.n_events;
	q->n_quiet_commits += q->writer.n_events == 0;
	prove_reach(q);
	note_commit(q, b->n, took_ns);
	q->token_age = b->token_age;
}

static void run_batch(struct commit_queue *q, struct list *ready)
{
	struct batch b = {.token_age = q->token_age};
	struct list calls;
	list_init(&b.ops);
	list_init(&calls);
	uint64_t started_ns = clock_mono_ns();
	q->writer.n_events = q->writer.n_duplicates = 0;
	q->writer.met_damage = false;
	int rc = is_in_place(q) ? run_transaction(q, ready, &b) : skip_transaction(ready, &b);
	bool accepted = rc == SQLITE_OK && is_in_place(q);
	if (accepted)
		accept_batch(q, &b, clock_mono_ns() - started_ns);
	else if (rc == SQLITE_OK)
		refuse_batch(q, &b, -ESTALE);
	else if (can_go_again(q, &b, rc))
		go_again(q, &b, ready);
	else
		fail_batch(q, &b, rc);
	/* From here on the operations are the loop's: it may free them at any moment. */
	list_for_each(it, &b.ops)
		list_append(&calls, &list_entry(it, struct store_op, link)->call.link);
	atomic_fetch_sub(&q->n_waiting, b.n);
	metric_change(&q->config.metrics->store_waiting, -(int64_t)b.n);
	loop_post_list(q->config.loop, &calls);
	if (accepted)
		checkpoint_after_commit(q->checkpoint, &q->writer.connection, q->wal_pages);
}

/* Waits for work. False: there is none and will be none. */
static bool take_waiting(struct commit_queue *q, struct list *ready)
{
	pthread_mutex_lock(&q->mutex);
	while (list_empty(&q->waiting) && !q->stopping)
		pthread_cond_wait(&q->more, &q->mutex);
	list_splice(ready, &q->waiting);
	memcpy(q->touching, q->touches, q->n_touches * sizeof q->touches[0]);
	q->n_touching = q->n_touches;
	q->n_touches = 0;
	pthread_mutex_unlock(&q->mutex);
	return !list_empty(ready);
}

static void *commit_thread(void *arg)
{
	struct commit_queue *q = arg;
	struct list ready;
	list_init(&ready);
	while (take_waiting(q, &ready))
		while (!list_empty(&ready))
			run_batch(q, &ready);
	return NULL;
}

static void hand_over(struct commit_queue *q)
{
	pthread_mutex_lock(&q->mutex);
	bool was_empty = list_empty(&q->waiting);
	list_splice(&q->waiting, &q->held);
	pthread_mutex_unlock(&q->mutex);
	if (was_empty)
		pthread_cond_signal(&q->more); /* after the unlock: the thread, woken, shall not wait for us */
}

static void at_turn_end(void *arg)
{
	struct commit_queue *q = arg;
	if (list_empty(&q->held))
		return;
	if (!loop_is_busy(q->config.loop) || clock_mono_ns() - q->held_since_ns >= COMMIT_QUEUE_HOLD_US * (uint64_t)1000)
		hand_over(q);
}

/* They are all open by now, so one that is not there was removed between. */
static void note_files(struct commit_queue *q)
{
	int failed = data_dir_note_files(q->config.dir);
	if (failed != 0)
		LOG_WARN("store.files_not_noted", LOG_S("reason", strerror(-failed)));
}

/* Not being able to is no reason not to start: the log is only not missed then. */
static void mark_open(struct commit_queue *q)
{
	struct sqlite_connection *c = &q->writer.connection;
	char reason[200];
	int rc = sqlite_schema_mark_open(c, true);
	if (rc == SQLITE_OK)
		return;
	if (sqlite_fault_of(rc, sqlite_connection_errno(c)) == SQLITE_FAULT_GROUND_LOST)
		sqlite_fault_exit(c, rc, "start");
	LOG_WARN("store.not_marked_open", LOG_S("reason", sqlite_connection_reason(c, reason, sizeof reason)));
}

/* Brings all of the log into the file and lets go of it; else, harmlessly, the log stays and the next start reads it. A log beside another
 * database than its own is left alone: SQLite would delete it by its name. */
static void close_file(struct commit_queue *q)
{
	struct sqlite_connection *c = &q->writer.connection;
	char reason[200];
	if (!data_dir_has_database(q->config.dir)) {
		sqlite_connection_close(c);
		return;
	}
	int rc = sqlite_schema_mark_open(c, false);
	if (rc == SQLITE_OK)
		rc = sqlite_connection_keep_log(c, false);
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK)
		LOG_WARN("store.log_kept", LOG_S("reason", sqlite_connection_reason(c, reason, sizeof reason)));
	sqlite_connection_close(c);
	if (rc == SQLITE_OK && q->reach)
		log_reach_put_closed(q->reach);
}

/* A directory that takes no new file is no reason not to start either: the log is then only not proved. */
static int open_reach(struct commit_queue *q)
{
	struct uid epoch;
	int rc = sqlite_schema_epoch_id(&q->writer.connection, &epoch);
	if (rc == SQLITE_OK)
		rc = sqlite_schema_progress(&q->writer.connection, &q->n_events, &q->n_quiet_commits);
	if (rc == SQLITE_OK)
		rc = token_age_load(&q->token_age, &q->writer.connection);
	if (rc != SQLITE_OK)
		return rc;
	q->reach = log_reach_open(q->config.dir, &epoch);
	if (!q->reach)
		LOG_WARN("store.reach_not_kept", LOG_S("path", q->config.dir->reach_path), LOG_S("reason", strerror(errno)));
	return SQLITE_OK;
}

static int open_file(struct commit_queue *q)
{
	const char *path = q->config.dir->db_path;
	struct sqlite_connection *c = &q->writer.connection;
	int rc = sqlite_connection_open_writer(c, path);
	if (rc == SQLITE_OK)
		rc = sqlite_schema_complete(c);
	if (rc == SQLITE_OK)
		rc = sqlite_statement_prepare_all(c, ROLE_WRITER);
	if (rc == SQLITE_OK)
		rc = open_reach(q);
	if (rc == SQLITE_OK)
		q->db_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (q->db_fd >= 0)
		q->checkpoint = checkpoint_new(path, q->db_fd, q->reach);
	return rc;
}

struct commit_queue *commit_queue_new(const struct commit_queue_config *config, char *reason, size_t n)
{
	struct commit_queue *q = mem_new(struct commit_queue);
	q->config = *config;
	q->writer.damage = config->damage;
	q->db_fd = -1;
	list_init(&q->waiting);
	list_init(&q->held);
	int rc = open_file(q);
	if (!q->checkpoint) {
		if (rc == SQLITE_OK)
			snprintf(reason, n, "a further descriptor or connection failed: %s", strerror(errno));
		else
			sqlite_connection_reason(&q->writer.connection, reason, n);
		sqlite_connection_close(&q->writer.connection);
		if (q->db_fd >= 0)
			close(q->db_fd);
		log_reach_destroy(q->reach);
		free(q);
		return NULL;
	}
	mark_open(q);
	note_files(q);
	prove_reach(q);
	sqlite3_wal_hook(q->writer.connection.db, note_wal_pages, q);
	pthread_mutex_init(&q->mutex, NULL);
	pthread_cond_init(&q->more, NULL);
	store_thread_start(&q->thread, "store-commit", commit_thread, q);
	loop_at_turn_end(q->config.loop, TURN_END_HAND_OVER, at_turn_end, q);
	return q;
}

int commit_queue_submit(struct commit_queue *q, struct store_op *op)
{
	if (q->config.queue_max != 0 && atomic_load(&q->n_waiting) >= q->config.queue_max)
		return -EBUSY;
	op->call.run = call_done;
	if (list_empty(&q->held))
		q->held_since_ns = clock_mono_ns();
	list_append(&q->held, &op->link);
	atomic_fetch_add(&q->n_waiting, 1);
	metric_change(&q->config.metrics->store_waiting, 1);
	return 0;
}

void commit_queue_touch_token(struct commit_queue *q, const uint8_t hash[SECRET_HASH_BYTES], int64_t day)
{
	pthread_mutex_lock(&q->mutex);
	if (q->n_touches < TOUCHES_MAX) {
		struct touch *t = &q->touches[q->n_touches++];
		memcpy(t->hash, hash, SECRET_HASH_BYTES);
		t->day = day;
	}
	pthread_mutex_unlock(&q->mutex);
}

void commit_queue_destroy(struct commit_queue *q)
{
	if (!q)
		return;
	loop_not_at_turn_end(q->config.loop, at_turn_end, q);
	hand_over(q);
	pthread_mutex_lock(&q->mutex);
	q->stopping = true;
	pthread_cond_signal(&q->more);
	pthread_mutex_unlock(&q->mutex);
	pthread_join(q->thread, NULL);
	checkpoint_destroy(q->checkpoint);
	close_file(q);
	log_reach_destroy(q->reach);
	close(q->db_fd);
	writer_finish(&q->writer);
	pthread_cond_destroy(&q->more);
	pthread_mutex_destroy(&q->mutex);
	free(q);
}
