#include "chat/room_sweep.h"

#include "base/clock.h"
#include "chat/reader.h"

static const uint64_t REST_FROM_NS = 2000000; /* below that the timer's millisecond says too little */
enum { REST_TICK_MS = 1, USUAL_OF = 8 };

/* Into the line of rooms to be swept, or of those that rest first. */
static void line_up(struct room *r)
{
	struct chat *c = r->chat;
	if (r->rest_until_ns == 0 || r->rest_until_ns <= clock_mono_ns()) {
		r->rest_until_ns = 0;
		list_append(&c->sweeping, &r->in_sweep); /* behind the other rooms */
		return;
	}
	if (list_empty(&c->resting))
		loop_timer_start(c->rest_over, REST_TICK_MS, REST_TICK_MS);
	list_append(&c->resting, &r->in_sweep);
}

void room_sweep_rest_over(struct chat *c)
{
	struct list rested;
	list_init(&rested);
	list_splice(&rested, &c->resting);
	list_for_each_safe(it, &rested) {
		list_remove(it);
		line_up(list_entry(it, struct room, in_sweep));
	}
	if (list_empty(&c->resting))
		loop_timer_stop(c->rest_over);
}

void room_sweep_want(struct room *r)
{
	if (list_empty(&r->in_sweep))
		line_up(r);
}

void room_sweep_forget(struct reader *reader)
{
	struct room *r = reader->room;
	if (r->sweep_next == &reader->in_room)
		r->sweep_next = reader->in_room.next;
}

static void begin_pass(struct room *r)
{
	r->pass_keep = r->pass_head;
	r->pass_head = r->tail.head;
	r->pass_started_ns = clock_mono_ns();
	r->pass_writes = 0;
	r->sweep_next = r->readers.next;
}

/*
 * Passes begin at even distances: one that took longer than usual is followed by the next with less rest, or none. A stall counts as twice the
 * usual at most, and after a pass much shorter than usual the distance is twice its own.
 */
static void set_rest(struct room *r, uint64_t took_ns)
{
	uint64_t rest = r->chat->config.sweep_rest;
	uint64_t usual_ns = r->pass_usual_ns == 0 ? took_ns : r->pass_usual_ns;
	uint64_t counts_ns = took_ns < 2 * usual_ns ? took_ns : 2 * usual_ns;
	r->pass_usual_ns = (usual_ns * (USUAL_OF - 1) + counts_ns) / USUAL_OF;
	uint64_t distance_ns = r->pass_usual_ns < 2 * took_ns ? r->pass_usual_ns : 2 * took_ns;
	r->rest_until_ns = rest == 0 || took_ns < REST_FROM_NS ? 0 : r->pass_started_ns + distance_ns * (100 + rest) / 100;
}

static void end_pass(struct room *r)
{
	struct metrics *m = r->chat->metrics;
	uint64_t took_ns = clock_mono_ns() - r->pass_started_ns;
	set_rest(r, took_ns);
	metric_observe(&m->sweep_seconds, took_ns);
	metric_observe(&m->sweep_readers, r->pass_writes);
	metric_add(&m->sweep_writes_total, r->pass_writes);
	r->sweep_next = NULL;
	r->n_passes++;
}

/* Serves readers until the pass or the budget ends; returns what is left of the budget. */
static uint32_t sweep_on(struct room *r, uint32_t budget)
{
	while (budget && r->sweep_next != &r->readers) {
		struct reader *reader = list_entry(r->sweep_next, struct reader, in_room);
		r->sweep_next = r->sweep_next->next;
		if (reader->place == READER_IN_TAIL && reader->offset != r->tail.head) {
			reader_serve(reader);
			r->pass_writes++;
			budget--;
		}
	}
	return budget;
}

void room_sweep_turn(struct chat *c)
{
	uint32_t budget = c->config.sweep_slice;
	if (list_empty(&c->sweeping))
		return;
	metric_add(&c->metrics->sweep_slices_total, 1);
	while (budget && !list_empty(&c->sweeping)) {
		struct room *r = list_entry(c->sweeping.next, struct room, in_sweep);
		if (!r->sweep_next)
			begin_pass(r);
		budget = sweep_on(r, budget);
		list_remove(&r->in_sweep);
		if (r->sweep_next == &r->readers)
			end_pass(r);
		if (r->sweep_next)
			list_append(&c->sweeping, &r->in_sweep); /* behind the other rooms */
		else if (r->tail.head != r->pass_head)
			line_up(r);
	}
	if (!list_empty(&c->sweeping))
		loop_again(c->loop);
}
