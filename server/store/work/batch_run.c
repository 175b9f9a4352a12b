#include "store/work/batch_run.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/server_events.h"

#include <errno.h>
#include <string.h>

enum { OUTAGE_OVER_MS = 5000 };

static const struct db_statement touch[] = {
	[TOUCH_TOKEN] = {.sql = "UPDATE token SET used_day = $2 WHERE hash = $1 AND used_day < $2", .parameters = "bn"},
	[TOUCH_HOOK] = {.sql = "UPDATE hook SET used_day = $2 WHERE token_hash = $1 AND used_day < $2", .parameters = "bn"},
};
static const struct db_statement writer_enter = {
	.sql = "INSERT INTO writer (id, batch_no, seen_ms) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING", .parameters = "bn"};
static const struct db_statement writers_gone = {.sql = "DELETE FROM writer WHERE seen_ms < $1", .parameters = "n"};
/* One that was idle for long has no row any more. */
static const struct db_statement writer_mark = {
	.sql = "INSERT INTO writer (id, batch_no, seen_ms) VALUES ($1, $2, $3)"
	       " ON CONFLICT (id) DO UPDATE SET batch_no = excluded.batch_no, seen_ms = excluded.seen_ms",
	.parameters = "bnn"};
static const struct db_statement writer_batch = {.sql = "SELECT batch_no FROM writer WHERE id = $1",
						 .postgres = "SELECT batch_no FROM writer WHERE id = $1 FOR UPDATE",
						 .parameters = "b"};

/* One transaction, while it runs. */
struct run {
	struct list ops; /* store_op.link; those that wrote */
	size_t n;
	size_t n_looked;
	bool is_later;              /* the next operation waits for the next batch */
	struct token_age token_age; /* as it is once this is committed */
	struct store_op *failed;    /* the one that fails the transaction; NULL: none of them does */
	bool in_upkeep;             /* what is done beside the operations fails it */
	bool in_commit;             /* the commit was sent */
};

int batch_runner_init(struct batch_runner *r, struct store_driver *driver, struct metrics *m, struct damage *damage)
{
	r->driver = driver;
	r->metrics = m;
	r->n_ahead = BATCH_MAX;
	list_init(&r->undecided);
	uid_random(&driver->writer, 1);
	batch_init(&r->batch, driver->db, damage);
	return token_age_load(&r->token_age, driver->db);
}

void batch_runner_finish(struct batch_runner *r)
{
	batch_finish(&r->batch);
}

static bool is_shared(const struct batch_runner *r)
{
	return !r->driver->db->is_only_writer;
}

static int touch_tokens(struct batch_runner *r)
{
	int rc = DB_OK;
	for (size_t i = 0; i < r->n_touches && rc == DB_OK; i++)
		rc = db_send(r->driver->db, &touch[r->touches[i].of], db_bytes(r->touches[i].hash, SECRET_HASH_BYTES),
			     db_signed(r->touches[i].day));
	return rc;
}

/* Puts operations back in front of those that are ready, in their order. */
static void put_back(struct list *ops, struct list *ready)
{
	list_splice(ops, ready);
	list_splice(ready, ops);
}

static void move_first(struct list *to, struct list *from)
{
	struct list *first = from->next;
	list_remove(first);
	list_append(to, first);
}

static struct store_op *first_op(const struct list *ops)
{
	return list_entry(ops->next, struct store_op, link);
}

/* Where others write too: which rooms it locks is known only while it writes. Behind those of a batch they would be out of order. */
static bool goes_alone(const struct batch_runner *r, const struct store_op *op)
{
	return is_shared(r) && op->kind == STORE_GUESTS_END;
}

