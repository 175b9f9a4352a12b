/* The store on PostgreSQL as a whole: while its server is killed, cut off and set back. */
#include "cmocka_wrap.h"

#include "base/clock.h"
#include "store/notices.h"
#include "store_fixture.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { PATIENCE_MS = 60000, AT_ONCE = 64, MESSAGES_MOST = 1 << 16 };

struct told {
	unsigned n_away, n_back, n_restored;
	struct store *store;
};

static void told_away(void *arg)
{
	struct told *t = arg;
	t->n_away += t->store->is_away;
	t->n_back += !t->store->is_away;
}

static void told_restored(void *arg)
{
	((struct told *)arg)->n_restored++;
}

static void watch(struct store_fixture *f, struct told *t)
{
	*t = (struct told){.store = f->store};
	f->store->watcher = (struct store_watcher){.away = told_away, .restored = told_restored, .arg = t};
}

static void turn(struct store_fixture *f)
{
	loop_run_once(f->loop);
	nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

static void wait_until_back(struct store_fixture *f)
{
	uint64_t until_ms = clock_mono_ms() + PATIENCE_MS;
	while (f->store->is_away) {
		assert_true(clock_mono_ms() < until_ms);
		turn(f);
	}
}

static void sql(struct store_fixture *f, const char *text, char *out, size_t n)
{
	postgres_server_sql(store_on_postgres_server(), store_on_postgres_database(f->dir), text, out, n);
}

/* When this returns they are gone. */
static void end_connections(struct store_fixture *f)
{
	sql(f,
	    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
	    NULL, 0);
}

/* --- a load ---------------------------------------------------------------------------------------------------------------------------------- */

struct load;

struct sent {
	struct store_append op; /* first */
	struct load *load;
	bool is_under_way, is_to_repeat;
};

struct load {
	struct store_fixture *f;
	uint64_t room, author;
	struct buf data;
	struct sent sent[AT_ONCE];
	struct uid *ids; /* by seq: of what was acknowledged */
	size_t n_acknowledged, n_refused;
	bool is_ending; /* nothing new */
};

static void sent_done(struct store_op *op)
{
	struct sent *s = (struct sent *)(void *)op;
	struct load *l = s->load;
	s->is_under_way = false;
	s->is_to_repeat = op->result != 0;
	if (op->result != 0) {
		assert_int_equal(op->result, -ENOTCONN);
		l->n_refused++;
		return;
	}
	assert_true(s->op.seq < MESSAGES_MOST);
	assert_true(uid_is_zero(&l->ids[s->op.seq]));
	l->ids[s->op.seq] = s->op.event ? s->op.event->id : s->op.id;
	l->n_acknowledged++;
	event_free(s->op.event);
}

static void submit_all(struct load *l)
{
	for (size_t i = 0; i < AT_ONCE; i++) {
		struct sent *s = &l->sent[i];
		if (s->is_under_way || (l->is_ending && !s->is_to_repeat))
			continue;
		struct uid client_id = s->is_to_repeat ? s->op.client_id : fresh_id();
		s->load = l;
		s->op = (struct store_append){.op = {.kind = STORE_APPEND, .done = sent_done},
					      .room_no = l->room,
					      .author_no = l->author,
					      .type = EVENT_MESSAGE_CREATED,
					      .data = l->data,
					      .has_client_id = true,
					      .client_id = client_id};
		int refused = l->f->store->methods->submit(l->f->store, &s->op.op);
		assert_true(refused == 0 || refused == -ENOTCONN);
		assert_int_equal(refused == -ENOTCONN, l->f->store->is_away);
		s->is_under_way = refused == 0;
		s->is_to_repeat = refused != 0;
	}
}

static bool is_busy(const struct load *l)
{
	for (size_t i = 0; i < AT_ONCE; i++)
		if (l->sent[i].is_under_way || l->sent[i].is_to_repeat)
			return true;
	return false;
}

static void acknowledge(struct load *l, size_t n)
{
	uint64_t until_ms = clock_mono_ms() + PATIENCE_MS;
	for (size_t end = l->n_acknowledged + n; l->n_acknowledged < end;) {
		assert_true(clock_mono_ms() < until_ms);
		submit_all(l);
		turn(l->f);
	}
}

/* The server is gone, which shows as soon as something is asked of it. */
static void notice(struct load *l)
{
	uint64_t until_ms = clock_mono_ms() + PATIENCE_MS;
	while (!l->f->store->is_away) {
		assert_true(clock_mono_ms() < until_ms);
		submit_all(l);
		turn(l->f);
	}
}

static void begin_load(struct load *l, struct store_fixture *f)
{
	*l = (struct load){.f = f, .author = make_user(f, "ann", USER_PERSON), .data = json_from("{\"text\":\"x\"}")};
	l->room = make_room(f, "room", l->author);
	l->ids = calloc(MESSAGES_MOST, sizeof *l->ids);
}

/* What is stored is what was acknowledged, each once. */
static void check_log(struct load *l)
{
	size_t n = 0;
	for (uint64_t after = 2, more = 1; more;) {
		struct store_log_page page = {.room_no = l->room, .after_seq = after, .limit = 500};
		assert_int_equal(store_fixture_do(l->f, &page.op, STORE_LOG_PAGE), 0);
		for (size_t i = 0; i < page.n_events; i++) {
			const struct event *e = page.events[i];
			assert_int_equal(e->seq, ++after);
			assert_true(uid_equal(&e->id, &l->ids[e->seq]));
			n++;
		}
		more = page.more;
		store_log_page_finish(&page);
	}
	assert_int_equal(n, l->n_acknowledged);
}

static void end_load(struct load *l)
{
	uint64_t until_ms = clock_mono_ms() + PATIENCE_MS;
	for (l->is_ending = true; is_busy(l);) {
		assert_true(clock_mono_ms() < until_ms);
		submit_all(l);
		turn(l->f);
	}
	check_log(l);
	free(l->ids);
	buf_finish(&l->data);
}

/* --- tests ----------------------------------------------------------------------------------------------------------------------------------- */

static void what_was_acknowledged_is_there_once_however_often_the_server_is_killed(void **state)
{
	enum { KILLS = 5 };
	struct store_fixture *f = *state;
	struct load l;
	struct told told;
	begin_load(&l, f);
	watch(f, &told);
	for (unsigned i = 0; i < KILLS; i++) {
		acknowledge(&l, 300);
		postgres_server_kill(store_on_postgres_server());
		notice(&l);
		assert_int_equal(f->store->methods->submit(f->store, &(struct store_ping){.op = {.kind = STORE_PING}}.op), -ENOTCONN);
		postgres_server_start(store_on_postgres_server());
		wait_until_back(f);
	}
	acknowledge(&l, 300);
	end_load(&l);
	assert_int_equal(told.n_away, KILLS);
	assert_int_equal(told.n_back, KILLS);
	assert_int_equal(told.n_restored, 0);
}

static void connections_that_end_one_by_one_are_made_again_unseen(void **state)
{
	struct store_fixture *f = *state;
	struct told told;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "room", ann);
	watch(f, &told);
	for (int i = 0; i < 3; i++) {
		end_connections(f);
		assert_int_equal(send_text(f, room, ann, "{}"), 3 + i);
		struct store_room_find find = {.room_no = room};
		assert_int_equal(store_fixture_do(f, &find.op, STORE_ROOM_FIND), 0);
		store_room_finish(&find.room);
	}
	assert_int_equal(told.n_away, 0);
}

