#include "chat/follow.h"

#include "base/clock.h"
#include "base/secret.h"
#include "chat/server_log.h"
#include "room/room.h"

#include <assert.h>
#include <stdlib.h>

struct follow {
	struct store_room_tops op; /* first: the store hands this back */
	struct chat *chat;
	struct loop_timer *timer, *rooms_soon;
	uint32_t round;     /* room.follow_round of the rooms that were asked for in this round; wraps */
	bool asking, again; /* again: everything is asked for, behind the question that is under way */
	uint64_t began_ns;
	struct store_room_top tops[FOLLOW_CHUNK];
	struct room *rooms[FOLLOW_CHUNK]; /* held while the store is asked for them */
};

static void answered(struct store_op *op);

/* Takes the next rooms of this round and moves them to the end of the line. */
static size_t take_rooms(struct follow *f)
{
	struct list *followed = &f->chat->rooms.followed;
	size_t n = 0;
	while (n < FOLLOW_CHUNK && !list_empty(followed)) {
		struct room *r = list_entry(followed->next, struct room, in_followed);
		if (r->follow_round == f->round)
			break;
		r->follow_round = f->round;
		list_remove(&r->in_followed);
		list_append(followed, &r->in_followed);
		room_hold(r);
		f->rooms[n] = r;
		f->tops[n++] = (struct store_room_top){.room_no = r->no, .last_seq = r->feed.newest_seq};
	}
	return n;
}

static void let_go(struct follow *f)
{
	for (size_t i = 0; i < f->op.n_rooms; i++)
		room_release(f->rooms[i]);
	f->op.n_rooms = 0;
}

static void ask_on(struct follow *f)
{
	struct store *store = f->chat->store;
	f->op = (struct store_room_tops){.op = {.kind = STORE_ROOM_TOPS, .done = answered}, .rooms = f->tops, .n_rooms = take_rooms(f)};
	f->asking = f->op.n_rooms > 0 && store->methods->submit(store, &f->op.op) == 0;
	if (f->asking)
		f->chat->n_pending++;
	else
		let_go(f);
}

static void answered(struct store_op *op)
{
	struct follow *f = (struct follow *)(void *)op;
	struct metrics *m = f->chat->metrics;
	f->chat->n_pending--;
	for (size_t i = 0; op->result == 0 && i < f->op.n_rooms; i++) {
		struct room *r = f->rooms[i];
		if (f->tops[i].top <= r->feed.newest_seq)
			continue;
		metric_observe(&m->tops_behind, f->tops[i].top - r->feed.newest_seq);
		room_expect(r, f->tops[i].top);
	}
	let_go(f);
	f->asking = false;
	if (op->result == 0)
		ask_on(f);
	if (!f->asking)
		metric_observe(&m->tops_seconds, clock_mono_ns() - f->began_ns);
}

/* Asks for the rooms that were not asked for in this round. A question under way goes on with them. */
static void ask(struct follow *f)
{
	const struct store *store = f->chat->store;
	if (f->asking || !store->is_shared || store->is_away)
		return;
	f->began_ns = clock_mono_ns();
	ask_on(f);
}

static void tick(void *arg)
{
	struct follow *f = arg;
	loop_timer_start(f->timer, FOLLOW_EVERY_MS - FOLLOW_VARY_MS + secret_random_below(2 * FOLLOW_VARY_MS + 1), 0);
	if (f->asking && !f->again)
		return;
	f->again = false;
	if (f->chat->store->is_shared && !f->chat->store->is_away)
		server_log_find(f->chat->server_log);
	f->round++;
	ask(f);
}

static void rooms_soon(void *arg)
{
	ask(arg);
}

struct follow *follow_new(struct chat *c)
{
	struct follow *f = mem_new(struct follow);
	f->chat = c;
	f->timer = loop_timer_new(c->loop, tick, f);
	f->rooms_soon = loop_timer_new(c->loop, rooms_soon, f);
	loop_timer_start(f->timer, 0, 0);
	return f;
}

void follow_destroy(struct follow *f)
{
	if (!f)
		return;
	assert(!f->asking);
	loop_timer_destroy(f->timer);
	loop_timer_destroy(f->rooms_soon);
	free(f);
}

void follow_soon(struct follow *f)
{
	f->again = true;
	loop_timer_start(f->timer, 0, 0);
}

void follow_room_soon(struct follow *f, struct room *r)
{
	struct list *followed = &f->chat->rooms.followed;
	r->follow_round = f->round - 1;
	list_remove(&r->in_followed);
	list_insert_before(followed->next, &r->in_followed);
	loop_timer_start(f->rooms_soon, 0, 0);
}
