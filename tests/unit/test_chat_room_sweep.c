/* The pace of sweeps: a room that is always busy leaves time for others; any other room goes as fast as it can. */
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

/* n passes over a room in which a message comes every millisecond. */
static void keep_busy(struct house *h, const struct room *r, uint64_t n)
{
	uint64_t until = r->n_passes + n, sent_ns = 0;
	while (r->n_passes < until) {
		if (fake_clock_ns() - sent_ns >= 1000000) {
			send_one(h, 0);
			sent_ns = fake_clock_ns();
		}
		fixture_turn(&h->f);
	}
}

static void a_busy_room_rests(void **state)
{
	(void)state;
	struct house h = {0};
	const struct room *r = busy_house(&h, 200);
	uint64_t first = last_seq(&h, 0) + 1;
	const struct metrics *m = &h.f.metrics;
	keep_busy(&h, r, 10);
	uint64_t writes = m->sweep_writes_total, started_ns = fake_clock_ns();
	keep_busy(&h, r, 20);
	uint64_t worked_ns = (m->sweep_writes_total - writes) * write_takes_ns;
	assert_in_range(worked_ns * 100 / (fake_clock_ns() - started_ns), 25, 40); /* a pass is spread over three times its cost */
	fixture_run(&h.f, -1);
	for (size_t i = 1; i < h.f.n_conns; i++) /* all that was sent, in order */
		assert_seqs(h.f.conns[i], room_id_of(&h.f, h.rooms[0]), 0, first, last_seq(&h, 0));
	fixture_finish(&h.f);
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
	unsigned n_alone = 0, n_together = 0;
	for (int i = 0; i < 20; i++) {
		send_one(&h, 0);
		n_alone += rests(&h, r);
		fixture_turns(&h.f);
		fake_clock_advance_ns(20000000); /* a pass would last 8 ms */
	}
	for (int i = 0; i < 20; i++) { /* each follows at once */
		send_one(&h, 0);
		n_together += rests(&h, r);
	}
	assert_int_equal(n_alone, 0);
	/* Each second one: a pass that rested began 8 ms before the next, and that is too long for it to follow. */
	assert_int_equal(n_together, 10);
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
	struct house h = {0};
	const struct room *r = busy_house(&h, 0);
	for (int i = 0; i < 10; i++) {
		send_one(&h, 0);
		assert_false(rests(&h, r));
	}
	fixture_finish(&h.f);
}

static void one_stall_does_not_change_the_pace(void **state)
{
	(void)state;
	struct house h = {0};
	const struct room *r = busy_house(&h, 100);
	keep_busy(&h, r, 20);
	uint64_t usual_ns = r->late_worked_ns * READERS / r->late_writes, counted_ns = r->late_worked_ns, started_ns = fake_clock_ns();
	struct conn *stalls = h.f.conns[1];
	stalls->write_takes_ns = 200000000;
	keep_busy(&h, r, 1);
	stalls->write_takes_ns = write_takes_ns;
	assert_in_range(fake_clock_ns() - started_ns, 200000000, UINT64_MAX); /* it happened */
	assert_in_range(r->late_worked_ns - counted_ns, usual_ns, 5 * usual_ns);
	keep_busy(&h, r, 2);
	assert_in_range(r->pass_lasts_ns, 1, usual_ns * 3); /* it would be twice the usual */
	fixture_finish(&h.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_busy_room_rests),
		cmocka_unit_test(a_pass_that_comes_alone_goes_as_fast_as_it_can),
		cmocka_unit_test(a_full_write_does_not_wait),
		cmocka_unit_test(without_sweep_rest_no_room_rests),
		cmocka_unit_test(one_stall_does_not_change_the_pace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