static void a_database_that_was_set_back_is_another_history_for_all(void **state)
{
	struct store_fixture *f = *state;
	struct load l;
	struct told told;
	char epoch[STORE_EPOCH_BYTES + 1];
	begin_load(&l, f);
	watch(f, &told);
	memcpy(epoch, f->store->epoch, sizeof epoch);
	for (unsigned i = 1; i <= 3; i++) {
		acknowledge(&l, 100);
		sql(f, "UPDATE meta SET bytes = 'another' WHERE key = 'ground'", NULL, 0);
		end_connections(f);
		uint64_t until_ms = clock_mono_ms() + PATIENCE_MS;
		while (told.n_restored < i) {
			assert_true(clock_mono_ms() < until_ms);
			submit_all(&l);
			turn(f);
		}
		assert_int_equal(told.n_restored, i);
		assert_memory_not_equal(f->store->epoch, epoch, STORE_EPOCH_BYTES);
		memcpy(epoch, f->store->epoch, sizeof epoch);
		wait_until_back(f);
	}
	acknowledge(&l, 100);
	end_load(&l);
}

/* In the place of the server that was killed: takes connections, and says nothing. */
static int be_silent(struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof address->sun_path, "%s/.s.PGSQL.5432", store_on_postgres_server()->folder);
	(void)unlink(address->sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)address, sizeof *address), 0);
	assert_int_equal(chmod(address->sun_path, 0777), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static void a_store_that_is_away_closes_soon_and_tells_no_password(void **state)
{
	struct store_fixture *f = *state;
	struct load l;
	begin_load(&l, f);
	acknowledge(&l, 100);
	postgres_server_kill(store_on_postgres_server());
	notice(&l);
	assert_non_null(strstr(f->store->away_why, store_on_postgres_server()->folder));
	assert_true(f->store->away_retry_ms > 0);
	struct sockaddr_un address;
	struct pollfd silent = {.fd = be_silent(&address), .events = POLLIN};
	uint64_t until_ms = clock_mono_ms() + PATIENCE_MS;
	while (poll(&silent, 1, 0) == 0) {
		assert_true(clock_mono_ms() < until_ms);
		turn(f);
	}
	uint64_t started_ms = clock_mono_ms();
	store_fixture_close(f); /* a try that nobody answers lasts for a minute */
	assert_true(clock_mono_ms() - started_ms < 5000);
	close(silent.fd);
	(void)unlink(address.sun_path);
	for (size_t i = 0; i < AT_ONCE; i++)
		assert_false(l.sent[i].is_under_way);
	struct store_postgres_config config = {.database = {.address = "host=/nowhere.there", .password = "secret"}, .start_ms = 200};
	assert_null(store_postgres_open(f->loop, &f->metrics, &config, f->fault));
	assert_non_null(strstr(f->fault, "/nowhere.there"));
	assert_null(strstr(f->fault, "secret"));
	postgres_server_start(store_on_postgres_server());
	assert_true(store_fixture_open(f));
	memset(l.sent, 0, sizeof l.sent);
	free(l.ids);
	buf_finish(&l.data);
}

static void a_batch_takes_two_round_trips(void **state)
{
	struct store_fixture *f = *state;
	struct load l;
	begin_load(&l, f);
	acknowledge(&l, 200); /* all is prepared */
	uint64_t trips = f->metrics.store_round_trips_total, commits = f->metrics.commits_total;
	acknowledge(&l, 1000);
	l.is_ending = true;
	while (is_busy(&l))
		turn(f);
	assert_int_equal(f->metrics.store_round_trips_total - trips, 2 * (f->metrics.commits_total - commits));
	end_load(&l);
	assert_int_equal(f->metrics.store_connects_total, 4);
}

static struct db *connect_beside(struct store_fixture *f)
{
	char address[160];
	postgres_server_address(store_on_postgres_server(), store_on_postgres_database(f->dir), address, sizeof address);
	struct db *db = db_postgres_new(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000});
	assert_int_equal(db_postgres_connect(db), DB_OK);
	return db;
}

