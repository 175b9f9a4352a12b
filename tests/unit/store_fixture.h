/*
 * A real loop and a real store in a directory of its own, and the operations as calls that wait. With STORE_IS_SHARED in the environment it goes by the rules of
 * store_shared.h. Built with STORE_ON_POSTGRES the store is in a database of PostgreSQL's (store_on_postgres.h), and the directory stays empty. For tests of
 * one thread; a test that fails leaves its directory behind.
 */
#ifndef PARLEY_TESTS_STORE_FIXTURE_H
#define PARLEY_TESTS_STORE_FIXTURE_H

#include "store/sqlite/store_sqlite.h"
#ifdef STORE_ON_POSTGRES
#include "store_on_postgres.h"
#endif
#include "store_shared.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct store_fixture {
	struct loop *loop;
	struct metrics metrics;
	struct store *store;
	char dir[200];
	char fault[400];
	size_t queue_max;                                            /* 0: no limit */
	void (*with_writer)(struct store_driver *driver, void *arg); /* arg: this */
};

static inline struct text text_from(const char *s)
{
	return (struct text){.s = s, .n = s ? strlen(s) : 0};
}

static inline struct buf json_from(const char *s)
{
	struct buf b = BUF_INIT;
	buf_append_str(&b, s);
	return b;
}

static inline struct uid fresh_id(void)
{
	struct uid id;
	uid_random(&id, 1);
	return id;
}

/* Opens (or opens again) the store in f->dir; false with f->fault. */
#ifdef STORE_ON_POSTGRES
static inline bool store_fixture_open(struct store_fixture *f)
{
	f->fault[0] = '\0';
	f->store = store_on_postgres_open(f->loop, &f->metrics, f->dir, f->queue_max, f->fault);
	return f->store != NULL;
}
#else
static inline bool store_fixture_open(struct store_fixture *f)
{
	struct store_sqlite_config config = {.dir = f->dir, .queue_max = f->queue_max, .with_writer = f->with_writer, .arg = f};
	if (!config.with_writer && getenv("STORE_IS_SHARED"))
		config.with_writer = store_shared_writer;
	f->fault[0] = '\0';
	f->store = store_sqlite_open(f->loop, &f->metrics, &config, f->fault);
	return f->store != NULL;
}
#endif

static inline void store_fixture_close(struct store_fixture *f)
{
	if (f->store)
		f->store->methods->destroy(f->store);
	f->store = NULL;
	loop_run_once(f->loop);
}

/* A fresh directory below `parent`, not opened yet. */
static inline struct store_fixture *store_fixture_new(const char *parent)
{
	struct store_fixture *f = calloc(1, sizeof *f);
	f->loop = loop_new();
	snprintf(f->dir, sizeof f->dir, "%s/parley-store-XXXXXX", parent);
	if (!mkdtemp(f->dir))
		abort();
	return f;
}

static inline void store_fixture_destroy(struct store_fixture *f)
{
	store_fixture_close(f);
	loop_destroy(f->loop);
	DIR *d = opendir(f->dir);
	for (struct dirent *e; d && (e = readdir(d));)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(f->dir);
	free(f);
}

static inline void mark_done(struct store_op *op)
{
	op->done = NULL;
}

/* Submits; the operation is done when op->done is NULL. */
static inline int store_fixture_submit(struct store_fixture *f, struct store_op *op, enum store_op_kind kind)
{
	op->kind = kind;
	op->done = mark_done;
	return f->store->methods->submit(f->store, op);
}

static inline void store_fixture_wait(struct store_fixture *f, const struct store_op *op)
{
	while (op->done) {
		loop_run_once(f->loop);
		nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
	}
}

/* Submits, waits, and gives the result. */
static inline int store_fixture_do(struct store_fixture *f, struct store_op *op, enum store_op_kind kind)
{
	int busy = store_fixture_submit(f, op, kind);
	if (busy != 0)
		return busy;
	store_fixture_wait(f, op);
	return op->result;
}

static inline uint64_t make_user(struct store_fixture *f, const char *name, enum user_kind kind)
{
	struct store_user_create op = {.id = fresh_id(), .kind = kind, .name = text_from(name), .name_key = text_from(name)};
	op.has_token = kind == USER_GUEST; /* each guest has one, and a user without it is no guest */
	memcpy(op.token_hash, op.id.b, sizeof op.id.b);
	if (store_fixture_do(f, &op.op, STORE_USER_CREATE) != 0)
		abort();
	return op.user_no;
}

/* Deletes the only token of a guest of make_user(). */
static inline void store_fixture_forget_tokens(struct store_fixture *f, uint64_t user_no)
{
	struct store_sign_in find = {.user_no = user_no};
	if (store_fixture_do(f, &find.op, STORE_SIGN_IN) != 0)
		abort();
	struct store_token_delete op = {0};
	memcpy(op.hash, find.user.id.b, sizeof find.user.id.b);
	store_sign_in_finish(&find);
	if (store_fixture_do(f, &op.op, STORE_TOKEN_DELETE) != 0)
		abort();
}