/* `most` operations look; then they write, in their order, until one fails or has to wait. Those that did not write are ready again. */
static int run_some(struct batch_runner *r, struct list *ready, struct run *t, size_t most)
{
	struct list some;
	int rc = DB_OK;
	list_init(&some);
	for (size_t i = 0; i < most && !list_empty(ready); i++) {
		bool is_alone = goes_alone(r, first_op(ready));
		if (is_alone && i > 0)
			break;
		move_first(&some, ready);
		t->n_looked++;
		if (is_alone)
			break;
	}
	r->batch.is_alone = !r->driver->db->looks_ahead || t->n_looked == 1;
	batch_lock_rooms(&r->batch, &some);
	batch_lock_accounts(&r->batch, &some);
	batch_lock_subscriptions(&r->batch, &some);
	list_for_each(it, &some)
		batch_look(&r->batch, list_entry(it, struct store_op, link));
	batch_lock_logs(&r->batch, &some);
	while (rc == DB_OK && !list_empty(&some)) {
		struct store_op *op = first_op(&some);
		rc = batch_write(&r->batch, op);
		if (rc == BATCH_LATER) {
			store_op_finish(op);
			t->is_later = true;
			break;
		}
		batch_let_go(op);
		move_first(&t->ops, &some);
		t->n++;
		if (rc != DB_OK)
			t->failed = op;
	}
	list_for_each(it, &some)
		batch_let_go(list_entry(it, struct store_op, link));
	put_back(&some, ready);
	return rc == BATCH_LATER ? DB_OK : rc;
}

/* What goes with every transaction, and the commit. */
static int finish_transaction(struct batch_runner *r, struct run *t)
{
	struct db *db = r->driver->db;
	int rc = touch_tokens(r);
	if (rc == DB_OK)
		rc = token_age_tidy(&t->token_age, db);
	if (rc == DB_OK && is_shared(r))
		rc = batch_clear_log(&r->batch, clock_wall_ms());
	t->in_upkeep = rc != DB_OK;
	if (rc == DB_OK)
		rc = batch_write_back(&r->batch);
	if (rc == DB_OK)
		rc = r->driver->methods->before_commit(r->driver, r->batch.n_events);
	if (rc != DB_OK)
		return rc;
	t->in_commit = true;
	return db_commit(db);
}

/* Operations that look ahead do so once, so that the rooms of a transaction are locked in one order. */
static int run_ops(struct batch_runner *r, struct list *ready, struct run *t)
{
	uint64_t until_ns = clock_mono_ns() + BATCH_US * (uint64_t)1000;
	size_t most = r->n_alone > 0 ? 1 : BATCH_MAX;
	int rc;
	if (r->driver->db->looks_ahead) {
		rc = run_some(r, ready, t, most < r->n_ahead ? most : r->n_ahead);
		size_t n = t->is_later ? t->n * 2 : r->n_ahead * 2;
		r->n_ahead = n < BATCH_AHEAD_MIN ? BATCH_AHEAD_MIN : n < BATCH_MAX ? n : BATCH_MAX;
		return rc;
	}
	do
		rc = run_some(r, ready, t, 1);
	while (rc == DB_OK && !list_empty(ready) && t->n < most && clock_mono_ns() < until_ns);
	return rc;
}

static int tell_begun(struct batch_runner *r, const struct list *ready)
{
	size_t n_bytes = 0;
	if (!r->driver->methods->begun)
		return DB_OK;
	list_for_each(it, ready)
		n_bytes += store_op_data_bytes(list_entry(it, const struct store_op, link));
	return r->driver->methods->begun(r->driver, n_bytes);
}

/* Moves operations from `ready` to the run while it does them. A db_result: the transaction is committed, or failed. */
static int run_transaction(struct batch_runner *r, struct list *ready, struct run *t)
{
	struct db *db = r->driver->db;
	int rc = db_begin(db, true);
	if (rc == DB_OK && is_shared(r))
		rc = db_send(db, &writer_mark, db_uid(&r->driver->writer), db_number(++r->batch_no), db_signed(clock_wall_ms()));
	if (rc == DB_OK && is_shared(r))
		rc = tell_begun(r, ready);
	if (rc == DB_OK)
		rc = run_ops(r, ready, t);
	return rc == DB_OK ? finish_transaction(r, t) : rc;
}

