#include "store/work/batch.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct batch_kept {
	struct batch_kept *next;
	void *bytes;                /* owned */
	struct text name, skeleton; /* name.s not NULL: an operation's; skeleton is in `bytes` */
};

/* Locked where others write too, until the transaction ends. */
static const struct db_statement room_get = {.sql = "SELECT " ROOM_COUNTERS_COLUMNS " FROM room WHERE no = $1",
					     .postgres = "SELECT " ROOM_COUNTERS_COLUMNS " FROM room WHERE no = $1 FOR UPDATE",
					     .parameters = "n"};
/* Where the log of a room ends. A statement of its own, so that it sees what was committed until the room was locked, and damage is told apart from that
 * of the room. */
static const struct db_statement top_get = {
	.sql = "SELECT r.no, e.n_messages FROM room r JOIN event e ON e.pk = r.no << 36 | r.last_seq WHERE r.no = $1", .parameters = "n"};
static const struct db_statement rooms_get = {
	.sql = "SELECT " ROOM_COUNTERS_COLUMNS " FROM room WHERE no IN (SELECT value FROM json_each($1)) ORDER BY no",
	.postgres = "SELECT " ROOM_COUNTERS_COLUMNS " FROM room WHERE no = ANY ($1) ORDER BY no FOR UPDATE",
	.parameters = "N"};
static const struct db_statement tops_get = {
	.sql = "SELECT r.no, e.n_messages FROM room r JOIN event e ON e.pk = r.no << 36 | r.last_seq"
	       " WHERE r.no IN (SELECT value FROM json_each($1))",
	.postgres = "SELECT r.no, e.n_messages FROM room r JOIN event e ON e.pk = r.no << 36 | r.last_seq WHERE r.no = ANY ($1)",
	.parameters = "N"};

static const struct db_statement accounts_lock = {.sql = "SELECT no FROM account WHERE no IN (SELECT value FROM json_each($1)) ORDER BY no",
						  .postgres = "SELECT no FROM account WHERE no = ANY ($1) ORDER BY no FOR UPDATE",
						  .parameters = "N"};
static const struct db_statement subscriptions_lock = {
	.sql = "SELECT no FROM subscription WHERE no IN (SELECT value FROM json_each($1)) OR owner_no IN (SELECT value FROM json_each($2)) ORDER BY no",
	.postgres = "SELECT no FROM subscription WHERE no = ANY ($1) OR owner_no = ANY ($2) ORDER BY no FOR UPDATE",
	.parameters = "NN"};

void batch_init(struct batch *b, struct db *db, struct damage *damage)
{
	b->db = db;
	b->damage = damage;
	b->rooms.is_shared = !db->is_only_writer;
}

static void drop_kept(struct batch *b)
{
	for (struct batch_kept *k = b->kept, *next; k; k = next) {
		next = k->next;
		free(k->bytes);
		free(k);
	}
	b->kept = NULL;
}

void batch_finish(struct batch *b)
{
	drop_kept(b);
	read_marks_finish(&b->marks);
	buf_finish(&b->json);
	skeletons_destroy(b->skeletons);
	b->skeletons = NULL;
}

void batch_begin(struct batch *b)
{
	b->n_events = b->n_duplicates = 0;
	b->met_damage = false;
}

static uint64_t room_of(const struct store_op *op)
{
#define ROOM_NO_ROOM(noun) 0
#define ROOM_ROOM(noun) list_entry(op, struct store_##noun, op)->room_no
#define X(KIND, noun, how, owns, room) \
	case STORE_##KIND: \
		return ROOM_##room(noun);
	switch (op->kind) {
		STORE_OP_TABLE(X)
	}
#undef X
	return 0;
}

static int by_number(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
	return a < b ? -1 : a > b;
}

/* In order, each once; how many. */
static size_t in_order_once(int64_t *nos, size_t n)
{
	size_t n_once = 0;
	qsort(nos, n, sizeof nos[0], by_number);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || nos[i] != nos[i - 1])
			nos[n_once++] = nos[i];
	return n_once;
}

