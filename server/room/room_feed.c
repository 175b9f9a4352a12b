#include "room/room_feed.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void room_feed_init(struct room_feed *f, uint64_t last_seq, void (*out)(void *, struct event *), void (*fetch)(void *, uint64_t, uint64_t),
		    void *arg)
{
	*f = (struct room_feed){.last_seq = last_seq, .newest_seq = last_seq, .out = out, .fetch = fetch, .arg = arg};
}

void room_feed_finish(struct room_feed *f)
{
	for (uint32_t i = 0; i < f->n_held; i++)
		event_free(f->held[i]);
	free(f->held);
	f->held = NULL;
	f->n_held = 0;
}

static void hold(struct room_feed *f, struct event *e)
{
	uint32_t i = f->n_held;
	while (i > 0 && f->held[i - 1]->seq > e->seq)
		i--;
	bool known = i > 0 && f->held[i - 1]->seq == e->seq;
	if (known || (f->n_held == ROOM_FEED_HELD_MAX && i == f->n_held)) {
		event_free(e);
		return;
	}
	if (!f->held)
		f->held = mem_alloc(ROOM_FEED_HELD_MAX * sizeof(*f->held));
	if (f->n_held == ROOM_FEED_HELD_MAX)
		event_free(f->held[--f->n_held]);
	memmove(f->held + i + 1, f->held + i, (f->n_held - i) * sizeof(*f->held));
	f->held[i] = e;
	f->n_held++;
}

/* What is missing before the first held event; with none held, what was dropped because too many were. */
uint64_t room_feed_hole(const struct room_feed *f)
{
	if (f->n_held)
		return f->held[0]->seq;
	return f->last_seq < f->newest_seq ? f->newest_seq + 1 : 0;
}

static void fetch_hole(struct room_feed *f)
{
	uint64_t before_seq = f->fetching ? 0 : room_feed_hole(f);
	if (!before_seq)
		return;
	f->fetching = true;
	f->fetch(f->arg, f->last_seq, before_seq);
}

static void let_out(struct room_feed *f, struct event *e)
{
	f->last_seq = e->seq;
	if (f->newest_seq < e->seq)
		f->newest_seq = e->seq;
	f->out(f->arg, e);
}

/* Each event is out of the list before it goes out, because the receiver may look at those that are still held. */
static void let_out_held(struct room_feed *f)
{
	while (f->n_held && f->held[0]->seq <= f->last_seq + 1) {
		struct event *e = f->held[0];
		f->n_held--;
		memmove(f->held, f->held + 1, f->n_held * sizeof(*f->held));
		if (e->seq == f->last_seq + 1)
			let_out(f, e);
		else
			event_free(e);
	}
}

void room_feed_hear(struct room_feed *f, struct event *e)
{
	if (e->seq <= f->last_seq) {
		event_free(e);
		return;
	}
	if (e->seq > f->last_seq + 1) {
		hold(f, e);
	} else {
		let_out(f, e);
		if (f->n_held)
			let_out_held(f);
	}
	fetch_hole(f);
}

void room_feed_offer(struct room_feed *f, struct event *e)
{
	if (e->seq > f->newest_seq)
		f->newest_seq = e->seq;
	room_feed_hear(f, e);
}

void room_feed_doubt(struct room_feed *f)
{
	while (f->n_held && f->held[f->n_held - 1]->seq > f->newest_seq)
		event_free(f->held[--f->n_held]);
}

void room_feed_expect(struct room_feed *f, uint64_t seq)
{
	if (seq > f->newest_seq)
		f->newest_seq = seq;
	fetch_hole(f);
}

void room_feed_skip(struct room_feed *f, uint64_t seq)
{
	if (seq > f->newest_seq)
		f->newest_seq = seq;
	if (seq > f->last_seq)
		f->last_seq = seq;
	if (f->n_held)
		let_out_held(f);
}

void room_feed_fetched(struct room_feed *f, bool again)
{
	f->fetching = false;
	if (again)
		fetch_hole(f);
}