static void refuse(struct list *ops, struct list *done, int result, size_t most)
{
	for (size_t i = 0; i < most && !list_empty(ops); i++) {
		first_op(ops)->result = result;
		move_first(done, ops);
	}
}

/* Nothing that the operations were given is in memory any more. */
static void undo(struct list *ops)
{
	list_for_each(it, ops)
		store_op_finish(list_entry(it, struct store_op, link));
}

/* Nothing of the transaction is stored, and nothing of it is in memory. */
static void roll_back(struct batch_runner *r, struct run *t)
{
	int rc = db_rollback(r->driver->db);
	if (rc != DB_OK && !is_shared(r))
		r->driver->methods->lost(r->driver, r->driver->db, "rollback");
	batch_end(&r->batch, false);
	undo(&t->ops);
	r->n_touches = 0;
}

/* Whether the transaction fails because of damage that concerns one operation alone, a mark that is left out from now on, or only the upkeep, which
 * then waits for tomorrow. */
static bool can_go_again(struct batch_runner *r, const struct run *t, int rc)
{
	if (r->batch.met_damage)
		return true;
	if (t->failed || !t->in_upkeep || rc != DB_DAMAGED)
		return false;
	r->batch.failed = (struct damage_place){.what = "tokens"};
	token_age_put_off(&r->token_age);
	return true;
}

/* The operation that met damage is answered so, and the others are ready again; with the one whose server-wide event has no place, which is done without it. */
static void go_again(struct batch_runner *r, struct run *t, struct list *ready, struct list *done)
{
	bool is_refused = t->failed && r->batch.failed.room_no != SERVER_EVENTS_ROOM_NO;
	damage_note(r->batch.damage, &r->batch.failed);
	roll_back(r, t);
	if (is_refused) {
		list_remove(&t->failed->link);
		t->failed->result = -EBADMSG;
		list_append(done, &t->failed->link);
		r->n_alone -= r->n_alone > 0;
	}
	put_back(&t->ops, ready);
}

static void fail_without_room(struct batch_runner *r, struct run *t, struct list *ready, struct list *done)
{
	char reason[300];
	if (!r->without_room)
		LOG_ERROR("store.no_room", LOG_S("reason", db_reason(r->driver->db, reason, sizeof reason)),
			  LOG_S("consequence", "writes are refused until there is room; reading goes on"));
	r->without_room = true;
	r->last_failure_ms = clock_mono_ms();
	metric_add(&r->metrics->commit_failures_total, 1);
	roll_back(r, t);
	refuse(&t->ops, done, -EAGAIN, BATCH_MAX);
	refuse(ready, done, -EAGAIN, BATCH_MAX - t->n);
}

static bool is_current(const struct batch_runner *r)
{
	const struct store_driver_methods *methods = r->driver->methods;
	return !methods->is_current || methods->is_current(r->driver, r->driver->db);
}

/* What is refused from now on is refused by a store that is away. */
static void note_away(struct batch_runner *r)
{
	r->is_away = true;
	if (r->driver->methods->away)
		r->driver->methods->away(r->driver);
}

/* The row of this writer is looked for again: what is reached now may be another history. */
static int come_back(struct batch_runner *r)
{
	if (!r->is_away && is_current(r))
		return DB_OK;
	int rc = r->driver->methods->reconnect(r->driver, r->driver->db);
	r->is_away = rc != DB_OK;
	r->has_row = false;
	return rc;
}

/* The connection is lost. What was not in its commit goes again at once, if there is a connection then. */
static void fail_away(struct batch_runner *r, struct run *t, struct list *ready)
{
	r->is_away = true;
	metric_add(&r->metrics->commit_failures_total, 1);
	if (!t->in_commit) {
		roll_back(r, t);
		put_back(&t->ops, ready);
		return;
	}
	r->undecided_events = r->batch.n_events;
	r->undecided_age = t->token_age;
	list_splice(&r->undecided, &t->ops);
	db_rollback(r->driver->db);
	batch_end(&r->batch, false);
}