/* What the operations name, as of() tells of each (0: nothing): in order, each once. */
static size_t numbers_of(const struct list *ops, uint64_t (*of)(const struct store_op *op), int64_t nos[BATCH_MAX])
{
	size_t n = 0;
	list_for_each(it, ops) {
		uint64_t no = of(list_entry(it, const struct store_op, link));
		if (no != 0)
			nos[n++] = (int64_t)no;
	}
	return in_order_once(nos, n);
}

void batch_lock_rooms(struct batch *b, const struct list *ops)
{
	if (b->db->is_only_writer)
		return;
	b->n_room_nos = numbers_of(ops, room_of, b->room_nos);
	if (b->n_room_nos == 0)
		return;
	b->rooms_asked = db_ask(b->db, &rooms_get, db_numbers(b->room_nos, b->n_room_nos));
	b->tops_asked = db_ask(b->db, &tops_get, db_numbers(b->room_nos, b->n_room_nos));
}

/* The account that the operation locks, where it knows its number before it looks. */
static uint64_t account_of(const struct store_op *op)
{
	if (op->kind == STORE_JOIN)
		return list_entry(op, struct store_join, op)->user_no;
	if (op->kind == STORE_LEAVE) /* so that no subscription begins in the room meanwhile */
		return list_entry(op, struct store_leave, op)->user_no;
	if (op->kind == STORE_ROOM_CREATE)
		return list_entry(op, struct store_room_create, op)->owner_no;
	if (op->kind == STORE_SUBSCRIPTION_CREATE)
		return list_entry(op, struct store_subscription_create, op)->owner_no;
	const struct store_token_create *token = op->kind == STORE_TOKEN_CREATE ? list_entry(op, struct store_token_create, op) : NULL;
	return token && token->password_hash ? token->user_no : 0;
}

void batch_lock_accounts(struct batch *b, const struct list *ops)
{
	if (b->db->is_only_writer)
		return;
	size_t n = numbers_of(ops, account_of, b->account_nos);
	if (n > 0)
		b->accounts_asked = db_ask(b->db, &accounts_lock, db_numbers(b->account_nos, n));
}

