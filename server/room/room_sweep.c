#include "room/room_sweep.h"

#include "base/clock.h"
#include "room/reader.h"

static const uint64_t PACE_FROM_NS = 2000000; /* shorter passes are not paced: the timer's millisecond is too coarse */
static const uint64_t TICK_NS = 1000000;
enum {
	TICK_MS = 1,
	DEMAND_MAX = 10000,    /* percent of a processor */
	REST_BY_DEMAND = 35,   /* percent of rest for each processor that the room would take beyond the first */
	LATE_WRITES = 1 << 17, /* a second of a room of a thousand readers, so that one stall changes the pace little */
	FULL_BYTES = 9 * 1024, /* joining more saves little: the bytes are a large part of what such a write costs */
};

void room_sweep_rest_over(struct rooms *rooms)
{
	loop_timer_stop(rooms->rest_over);
	list_splice(&rooms->sweeping, &rooms->resting);
}

static void rest(struct room *r)
{
	struct rooms *rooms = r->rooms;
	if (list_empty(&rooms->resting))
		loop_timer_start(rooms->rest_over, TICK_MS, 0);
	list_append(&rooms->resting, &r->in_sweep);
}

void room_sweep_want(struct room *r)
{
	r->pass_news++;
	if (list_empty(&r->in_sweep))
		list_append(&r->rooms->sweeping, &r->in_sweep); /* behind the other rooms */
}

void room_sweep_forget(struct reader *reader)
{
	struct room *r = reader->room;
	if (r->sweep_next == &reader->in_room)
		r->sweep_next = reader->in_room.next;
}

/* What the writes of the last pass usually cost. */
static uint64_t usual_ns(const struct room *r)
{
	return r->late_worked_ns == 0 ? r->pass_worked_ns : r->late_worked_ns * r->pass_writes / r->late_writes;
}

/* A pass counts as at most twice the usual, so that a stall changes it little. */
static void note_cost(struct room *r)
{
	uint64_t most_ns = 2 * usual_ns(r);
	if (r->pass_writes == 0)
		return;
	r->late_worked_ns += r->pass_worked_ns < most_ns ? r->pass_worked_ns : most_ns;
	r->late_writes += r->pass_writes;
	if (r->late_writes > LATE_WRITES) {
		r->late_worked_ns /= 2;
		r->late_writes /= 2;
	}
}

/*
 * What part of a processor the room would take if every event were written by itself, in percent, as it was in the last passes. A pass that does not follow the one
 * before at once comes alone: there was time, whatever was asked before.
 */
static void note_demand(struct room *r, uint64_t now_ns)
{
	uint64_t since_ns = now_ns - r->pass_started_ns;
	uint64_t demand = since_ns ? 100 * r->pass_news * usual_ns(r) / since_ns : 0;
	demand = (7 * (uint64_t)r->demand + (demand < DEMAND_MAX ? demand : DEMAND_MAX)) / 8;
	r->demand = r->pass_had_news ? (uint32_t)demand : 0;
	r->pass_news = 0;
}

/*
 * How long the pass that begins now lasts: the usual cost of as many writes as the last pass made, and a rest. While there is time for each event by itself there is
 * none (0). From then on it grows with what is asked beyond that, up to config.sweep_rest percent of the cost. The cost is taken as at most twice that of the last
 * pass, so that one cheap pass shortens the next.
 */
static uint64_t pace(const struct room *r)
{
	uint64_t most = r->rooms->config.sweep_rest, costs_ns = usual_ns(r), most_ns = 2 * r->pass_worked_ns;
	uint64_t rest = r->demand > 100 ? (r->demand - 100) * REST_BY_DEMAND / 100 : 0;
	if (rest == 0 || most == 0 || r->pass_worked_ns < PACE_FROM_NS)
		return 0;
	return (costs_ns < most_ns ? costs_ns : most_ns) * (100 + (rest < most ? rest : most)) / 100;
}

