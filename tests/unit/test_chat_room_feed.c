#include "cmocka_wrap.h"

#include "room/room_feed.h"

#include <stdlib.h>
#include <string.h>

/* The other side of a feed: what came out, and the fetches it asked for. */
struct sink {
	struct room_feed feed;
	uint64_t next; /* the seq that must come out next */
	unsigned n_fetches;
	bool asked;             /* a fetch is to be answered */
	bool refuse;            /* the fetch cannot be asked for, as when the store is busy */
	uint64_t after, before; /* of the last one */
};

static struct event *event_with(uint64_t seq)
{
	struct event *e = event_new("{}", 2);
	e->seq = seq;
	return e;
}

static void came_out(void *arg, struct event *e)
{
	struct sink *s = arg;
	assert_int_equal(e->seq, s->next);
	s->next++;
	event_free(e);
}

static void fetch(void *arg, uint64_t after, uint64_t before)
{
	struct sink *s = arg;
	s->n_fetches++;
	if (s->refuse) {
		room_feed_fetched(&s->feed, false);
		return;
	}
	assert_false(s->asked); /* one at a time */
	assert_true(after + 1 < before);
	assert_int_equal(after + 1, s->next);
	s->asked = true;
	s->after = after;
	s->before = before;
}

static void begin(struct sink *s, uint64_t last_seq)
{
	*s = (struct sink){.next = last_seq + 1};
	room_feed_init(&s->feed, last_seq, came_out, fetch, s);
}

/* Answers the fetch with at most `limit` events of what was asked for. */
static void answer(struct sink *s, uint64_t limit)
{
	assert_true(s->asked);
	s->asked = false;
	uint64_t after = s->after, before = s->before;
	for (uint64_t seq = after + 1; seq < before && seq <= after + limit; seq++)
		room_feed_offer(&s->feed, event_with(seq));
	room_feed_fetched(&s->feed, true);
}

static void events_go_out_once_and_in_order(void **state)
{
	(void)state;
	struct sink s;
	begin(&s, 5);
	for (uint64_t seq = 6; seq <= 9; seq++) {
		room_feed_offer(&s.feed, event_with(seq));
		room_feed_offer(&s.feed, event_with(seq));
		room_feed_offer(&s.feed, event_with(seq - 3));
	}
	assert_int_equal(s.next, 10);
	assert_int_equal(s.n_fetches, 0);
	room_feed_finish(&s.feed);
}

static void a_hole_is_fetched_once(void **state)
{
	(void)state;
	struct sink s;
	begin(&s, 0);
	room_feed_offer(&s.feed, event_with(4));
	assert_true(s.asked);
	assert_int_equal(s.after, 0);
	assert_int_equal(s.before, 4);
	room_feed_offer(&s.feed, event_with(6));
	room_feed_offer(&s.feed, event_with(4));
	assert_int_equal(s.n_fetches, 1);
	assert_int_equal(s.feed.n_held, 2);
	assert_int_equal(s.next, 1);
	answer(&s, 100); /* 1, 2, 3, and 4 that was held; then the next hole */
	assert_int_equal(s.next, 5);
	assert_int_equal(s.n_fetches, 2);
	assert_int_equal(s.after, 4);
	assert_int_equal(s.before, 6);
	answer(&s, 100);
	assert_int_equal(s.next, 7);
	assert_int_equal(s.feed.n_held, 0);
	assert_int_equal(s.n_fetches, 2);
	room_feed_finish(&s.feed);
}

static void what_is_only_heard_is_held_and_dropped_when_the_store_does_not_have_it(void **state)
{
	(void)state;
	struct sink s;
	begin(&s, 5);
	room_feed_hear(&s.feed, event_with(6));
	assert_int_equal(s.next, 7);
	room_feed_hear(&s.feed, event_with(9));
	room_feed_hear(&s.feed, event_with(12));
	assert_int_equal(s.feed.newest_seq, 6);
	assert_int_equal(s.before, 9);
	assert_int_equal(room_feed_hole(&s.feed), 9);
	room_feed_offer(&s.feed, event_with(10)); /* this one the store has, so it has 9 too */
	room_feed_doubt(&s.feed);
	assert_int_equal(s.feed.n_held, 2);
	answer(&s, 2);
	assert_int_equal(s.next, 11);
	assert_int_equal(room_feed_hole(&s.feed), 0);
	room_feed_finish(&s.feed);
}

