/* The pace of sweeps: a room goes as fast as it can while there is time for each event by itself. A room of which more is asked rests, the more the more is asked. */
#include "chat_house.h"

#include "room/room.h"

enum { READERS = 8 };

static const uint64_t write_takes_ns = 500000; /* a pass costs 4 ms */

static const struct room *busy_house(struct house *h, uint32_t sweep_rest)
{
	house_setup(h, 0);
	h->f.config.sweep_rest = sweep_rest;
	h->f.config.room_tail_bytes = 1 << 18;
	h->f.config.write_bytes = 1 << 16;
	h->f.config.sweep_slice = 2;
	house_start(h);
	for (int i = 0; i < READERS; i++)
		fixture_signed_in(&h->f, h->bob_token)->write_takes_ns = write_takes_ns;
	return room_by_id(&h->f.chat->rooms, room_id_of(&h->f, h->rooms[0]));
}

/* n passes over a room in which a message comes so often. */
static void keep_busy(struct house *h, const struct room *r, uint64_t n, uint64_t every_ns)
{
	uint64_t until = r->n_passes + n, due_ns = fake_clock_ns();
	while (r->n_passes < until) {
		for (; fake_clock_ns() >= due_ns; due_ns += every_ns)
			send_one(h, 0);
		fixture_turn(&h->f);
	}
}

/* The share of the time, in percent, in which the readers of a room are served in which a message comes so often. The writer, a reader as well, costs nothing. */
static uint64_t share(uint32_t sweep_rest, uint64_t every_ns)
{
	struct house h = {0};
	const struct room *r = busy_house(&h, sweep_rest);
	uint64_t first = last_seq(&h, 0) + 1;
	const struct metrics *m = &h.f.metrics;
	keep_busy(&h, r, 30, every_ns);
	uint64_t writes = m->sweep_writes_total, started_ns = fake_clock_ns();
	keep_busy(&h, r, 20, every_ns);
	uint64_t costly = (m->sweep_writes_total - writes) * READERS / (READERS + 1);
	uint64_t percent = costly * write_takes_ns * 100 / (fake_clock_ns() - started_ns);
	fixture_run(&h.f, -1);
	for (size_t i = 1; i < h.f.n_conns; i++) /* all that was sent, in order */
		assert_seqs(h.f.conns[i], room_id_of(&h.f, h.rooms[0]), 0, first, last_seq(&h, 0));
	fixture_finish(&h.f);
	return percent;
}

static void a_busy_room_rests_by_what_is_asked(void **state)
{
	(void)state;
	assert_in_range(share(200, 4400000), 85, 100); /* nine tenths of a processor are asked */
	assert_in_range(share(200, 1000000), 40, 60);  /* four processors: a pass is spread over about twice its cost */
	assert_in_range(share(200, 500000), 25, 40);   /* eight: over three times its cost, and no more */
}

static bool rests(struct house *h, const struct room *r)
{
	uint64_t passes = r->n_passes;
	bool any = false;
	while (r->n_passes == passes) {
		fixture_turn(&h->f);
		any |= !list_empty(&h->f.chat->rooms.resting);
	}
	return any;
}

static void a_pass_that_comes_alone_goes_as_fast_as_it_can(void **state)
{
	(void)state;
	struct house h = {0};
	const struct room *r = busy_house(&h, 100);
	keep_busy(&h, r, 30, 500000);
	assert_true(r->pass_lasts_ns > 0); /* it has been busy until now */
	fixture_run(&h.f, -1);
	fake_clock_advance_ns(20000000);
	for (int i = 0; i < 20; i++) {
		send_one(&h, 0);
		assert_false(rests(&h, r));
		fixture_turns(&h.f);
		fake_clock_advance_ns(20000000); /* a pass would last 8 ms */
	}
	fixture_finish(&h.f);
}

static void a_full_write_does_not_wait(void **state)
{
	(void)state;
	struct house h = {0};
	const struct room *r = busy_house(&h, 100);
	for (int i = 0; i < 10; i++) {
		for (int n = 0; n < 5; n++) {
			say(h.writer, "{\"type\":\"message.send\",\"data\":{\"room\":\"r1\",\"text\":\"%03000d\"}}", n);
			held_store_deliver(h.f.store, held_store_find(h.f.store, STORE_APPEND));
		}
		assert_false(rests(&h, r));
	}
	fixture_finish(&h.f);
}

static void without_sweep_rest_no_room_rests(void **state)
{
	(void)state;
	assert_in_range(share(0, 1000000), 95, 100);
}

static void one_stall_does_not_change_the_pace(void **state)
{
	(void)state;
	struct house h = {0};
	const struct room *r = busy_house(&h, 100);
	keep_busy(&h, r, 30, 1000000);
	uint64_t usual_ns = r->late_worked_ns * READERS / r->late_writes, counted_ns = r->late_worked_ns, started_ns = fake_clock_ns();
	struct conn *stalls = h.f.conns[1];
	stalls->write_takes_ns = 200000000;
	keep_busy(&h, r, 1, 1000000);
	stalls->write_takes_ns = write_takes_ns;
	assert_in_range(fake_clock_ns() - started_ns, 200000000, UINT64_MAX); /* it happened */
	assert_in_range(r->late_worked_ns - counted_ns, usual_ns, 5 * usual_ns);
	keep_busy(&h, r, 2, 1000000);
	assert_in_range(r->pass_lasts_ns, 1, usual_ns * 3); /* it would be twice the usual */
	fixture_finish(&h.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_busy_room_rests_by_what_is_asked), cmocka_unit_test(a_pass_that_comes_alone_goes_as_fast_as_it_can),
		cmocka_unit_test(a_full_write_does_not_wait),         cmocka_unit_test(without_sweep_rest_no_room_rests),
		cmocka_unit_test(one_stall_does_not_change_the_pace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