static void begin_pass(struct room *r)
{
	uint64_t now_ns = clock_mono_ns();
	note_demand(r, now_ns);
	r->pass_lasts_ns = pace(r);
	r->pass_keep = r->pass_head;
	r->pass_head = r->tail.head;
	r->pass_started_ns = now_ns;
	r->pass_worked_ns = 0;
	r->pass_writes = r->pass_visits = 0;
	r->sweep_next = r->readers.next;
}

static void end_pass(struct room *r)
{
	struct metrics *m = r->rooms->metrics;
	note_cost(r);
	metric_observe(&m->sweep_seconds, clock_mono_ns() - r->pass_started_ns);
	metric_observe(&m->sweep_readers, r->pass_writes);
	metric_add(&m->sweep_writes_total, r->pass_writes);
	r->sweep_next = NULL;
	r->n_passes++;
	r->pass_had_news = r->tail.head != r->pass_head;
}

/* How many readers the pass has to reach before the next tick. */
static uint64_t due(const struct room *r, uint64_t now_ns)
{
	uint64_t until_ns = now_ns + TICK_NS - r->pass_started_ns;
	return until_ns < r->pass_lasts_ns ? r->n_readers * until_ns / r->pass_lasts_ns : UINT64_MAX;
}

/* What serving a reader touches is scattered over memory. Each part is fetched while others are served: the reader three turns ahead, its follower two, its
 * connection one. */
static void fetch_ahead(const struct room *r, const struct list *at)
{
	const struct list *one = at->next, *two, *three;
	if (one == &r->readers)
		return;
	conn_prefetch(list_entry(one, struct reader, in_room)->follower->conn);
	two = one->next;
	if (two == &r->readers)
		return;
	__builtin_prefetch(list_entry(two, struct reader, in_room)->follower);
	three = two->next;
	if (three == &r->readers)
		return;
	const struct reader *reader = list_entry(three, struct reader, in_room);
	__builtin_prefetch(reader);
	__builtin_prefetch(&reader->place);
}

/* Serves readers until the pass or the budget ends, or the next is not due; returns what is left of the budget. */
static uint32_t sweep_on(struct room *r, uint32_t budget, bool *rests)
{
	uint64_t started_ns = clock_mono_ns();
	uint64_t n_due = due(r, started_ns);
	while (budget && r->sweep_next != &r->readers) {
		struct reader *reader = list_entry(r->sweep_next, struct reader, in_room);
		bool wants = reader->place == READER_IN_TAIL && reader->offset != r->tail.head;
		if (wants && r->pass_visits >= n_due && r->tail.head - reader->offset < FULL_BYTES) {
			*rests = true;
			break;
		}
		if (wants)
			fetch_ahead(r, r->sweep_next);
		r->sweep_next = r->sweep_next->next;
		r->pass_visits++;
		if (wants) {
			reader_serve(reader);
			r->pass_writes++;
			budget--;
		}
	}
	r->pass_worked_ns += clock_mono_ns() - started_ns;
	return budget;
}

void room_sweep_turn(struct rooms *rooms)
{
	uint32_t budget = rooms->config.sweep_slice;
	if (list_empty(&rooms->sweeping))
		return;
	metric_add(&rooms->metrics->sweep_slices_total, 1);
	while (budget && !list_empty(&rooms->sweeping)) {
		struct room *r = list_entry(rooms->sweeping.next, struct room, in_sweep);
		bool rests = false;
		if (!r->sweep_next)
			begin_pass(r);
		budget = sweep_on(r, budget, &rests);
		list_remove(&r->in_sweep);
		if (r->sweep_next == &r->readers)
			end_pass(r);
		if (rests)
			rest(r);
		else if (r->sweep_next || r->pass_had_news)
			list_append(&rooms->sweeping, &r->in_sweep); /* behind the other rooms */
	}
	if (!list_empty(&rooms->sweeping))
		loop_again(rooms->loop);
}