static uint64_t subscription_of(const struct store_op *op)
{
#define SUBSCRIPTION_OF(KIND, noun) \
	if (op->kind == STORE_##KIND) \
		return list_entry(op, struct store_##noun, op)->subscription_no;
	SUBSCRIPTION_OF(SUBSCRIPTION_MOVE, subscription_move)
	SUBSCRIPTION_OF(SUBSCRIPTION_ACK, subscription_ack)
	SUBSCRIPTION_OF(SUBSCRIPTION_LEASE, subscription_lease)
	SUBSCRIPTION_OF(SUBSCRIPTION_SEEK, subscription_seek)
	SUBSCRIPTION_OF(SUBSCRIPTION_REPLAY, subscription_replay)
	SUBSCRIPTION_OF(SUBSCRIPTION_UPDATE, subscription_update)
	SUBSCRIPTION_OF(SUBSCRIPTION_DELETE, subscription_delete)
	SUBSCRIPTION_OF(WEBHOOK_REPLAY, webhook_replay)
#undef SUBSCRIPTION_OF
	return 0;
}

/* Whose subscriptions lose a room. */
static uint64_t loser_of(const struct store_op *op)
{
	return op->kind == STORE_LEAVE ? list_entry(op, struct store_leave, op)->user_no : 0;
}

void batch_lock_subscriptions(struct batch *b, const struct list *ops)
{
	size_t n = numbers_of(ops, subscription_of, b->subscription_nos), n_losers = numbers_of(ops, loser_of, b->loser_nos);
	if (!b->db->is_only_writer && n + n_losers > 0)
		b->subscriptions_asked =
			db_ask(b->db, &subscriptions_lock, db_numbers(b->subscription_nos, n), db_numbers(b->loser_nos, n_losers));
}

static void let_go_of_rooms(struct batch *b)
{
	db_done(b->rooms_asked);
	db_done(b->tops_asked);
	b->rooms_asked = b->tops_asked = NULL;
}

int batch_write_back(struct batch *b)
{
	int rc = batch_own(b, read_marks_write(&b->marks, b->db), "memberships");
	return rc == DB_OK ? room_cache_write(&b->rooms, b->db) : rc;
}

void batch_end(struct batch *b, bool is_committed)
{
	let_go_of_rooms(b);
	db_done(b->accounts_asked);
	db_done(b->subscriptions_asked);
	db_done(b->events_asked);
	db_done(b->log_asked);
	b->accounts_asked = b->subscriptions_asked = b->events_asked = b->log_asked = NULL;
	if (!is_committed || b->rooms.is_shared)
		room_cache_forget(&b->rooms);
	read_marks_forget(&b->marks);
	batch_keys_forget(&b->keys);
	drop_kept(b);
}

/* Takes over what malloc() gave, until the transaction ends. */
static struct batch_kept *keep(struct batch *b, void *bytes)
{
	struct batch_kept *k = mem_new(struct batch_kept);
	*k = (struct batch_kept){.next = b->kept, .bytes = bytes};
	b->kept = k;
	return k;
}

void batch_keep_event(struct batch *b, struct event *e)
{
	keep(b, e);
}

struct text batch_keep(struct batch *b, const void *bytes, size_t n)
{
	char *copy = mem_strndup(n ? bytes : "", n);
	keep(b, copy);
	return (struct text){copy, n};
}

struct text batch_skeleton(struct batch *b, struct text name)
{
	if (!name.s)
		return name;
	if (!b->skeletons)
		b->skeletons = skeletons_new();
	/* An operation that looks and then writes asks for the same one twice. */
	const struct batch_kept *newest = b->kept;
	if (newest && newest->name.s && newest->name.n == name.n && memcmp(newest->name.s, name.s, name.n) == 0)
		return newest->skeleton;
	struct text skeleton = skeleton_of(b->skeletons, name);
	struct batch_kept *k = keep(b, (void *)(uintptr_t)skeleton.s);
	k->name = name;
	k->skeleton = skeleton;
	return skeleton;
}

int batch_own(struct batch *b, int rc, const char *what)
{
	if (rc == DB_DAMAGED && b->is_alone) {
		b->met_damage = true;
		b->failed = (struct damage_place){.what = what};
	}
	return rc;
}

int batch_met_damage(struct batch *b, struct store_op *op, int rc, const struct damage_place *place)
{
	if (rc == DB_DAMAGED && b->is_alone) {
		b->met_damage = true;
		b->failed = *place;
	}
	if (rc < 0)
		return rc;
	damage_note(b->damage, place);
	op->result = -EBADMSG;
	return DB_OK;
}

int batch_finds(struct db_answer *answer, bool *found)
{
	int rc = db_row(answer);
	*found = rc == DB_ROW;
	return rc < 0 ? rc : DB_OK;
}

static struct damage_place end_of_log(const struct room_counters *room)
{
	return (struct damage_place){.room_no = room->no,
				     .room = room->id,
				     .from_seq = room->last_seq,
				     .to_seq = room->last_seq,
				     .what = "the log does not end where its room says"};
}

/* The answers for the whole batch, into the cache: so many rows at most, since a further look may tell of the damage of another question. DB_ROW, DB_DONE, or a
 * failure; *in_tops: of the tops. */
static int read_rooms(struct batch *b, bool *in_tops)
{
	int rc = DB_DONE;
	struct room_counters *room;
	*in_tops = false;
	for (size_t i = 0; i < b->n_room_nos && (rc = db_row(b->rooms_asked)) == DB_ROW; i++)
		if ((rc = room_cache_read(&b->rooms, b->rooms_asked, &room)) != DB_OK)
			return rc;
	if (rc < 0)
		return rc;
	*in_tops = true;
	for (size_t i = 0; i < b->n_room_nos && (rc = db_row(b->tops_asked)) == DB_ROW; i++) {
		room = room_cache_find(&b->rooms, db_column_number(b->tops_asked, 0));
		if (room)
			room->checked = db_column_number(b->tops_asked, 1) == room->n_messages;
	}
	return rc;
}

/* A log whose end cannot be read is the damage of an operation that is alone. */
static int take_rooms(struct batch *b, struct store_op *op)
{
	bool in_tops;
	int rc = read_rooms(b, &in_tops);
	let_go_of_rooms(b);
	if (rc >= 0)
		return DB_OK;
	struct room_counters *room = in_tops && b->n_room_nos == 1 ? room_cache_find(&b->rooms, (uint64_t)b->room_nos[0]) : NULL;
	if (rc != DB_DAMAGED || !room)
		return rc;
	struct damage_place place = end_of_log(room);
	return batch_met_damage(b, op, rc, &place);
}

static int find_room(struct batch *b, struct store_op *op, uint64_t room_no, struct room_counters **out)
{
	int rc = b->rooms_asked ? take_rooms(b, op) : DB_OK;
	*out = rc == DB_OK ? room_cache_find(&b->rooms, room_no) : NULL;
	if (*out || rc != DB_OK)
		return rc;
	auto_answer *asked = db_ask(b->db, &room_get, db_number(room_no));
	rc = db_row(asked);
	return rc == DB_ROW ? room_cache_read(&b->rooms, asked, out) : rc == DB_DONE ? DB_OK : rc;
}

/* The log ends with the room's last_seq and as many messages; that the next seq is free shows when it is written. */
static int check_top(struct batch *b, struct store_op *op, struct room_counters *room)
{
	if (room->last_seq == 0)
		return DB_OK;
	auto_answer *top = db_ask(b->db, &top_get, db_number(room->no));
	int rc = db_row(top);
	if (rc == DB_ROW && db_column_number(top, 1) == room->n_messages)
		return DB_OK;
	struct damage_place place = end_of_log(room);
	return batch_met_damage(b, op, rc, &place);
}

int batch_room(struct batch *b, struct store_op *op, uint64_t room_no, struct room_counters **out)
{
	*out = NULL;
	if (damage_has_room(b->damage, room_no)) {
		op->result = -EBADMSG;
		return DB_OK;
	}
	struct room_counters *room;
	int rc = find_room(b, op, room_no, &room);
	if (rc != DB_OK)
		return rc;
	if (!room) {
		op->result = -ENOENT;
		return DB_OK;
	}
	if (!room->checked)
		rc = check_top(b, op, room);
	if (rc != DB_OK || op->result != 0) {
		if (!b->rooms.is_shared)
			*room = (struct room_counters){0}; /* wrong counters are not kept */
		return rc;
	}
	room->checked = true;
	*out = room;
	return DB_OK;
}

int batch_new_room(struct batch *b, uint64_t room_no, const struct uid *id, struct room_counters **out)
{
	int rc = room_cache_put(&b->rooms, b->db, room_no, out);
	if (rc == DB_OK) {
		(*out)->id = *id;
		(*out)->checked = true;
	}
	return rc;
}

void batch_look(struct batch *b, struct store_op *op)
{
	op->result = 0;
#define LOOK_READ(noun) (void)0
#define LOOK_SLOW_READ(noun) (void)0
#define LOOK_WRITE(noun) noun##_look(b, list_entry(op, struct store_##noun, op))
#define X(KIND, noun, how, owns, room) \
	case STORE_##KIND: \
		LOOK_##how(noun); \
		break;
	switch (op->kind) {
		STORE_OP_TABLE(X)
	}
#undef X
}

static int write_noun(struct batch *b, struct store_op *op)
{
#define WRITE_READ(noun) break
#define WRITE_SLOW_READ(noun) break
#define WRITE_WRITE(noun) return noun##_write(b, list_entry(op, struct store_##noun, op))
#define X(KIND, noun, how, owns, room) \
	case STORE_##KIND: \
		WRITE_##how(noun);
	switch (op->kind) {
		STORE_OP_TABLE(X)
	}
#undef X
	assert(false && "a read among the writes");
	return DB_FAILED;
}

int batch_write(struct batch *b, struct store_op *op)
{
	int rc = write_noun(b, op);
	if (rc == DB_OK)
		rc = batch_write_server_event(b, op);
	if (rc != DB_OK || b->db->is_only_writer)
		return rc;
	if (op->kind != STORE_GUESTS_END)
		return batch_write_notices(b, op);
	const struct store_guests_end *ends = list_entry(op, const struct store_guests_end, op);
	for (size_t i = 0; rc == DB_OK && i < ends->n_ended; i++)
		rc = batch_write_notices(b, &ends->ended[i].leave.op);
	return rc;
}

void batch_let_go(struct store_op *op)
{
	for (size_t i = 0; i < STORE_OP_ASKED_MAX; i++) {
		db_done(op->asked[i]);
		op->asked[i] = NULL;
	}
}