static inline uint64_t make_room_of_kind(struct store_fixture *f, const char *name, enum room_kind kind, uint64_t owner_no)
{
	struct store_room_create op = {.id = fresh_id(),
				       .kind = kind,
				       .name = text_from(name),
				       .name_key = text_from(name),
				       .owner_no = owner_no,
				       .created_data = json_from("{\"name\":1}"),
				       .joined_data = json_from("{\"user\":1}")};
	if (store_fixture_do(f, &op.op, STORE_ROOM_CREATE) != 0)
		abort();
	uint64_t no = op.membership.room.no;
	store_room_finish(&op.membership.room);
	event_free(op.events[0]);
	event_free(op.events[1]);
	buf_finish(&op.created_data);
	buf_finish(&op.joined_data);
	return no;
}

static inline uint64_t make_room(struct store_fixture *f, const char *name, uint64_t owner_no)
{
	return make_room_of_kind(f, name, ROOM_PUBLIC, owner_no);
}

/* One message; the seq, or a negative errno. */
static inline int64_t send_text(struct store_fixture *f, uint64_t room_no, uint64_t author_no, const char *data)
{
	struct store_append op = {.room_no = room_no, .author_no = author_no, .type = EVENT_MESSAGE_CREATED, .data = json_from(data)};
	int result = store_fixture_do(f, &op.op, STORE_APPEND);
	event_free(op.event);
	buf_finish(&op.data);
	return result == 0 ? (int64_t)op.seq : result;
}

/* Joins, or finds the membership that there is: without its room. */
static inline struct store_membership membership_of(struct store_fixture *f, uint64_t room_no, uint64_t user_no)
{
	struct store_join op = {.room_no = room_no, .user_no = user_no};
	if (store_fixture_do(f, &op.op, STORE_JOIN) != 0)
		abort();
	store_join_finish(&op);
	return op.membership;
}

static inline void join_room(struct store_fixture *f, uint64_t room_no, uint64_t user_no)
{
	(void)membership_of(f, room_no, user_no);
}

/* Changes what is stored without the store, which is closed. */
#ifdef STORE_ON_POSTGRES
static inline void store_fixture_change(struct store_fixture *f, const char *sql)
{
	store_on_postgres_change(f->dir, sql);
}
#else
static inline void store_fixture_change(struct store_fixture *f, const char *sql)
{
	char path[300];
	sqlite3 *db;
	snprintf(path, sizeof path, "%s/parley.db", f->dir);
	if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "%s\n", sqlite3_errmsg(db));
		abort();
	}
	sqlite3_close(db);
}
#endif

/* For store_fixture_change(): back from the newest version to version 1, the state that the last parleyd without migrations left. What came to version 1 column
 * by column can then be taken away. */
#define STORE_FIXTURE_VERSION_1_SQL \
	"PRAGMA user_version = 1; DROP TABLE hook; DROP TABLE hook_ask; DROP TABLE hook_reply; DROP TABLE subscription; DROP TABLE subscription_room; DROP TABLE subscription_event; DROP TABLE webhook; DROP TABLE webhook_log; DROP TABLE message_change; DELETE FROM event WHERE pk >> 36 >= 134217725; DELETE FROM room WHERE no >= 134217725; ALTER TABLE account RENAME TO user;" \
	"DROP INDEX account_by_name; CREATE UNIQUE INDEX user_by_name ON user (name_key) WHERE kind <> 2;" \
	"DROP INDEX account_by_skeleton; CREATE UNIQUE INDEX user_by_skeleton ON user (skeleton) WHERE kind <> 2;" \
	"DROP INDEX account_owner; CREATE INDEX user_owner ON user (role) WHERE role = 1;"

/* The number of faults that verify finds; they are printed. */
static inline uint64_t count_faults(struct store_fixture *f)
{
	struct store_verify op = {0};
	if (store_fixture_do(f, &op.op, STORE_VERIFY) != 0)
		abort();
	if (op.n_faults != 0)
		fprintf(stderr, "%.*s", (int)op.faults.len, (const char *)op.faults.data);
	buf_finish(&op.faults);
	return op.n_faults;
}

/* For tests that need an open store on the disk. The store must be undamaged at the end. */
static inline int store_fixture_setup(void **state)
{
	struct store_fixture *f = store_fixture_new("/tmp");
	*state = f;
	return store_fixture_open(f) ? 0 : -1;
}

static inline int store_fixture_teardown(void **state)
{
	struct store_fixture *f = *state;
	uint64_t faults = f->store ? count_faults(f) : 0;
	store_fixture_destroy(f);
	return faults == 0 ? 0 : -1;
}

#endif
