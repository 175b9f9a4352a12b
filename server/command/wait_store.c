#include "command/wait_store.h"

#include "chat/user.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>

enum { HASHING_RETRY_MS = 1000 };

/* The wait and its first operation are one piece of memory. */
enum { OP_AT = (sizeof(struct wait) + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t) };

static void *behind(struct wait *w)
{
	return (unsigned char *)w + OP_AT;
}

static void let_go_of_op(struct wait *w)
{
	store_op_finish(w->op);
	store_op_finish_data(w->op);
	if (w->op != behind(w))
		free(w->op);
}

static void one_less(struct wait *w)
{
	if (--w->n_under_way > 0)
		return;
	if (w->finish)
		w->finish(w);
	let_go_of_op(w);
	for (size_t i = 0; i < WAIT_KEPT_MAX; i++)
		buf_finish(&w->kept[i]);
	wait_end(w);
	free(w);
}

static void came_back(struct store_op *op)
{
	struct wait *w = op->arg;
	w->result = op->result;
	w->done(w);
	one_less(w);
}

static void place_op(struct wait *w, enum store_op_kind kind, struct store_op *op, wait_done *done)
{
	op->kind = kind;
	op->done = came_back;
	op->arg = w;
	w->done = done;
	w->n_under_way++;
}

void *wait_store_with(struct call *call, enum store_op_kind kind, size_t n_bytes, wait_done *done, wait_done *finish)
{
	struct wait *w = mem_zalloc(OP_AT + n_bytes);
	wait_begin(w, call, call->member ? call->member->room : NULL);
	call->request = &w->request;
	w->op = behind(w);
	w->finish = finish;
	place_op(w, kind, w->op, done);
	if (w->room)
		store_op_set_room(w->op, w->room->no);
	return w->op;
}

void *wait_store(struct call *call, enum store_op_kind kind, wait_done *done)
{
	return wait_store_with(call, kind, store_op_bytes(kind), done, NULL);
}

struct text wait_keep(void *op, struct buf *b)
{
	struct wait *w = wait_of(op);
	size_t i = 0;
	while (i < WAIT_KEPT_MAX && w->kept[i].data)
		i++;
	assert(i < WAIT_KEPT_MAX);
	w->kept[i] = *b;
	*b = BUF_INIT;
	return (struct text){w->kept[i].data ? (const char *)w->kept[i].data : "", w->kept[i].len};
}

uint64_t wait_asker_no(const struct wait *w)
{
	return w->user && w->answer.chat->store->is_shared ? w->user->no : 0;
}

bool wait_go(void *op)
{
	struct wait *w = wait_of(op);
	if (wait_submit(w, op))
		return true;
	one_less(w);
	return false;
}

void wait_drop(void *op)
{
	one_less(wait_of(op));
}

bool wait_failed(const struct wait *w, enum wire_error absent, const char *message)
{
	if (w->result != 0)
		wait_answer_failure(w, w->result, absent, message);
	return w->result != 0;
}

bool wait_failed_field(const struct wait *w, const char *field, const char *message)
{
	if (w->result != 0)
		wait_answer_absent(w, w->result, field, message);
	return w->result != 0;
}

void wait_answer_member(struct wait *w, void (*encode)(struct buf *b, const struct member *m))
{
	const struct member *m = user_member_of(w->user, w->room);
	auto_buf data = BUF_INIT;
	if (w->result == 0 && !m)
		w->result = -ENOENT; /* the user left meanwhile */
	if (wait_failed(w, WIRE_NOT_FOUND, "you are not a member of this room"))
		return;
	encode(&data, m);
	answer_ok(&w->answer, &data);
}

void wait_answer_seq(const struct wait *w, uint64_t seq)
{
	auto_buf data = BUF_INIT;
	buf_appendf(&data, "{\"seq\":%llu}", (unsigned long long)seq);
	answer_ok(&w->answer, &data);
}

void *wait_next_with(struct wait *w, enum store_op_kind kind, size_t n_bytes, wait_done *done)
{
	let_go_of_op(w);
	w->op = mem_zalloc(n_bytes);
	place_op(w, kind, w->op, done);
	return w->op;
}

void *wait_next(struct wait *w, enum store_op_kind kind, wait_done *done)
{
	return wait_next_with(w, kind, store_op_bytes(kind), done);
}

void wait_also(struct wait *w, enum store_op_kind kind, struct store_op *op, wait_done *done)
{
	place_op(w, kind, op, done);
	wait_go(op);
}

static void run_hash(struct worker_job *job, void *thread_state)
{
	struct wait *w = list_entry(job, struct wait, hashing);
	(void)thread_state;
	w->is_hashed = w->hash(w);
}

/* Whether it goes on. If not, the reason was answered. */
static bool goes_on(const struct wait *w)
{
	if (!w->is_hashed)
		answer_error(&w->answer, WIRE_INTERNAL, NULL, 0);
	return w->is_hashed;
}

static void hashed(struct worker_job *job)
{
	struct wait *w = list_entry(job, struct wait, hashing);
	if (goes_on(w))
		w->done(w);
	one_less(w);
}

static void hashed_for_op(struct worker_job *job)
{
	struct wait *w = list_entry(job, struct wait, hashing);
	if (goes_on(w))
		wait_go(w->op);
	else
		wait_drop(w->op);
}

static bool begin_hashing(struct wait *w, wait_hasher *hash, void (*done)(struct worker_job *job))
{
	w->hash = hash;
	w->is_hashed = false; /* where it is dropped before its turn (chat_drop_hashing()) */
	w->hashing = (struct worker_job){.run = run_hash, .done = done};
	if (worker_submit(w->answer.chat->hashers, &w->hashing) == 0)
		return true;
	answer_error(&w->answer, WIRE_RATE_LIMITED, "too many passwords are being checked", HASHING_RETRY_MS);
	return false;
}

void wait_hash(struct wait *w, wait_hasher *hash, wait_done *done)
{
	w->done = done;
	if (begin_hashing(w, hash, hashed))
		w->n_under_way++;
}

void wait_hash_and_go(void *op, wait_hasher *hash)
{
	if (!begin_hashing(wait_of(op), hash, hashed_for_op))
		wait_drop(op);
}

static void come(struct room_wait *waiting)
{
	struct wait *w = list_entry(waiting, struct wait, come);
	bool gives_up = waiting->ends_when_away && w->room->feed.last_seq < waiting->seq;
	bool goes_on = w->done && !wait_is_void(w);
	if (goes_on && gives_up)
		answer_away(&w->answer);
	else if (goes_on)
		w->done(w);
	one_less(w);
}

void wait_pause(struct wait *w)
{
	w->n_under_way++;
}

void wait_resume(struct wait *w, wait_done *done)
{
	if (!wait_is_void(w))
		done(w);
	one_less(w);
}

void wait_room(struct wait *w, uint64_t seq, wait_done *done)
{
	w->done = done;
	w->n_under_way++;
	room_await(w->room, seq, &w->come, come);
}

void wait_room_or_away(struct wait *w, uint64_t seq, wait_done *done)
{
	w->done = done;
	w->n_under_way++;
	room_await_or_away(w->room, seq, &w->come, come);
}
