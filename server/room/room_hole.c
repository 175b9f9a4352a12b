#include "room/room_hole.h"

#include "room/room.h"
#include "room/room_sweep.h"

#include <errno.h>
#include <stdlib.h>

enum { PAGE_BYTES = 256 << 10 }; /* after an outage all rooms ask at once, and a page of large events would have megabytes */

struct hole_fetch {
	struct store_log_page op; /* first: the store hands this back */
	struct room *room;        /* held */
};

/* The hole cannot be read. Readers are told so when they read on from the log (reader_log.c), and the feed lets out what is behind it. */
static void skip_damage(struct room *r, const struct store_log_page *page)
{
	bool known = page->damaged_to > r->feed.last_seq && page->damaged_to < page->before_seq;
	uint64_t to = known ? page->damaged_to : page->before_seq - 1;
	if (to <= r->feed.last_seq)
		return;
	room_tail_skip(&r->tail, to + 1);
	room_feed_skip(&r->feed, to);
	room_sweep_want(r);
	r->rooms->skipped(r);
	room_end_waits(r, r->feed.last_seq);
}

/* What is missing could not be read. The next offer would ask again but may be far off, so the housekeeping asks too. */
static void fetch_later(struct room *r)
{
	if (list_empty(&r->in_holes))
		list_append(&r->rooms->holes, &r->in_holes);
}

static void hole_fetched(struct store_op *op)
{
	struct hole_fetch *f = (struct hole_fetch *)(void *)op;
	struct room *r = f->room;
	for (size_t i = 0; i < f->op.n_events; i++) {
		room_feed_offer(&r->feed, f->op.events[i]);
		f->op.events[i] = NULL;
	}
	if (op->result == -EBADMSG)
		skip_damage(r, &f->op);
	bool again = op->result == -EBADMSG || (op->result == 0 && f->op.n_events > 0);
	bool lacks = r->feed.last_seq + 1 < f->op.before_seq;
	if (op->result == 0 && lacks && !f->op.more)
		room_feed_doubt(&r->feed);
	r->is_impatient = lacks;
	room_feed_fetched(&r->feed, again);
	r->is_impatient = false;
	if (!again)
		fetch_later(r);
	r->rooms->n_pending--;
	room_release(r);
	store_log_page_finish(&f->op);
	free(f);
}

static void fetch(struct room *r, uint64_t before_seq)
{
	struct hole_fetch *f = mem_new(struct hole_fetch);
	f->op = (struct store_log_page){.op = {.kind = STORE_LOG_PAGE, .done = hole_fetched},
					.room_no = r->no,
					.after_seq = r->feed.last_seq,
					.before_seq = before_seq,
					.limit = ROOM_FEED_HELD_MAX,
					.limit_bytes = PAGE_BYTES};
	f->room = r;
	room_hold(r);
	if (r->rooms->store->methods->submit(r->rooms->store, &f->op.op) == 0) {
		r->rooms->n_pending++;
		metric_add(&r->rooms->metrics->hole_fetches_total, 1);
		return;
	}
	room_release(r);
	free(f);
	room_feed_fetched(&r->feed, false);
	fetch_later(r);
}

static void be_patient(struct room *r)
{
	struct rooms *rooms = r->rooms;
	r->patient_after_seq = r->feed.last_seq;
	r->patient_until_ms = loop_now_ms(rooms->loop) + rooms->patience_ms;
	if (list_empty(&rooms->patient))
		loop_timer_start(rooms->patience_over, rooms->patience_ms, 0);
	list_append(&rooms->patient, &r->in_patient);
}

void room_hole_fetch(void *arg, uint64_t after_seq, uint64_t before_seq)
{
	struct room *r = arg;
	(void)after_seq; /* the feed's last_seq */
	if (r->rooms->patience_ms && r->is_heard && !r->is_impatient && list_empty(&r->waiting))
		be_patient(r);
	else
		fetch(r, before_seq);
}

void room_hole_hurry(struct room *r)
{
	if (list_empty(&r->in_patient))
		return;
	list_remove(&r->in_patient);
	uint64_t before_seq = room_feed_hole(&r->feed);
	if (before_seq)
		fetch(r, before_seq);
	else
		room_feed_fetched(&r->feed, false);
}

void room_hole_patience_over(struct rooms *rooms)
{
	uint64_t now = loop_now_ms(rooms->loop);
	while (!list_empty(&rooms->patient)) {
		struct room *r = list_entry(rooms->patient.next, struct room, in_patient);
		if (r->patient_until_ms > now) {
			loop_timer_start(rooms->patience_over, r->patient_until_ms - now, 0);
			return;
		}
		bool is_another = rooms->patience_ms && r->feed.last_seq != r->patient_after_seq && room_feed_hole(&r->feed);
		if (is_another) {
			list_remove(&r->in_patient);
			be_patient(r);
		} else {
			room_hole_hurry(r);
		}
	}
}

void room_expect(struct room *r, uint64_t seq)
{
	room_feed_expect(&r->feed, seq);
}

void room_fetch_again(struct rooms *rooms)
{
	struct list again;
	if (rooms->store->is_away)
		return;
	list_init(&again);
	list_splice(&again, &rooms->holes);
	list_for_each_safe(it, &again) {
		struct room *r = list_entry(it, struct room, in_holes);
		list_remove(&r->in_holes);
		room_feed_expect(&r->feed, 0);
	}
}