/* Where others write too: the operations go again one by one, and one that cannot be done alone is given up. */
static void fail_among_others(struct batch_runner *r, struct run *t, int rc, struct list *ready, struct list *done)
{
	char reason[300];
	bool is_race = rc == DB_CONFLICT || rc == DB_LOST_RACE;
	db_reason(r->driver->db, reason, sizeof reason);
	roll_back(r, t);
	put_back(&t->ops, ready);
	if (t->n_looked > 1) {
		r->n_alone = t->n_looked;
		r->n_races = 0;
		return;
	}
	if (is_race && ++r->n_races < BATCH_RACES_MAX)
		return;
	LOG_ERROR("store.write_failed", LOG_S("operation", store_op_name(first_op(ready)->kind)), LOG_S("reason", reason));
	metric_add(&r->metrics->commit_failures_total, 1);
	r->n_races = 0;
	r->n_alone -= r->n_alone > 0;
	refuse(ready, done, is_race ? -ENOTCONN : rc == DB_DAMAGED ? -EBADMSG : -EIO, 1);
}

static void fail(struct batch_runner *r, struct run *t, int rc, struct list *ready, struct list *done)
{
	if (can_go_again(r, t, rc))
		go_again(r, t, ready, done);
	else if (rc == DB_NO_ROOM)
		fail_without_room(r, t, ready, done);
	else if (rc == DB_GROUND_LOST || !is_shared(r))
		r->driver->methods->lost(r->driver, r->driver->db, "commit");
	else if (rc == DB_AWAY)
		fail_away(r, t, ready);
	else
		fail_among_others(r, t, rc, ready, done);
}

static void note_commit(struct batch_runner *r, size_t n_ops, uint64_t n_events)
{
	struct metrics *m = r->metrics;
	metric_add(&m->commits_total, 1);
	metric_add(&m->events_in_total, n_events);
	metric_add(&m->duplicates_total, r->batch.n_duplicates);
	metric_observe(&m->commit_operations, n_ops);
	/* On a disk that is nearly full small transactions still fit between large ones that do not: that is one outage, not many. */
	if (!r->without_room || clock_mono_ms() - r->last_failure_ms < OUTAGE_OVER_MS)
		return;
	LOG_INFO("store.has_room", LOG_S("consequence", "writes are taken again"));
	r->without_room = false;
}

/* It is on disk. False: refused nevertheless, because it is in a file that nobody finds again. */
static bool accept(struct batch_runner *r, struct run *t, struct list *done)
{
	r->n_touches = 0;
	r->n_races = 0;
	r->n_alone -= r->n_alone < t->n ? r->n_alone : t->n;
	bool accepted = r->driver->methods->is_in_place(r->driver);
	if (!accepted) {
		metric_add(&r->metrics->commit_failures_total, 1);
		undo(&t->ops);
		refuse(&t->ops, done, -ESTALE, SIZE_MAX);
	} else {
		r->driver->batch_no = r->batch_no;
		r->driver->methods->after_commit(r->driver, r->batch.n_events);
		note_commit(r, t->n, r->batch.n_events);
		r->token_age = t->token_age;
		list_splice(done, &t->ops);
	}
	batch_end(&r->batch, true);
	return accepted;
}