/* A connection waits for a lock, and the operation is not done meanwhile. */
static void wait_until_locked(struct store_fixture *f, const struct store_op *op)
{
	uint64_t until_ms = clock_mono_ms() + PATIENCE_MS;
	for (char n[8] = "0"; n[0] == '0';) {
		assert_true(clock_mono_ms() < until_ms && op->done);
		turn(f);
		sql(f, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'", n,
		    sizeof n);
	}
}

/* The token goes in a transaction that has begun before the guest enters, and ends after. */
static void a_guest_whose_last_token_goes_meanwhile_does_not_enter(void **state)
{
	static const struct db_statement token_delete = {.sql = "DELETE FROM token WHERE user_no = $1 RETURNING 1", .parameters = "n"};
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), guest = make_user(f, "guest", USER_GUEST);
	uint64_t room = make_room(f, "room", ann);
	struct db *other = connect_beside(f);
	assert_int_equal(db_begin(other, true), DB_OK);
	struct db_answer *deleted = db_ask(other, &token_delete, db_number(guest));
	assert_int_equal(db_row(deleted), DB_ROW);
	db_done(deleted);
	struct store_join join = {.room_no = room, .user_no = guest};
	assert_int_equal(store_fixture_submit(f, &join.op, STORE_JOIN), 0);
	wait_until_locked(f, &join.op);
	assert_int_equal(db_commit(other), DB_OK);
	db_close(other);
	store_fixture_wait(f, &join.op);
	assert_int_equal(join.op.result, -ENOENT);
	char n[8];
	sql(f, "SELECT count(*) FROM member", n, sizeof n);
	assert_int_equal(atoi(n), 1); /* ann */
	store_join_finish(&join);
}