static void a_hole_that_fills_by_itself_is_let_out_at_once(void **state)
{
	(void)state;
	struct sink s;
	begin(&s, 0);
	room_feed_offer(&s.feed, event_with(2));
	room_feed_offer(&s.feed, event_with(1)); /* before the fetch is answered */
	assert_int_equal(s.next, 3);
	answer(&s, 100);
	assert_int_equal(s.next, 3);
	assert_false(s.asked);
	room_feed_finish(&s.feed);
}

static void events_that_are_held_at_the_end_are_freed(void **state)
{
	(void)state;
	struct sink s;
	begin(&s, 0);
	room_feed_offer(&s.feed, event_with(3));
	room_feed_offer(&s.feed, event_with(5));
	room_feed_finish(&s.feed); /* the sanitizer says whether they were freed */
}

/* More than can be held: what was dropped is fetched, also when no further event comes. */
static void more_than_can_be_held_is_fetched(void **state)
{
	(void)state;
	struct sink s;
	begin(&s, 0);
	enum { LAST = ROOM_FEED_HELD_MAX * 3 };
	for (uint64_t seq = LAST; seq >= 2; seq--)
		room_feed_offer(&s.feed, event_with(seq));
	assert_true(s.feed.n_held <= ROOM_FEED_HELD_MAX);
	for (int n = 0; s.asked; n++) {
		answer(&s, 100);
		assert_true(n < 100);
	}
	assert_int_equal(s.next, LAST + 1);
	room_feed_finish(&s.feed);
	begin(&s, 0);
	for (uint64_t seq = 2; seq <= LAST; seq++)
		room_feed_offer(&s.feed, event_with(seq));
	for (int n = 0; s.asked; n++) {
		answer(&s, 100);
		assert_true(n < 100);
	}
	assert_int_equal(s.next, LAST + 1);
	room_feed_finish(&s.feed);
}

static void a_refused_fetch_is_asked_for_again(void **state)
{
	(void)state;
	struct sink s;
	begin(&s, 0);
	s.refuse = true;
	room_feed_offer(&s.feed, event_with(4));
	assert_int_equal(s.n_fetches, 1);
	s.refuse = false;
	room_feed_offer(&s.feed, event_with(1)); /* in order, and the hole is still there */
	assert_int_equal(s.next, 2);
	assert_true(s.asked);
	answer(&s, 100);
	assert_int_equal(s.next, 5);
	room_feed_finish(&s.feed);
}

static uint32_t dice(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % n;
}

/* Events arrive near their place, some often, some never; fetches are answered at any time, in pieces. */
static void events_at_random_go_out_once_and_in_order(void **state)
{
	(void)state;
	enum { LAST = 3000 };
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct sink s;
		uint64_t dices = seed, spread = 1 + seed * 20;
		begin(&s, 0);
		for (uint64_t now = 1; now <= LAST; now++) {
			for (unsigned n = dice(&dices, 4); n > 0; n--) {
				uint64_t ahead = dice(&dices, (uint32_t)spread);
				uint64_t seq = now + ahead <= LAST ? now + ahead : LAST;
				room_feed_offer(&s.feed, event_with(seq > spread / 2 ? seq - spread / 2 : 1));
			}
			if (s.asked && dice(&dices, 5) == 0)
				answer(&s, 1 + dice(&dices, 50));
			assert_true(s.feed.n_held <= ROOM_FEED_HELD_MAX);
		}
		room_feed_offer(&s.feed, event_with(LAST));
		for (int n = 0; s.asked; n++) {
			answer(&s, 1 + dice(&dices, 50));
			assert_true(n < LAST);
		}
		assert_int_equal(s.next, LAST + 1);
		room_feed_finish(&s.feed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_go_out_once_and_in_order),
		cmocka_unit_test(a_hole_is_fetched_once),
		cmocka_unit_test(what_is_only_heard_is_held_and_dropped_when_the_store_does_not_have_it),
		cmocka_unit_test(a_hole_that_fills_by_itself_is_let_out_at_once),
		cmocka_unit_test(events_that_are_held_at_the_end_are_freed),
		cmocka_unit_test(more_than_can_be_held_is_fetched),
		cmocka_unit_test(a_refused_fetch_is_asked_for_again),
		cmocka_unit_test(events_at_random_go_out_once_and_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