/* The row of this writer, before the first of its transactions, and what it has to know of another history. */
static int enter(struct batch_runner *r)
{
	struct db *db = r->driver->db;
	int64_t now_ms = clock_wall_ms();
	if (!is_shared(r) || (r->has_row && !r->is_new_epoch))
		return DB_OK;
	int rc = db_begin(db, true);
	if (rc == DB_OK)
		rc = db_send(db, &writer_enter, db_uid(&r->driver->writer), db_signed(now_ms));
	if (rc == DB_OK)
		rc = db_send(db, &writers_gone, db_signed(now_ms - BATCH_WRITER_KEPT_MS));
	if (rc == DB_OK)
		rc = db_commit(db);
	if (rc != DB_OK && rc != DB_AWAY) {
		char reason[300];
		LOG_ERROR("store.write_failed", LOG_S("operation", "enter"), LOG_S("reason", db_reason(db, reason, sizeof reason)));
	}
	if (rc != DB_OK)
		db_rollback(db);
	r->has_row = rc == DB_OK;
	if (rc == DB_OK && r->is_new_epoch) {
		rc = token_age_load(&r->token_age, db);
		r->is_new_epoch = rc != DB_OK;
	}
	return rc;
}

bool batch_run(struct batch_runner *r, struct list *ready, struct list *done)
{
	struct run t = {0};
	list_init(&t.ops);
	uint64_t started_ns = clock_mono_ns();
	if (!r->driver->methods->is_in_place(r->driver)) {
		metric_add(&r->metrics->commit_failures_total, 1);
		refuse(ready, done, -ESTALE, SIZE_MAX);
		return false;
	}
	int rc = come_back(r);
	if (rc == DB_OK && !is_current(r))
		rc = DB_AWAY;
	if (rc == DB_OK && (rc = enter(r)) == DB_AWAY) {
		r->is_away = true; /* lost just now: nothing was tried, and there may be another at once */
		return false;
	}
	if (rc != DB_OK) {
		note_away(r);
		batch_refuse(r, ready, done);
		return false;
	}
	t.token_age = r->token_age;
	batch_begin(&r->batch);
	rc = run_transaction(r, ready, &t);
	if (rc != DB_OK) {
		fail(r, &t, rc, ready, done);
		return false;
	}
	metric_observe(&r->metrics->commit_seconds, clock_mono_ns() - started_ns);
	return accept(r, &t, done);
}

void batch_refuse(struct batch_runner *r, struct list *ready, struct list *done)
{
	metric_add(&r->metrics->commit_failures_total, !list_empty(ready));
	refuse(ready, done, -ENOTCONN, SIZE_MAX);
}

void batch_give_up(struct batch_runner *r, struct list *done)
{
	undo(&r->undecided);
	batch_refuse(r, &r->undecided, done);
}

struct db_answer *batch_ask_writer(struct db *db, const struct uid *writer)
{
	return db_ask(db, &writer_batch, db_uid(writer));
}

/* DB_ROW: it was committed; DB_DONE: it was not; else nobody knows yet. */
static int ask_what_became(struct batch_runner *r)
{
	struct db *db = r->driver->db;
	int rc = db_begin(db, true);
	if (rc == DB_OK) {
		auto_answer *row = batch_ask_writer(db, &r->driver->writer);
		rc = db_row(row);
		if (rc == DB_ROW && db_column_number(row, 0) != r->batch_no)
			rc = DB_DONE;
	}
	int ended = db_rollback(db);
	return rc >= 0 && ended != DB_OK ? ended : rc;
}

void batch_decide(struct batch_runner *r, struct list *ready, struct list *done)
{
	int rc = come_back(r);
	if (rc == DB_OK)
		rc = ask_what_became(r);
	if (rc < 0) {
		note_away(r);
		return;
	}
	LOG_INFO("store.decided", LOG_S("commit", rc == DB_ROW ? "done" : "not done"));
	if (rc != DB_ROW) {
		undo(&r->undecided);
		put_back(&r->undecided, ready);
		return;
	}
	struct run t = {.token_age = r->undecided_age};
	list_init(&t.ops);
	list_for_each(it, &r->undecided)
		t.n++;
	list_splice(&t.ops, &r->undecided);
	batch_begin(&r->batch);
	r->batch.n_events = r->undecided_events;
	accept(r, &t, done);
}