/* Whose memberships end is known only after the batch has locked its rooms. */
static void who_waits_for_a_room_that_guests_leave_holds_no_other(void **state)
{
	static const struct db_statement room_lock = {.sql = "SELECT 1 FROM room WHERE no = $1 FOR UPDATE NOWAIT", .parameters = "n"};
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_PERSON), guest = make_user(f, "guest", USER_GUEST);
	uint64_t left = make_room(f, "left", ann), joined = make_room(f, "joined", ann);
	join_room(f, left, guest);
	store_fixture_forget_tokens(f, guest);
	struct db *other = connect_beside(f);
	assert_int_equal(db_begin(other, true), DB_OK);
	struct db_answer *locked = db_ask(other, &room_lock, db_number(left));
	assert_int_equal(db_row(locked), DB_ROW);
	db_done(locked);
	struct store_join join = {.room_no = joined, .user_no = bob};
	struct store_guests_end end = {.most = 10};
	assert_int_equal(store_fixture_submit(f, &join.op, STORE_JOIN), 0);
	assert_int_equal(store_fixture_submit(f, &end.op, STORE_GUESTS_END), 0);
	wait_until_locked(f, &end.op);
	for (int i = 0; i < 2; i++) {
		locked = db_ask(other, &room_lock, db_number(i == 0 ? joined : SERVER_LOG_ROOM_NO));
		assert_int_equal(db_row(locked), DB_ROW);
		db_done(locked);
	}
	assert_int_equal(db_commit(other), DB_OK);
	db_close(other);
	store_fixture_wait(f, &join.op);
	store_fixture_wait(f, &end.op);
	assert_int_equal(join.op.result, 0);
	assert_int_equal(end.op.result, 0);
	assert_int_equal(end.n_ended, 1);
	store_join_finish(&join);
	store_guests_end_finish(&end);
}

/* A table that is slow, and times that are short. */
static void a_verification_takes_the_time_that_it_needs(void **state)
{
	static const struct db_statement slow = {.sql = "SELECT count(*) FROM token", .parameters = ""};
	struct store_fixture *f = *state;
	char address[160];
	make_user(f, "guest", USER_GUEST);
	store_fixture_close(f);
	sql(f, "ALTER TABLE token RENAME TO token_row", NULL, 0);
	sql(f, "CREATE VIEW token AS SELECT * FROM token_row WHERE pg_sleep(1) IS NOT NULL", NULL, 0);
	postgres_server_address(store_on_postgres_server(), store_on_postgres_database(f->dir), address, sizeof address);
	struct store_postgres_config config = {
		.database = {.address = address, .may_lose_commits = true, .connect_ms = 60000, .statement_ms = 200, .answer_ms = 600}};
	struct db *db = db_postgres_new(&config.database);
	assert_int_equal(db_postgres_connect(db), DB_OK);
	struct db_answer *count = db_ask_plain(db, &slow);
	assert_int_equal(db_row(count), DB_FAILED); /* it is slow enough */
	db_done(count);
	db_close(db);
	f->store = store_postgres_open(f->loop, &f->metrics, &config, f->fault);
	assert_non_null(f->store);
	assert_int_equal(count_faults(f), 0);
	store_fixture_close(f);
	sql(f, "DROP VIEW token; ALTER TABLE token_row RENAME TO token", NULL, 0);
	assert_true(store_fixture_open(f));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_was_acknowledged_is_there_once_however_often_the_server_is_killed),
		TEST(connections_that_end_one_by_one_are_made_again_unseen),
		TEST(a_database_that_was_set_back_is_another_history_for_all),
		TEST(a_store_that_is_away_closes_soon_and_tells_no_password),
		TEST(a_batch_takes_two_round_trips),
		TEST(a_guest_whose_last_token_goes_meanwhile_does_not_enter),
		TEST(who_waits_for_a_room_that_guests_leave_holds_no_other),
		TEST(a_verification_takes_the_time_that_it_needs),
	};
#undef TEST
	return cmocka_run_group_tests(tests, NULL, NULL);
}
