/* Everybody's sign-ins together have a rate (chat/rate.h): who is above it is told a time of its own, at which it fits. */
#include "chat_fixture.h"

#include "chat/chat_state.h"

enum { RATE = 100, BURST = RATE / 10, CROWD = 210, TURN_MS = 5, PROMISE_LEAST_MS = 250, PROMISE_MOST_MS = 30000 };

struct crowd {
	struct chat_fixture f;
	char token[80];
	struct conn *conns[CROWD];
	uint64_t due_ms[CROWD]; /* when it tries again */
	unsigned n_in, n_tries;
};

static void setup(struct crowd *w, uint64_t rate)
{
	fixture_init(&w->f);
	w->f.config.limits.sign_ins = rate;
	fixture_person(&w->f, "ann", w->token);
	fixture_start(&w->f);
}

static uint64_t now_ms(const struct crowd *w)
{
	return loop_now_ms(w->f.loop);
}

static void ask(struct conn *c, const char *token)
{
	json_array_clear(c->heard);
	say(c, "{\"ref\":\"s\",\"type\":\"session.start\",\"data\":{\"token\":\"%s\"}}", token);
}

static uint64_t retry_after_ms(const struct conn *c)
{
	return (uint64_t)json_integer_value(json_object_get(data_of(c, "s"), "retry_after_ms"));
}

static const char *sign_in(struct crowd *w, struct conn *c, const char *token)
{
	ask(c, token);
	fixture_run(&w->f, -1);
	return code_of(c, "s");
}

static void open_conns(struct crowd *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		w->conns[i] = fixture_websocket(&w->f);
	fixture_run(&w->f, -1);
}

/* Those whose time has come ask in one moment. */
static void all_that_are_due_try(struct crowd *w)
{
	bool asked[CROWD] = {false};
	uint64_t at_ms = now_ms(w);
	for (size_t i = 0; i < CROWD; i++)
		if ((asked[i] = w->due_ms[i] <= at_ms))
			ask(w->conns[i], w->token);
	fixture_run(&w->f, -1);
	for (size_t i = 0; i < CROWD; i++) {
		if (!asked[i])
			continue;
		w->n_tries++;
		w->due_ms[i] = UINT64_MAX;
		if (strcmp(code_of(w->conns[i], "s"), "ok") == 0) {
			w->n_in++;
			continue;
		}
		assert_string_equal(code_of(w->conns[i], "s"), "rate_limited");
		assert_in_range(retry_after_ms(w->conns[i]), PROMISE_LEAST_MS, PROMISE_MOST_MS);
		assert_int_equal(w->conns[i]->sign_in_in_ms, retry_after_ms(w->conns[i]));
		w->due_ms[i] = at_ms + retry_after_ms(w->conns[i]);
	}
}

static void a_crowd_is_let_in_at_the_rate_and_few_need_a_third_try(void **state)
{
	(void)state;
	struct crowd w = {0};
	setup(&w, RATE);
	open_conns(&w, CROWD);
	uint64_t began_ms = now_ms(&w);
	all_that_are_due_try(&w);
	assert_int_equal(w.n_in, BURST);
	while (w.n_in < CROWD) {
		fixture_pass_ms(&w.f, TURN_MS);
		all_that_are_due_try(&w);
		assert_in_range(now_ms(&w) - began_ms, 0, 60000);
	}
	/* A quarter longer than the rate needs, an eighth of jitter, and the least promise. */
	assert_in_range(now_ms(&w) - began_ms, (CROWD - BURST) * 1000 / RATE, (CROWD - BURST) * 1000 / RATE * 3 / 2 + 500);
	assert_in_range(w.n_tries, 2 * CROWD - BURST, 2 * CROWD + CROWD / 10);
	fixture_finish(&w.f);
}

static void promises_spread_the_crowd_and_grow(void **state)
{
	(void)state;
	enum { SLOT_MS = 250 };
	unsigned in_slot[PROMISE_MOST_MS / SLOT_MS + 1] = {0};
	struct crowd w = {0};
	uint64_t most_ms = 0;
	setup(&w, RATE);
	open_conns(&w, CROWD);
	for (size_t i = 0; i < CROWD; i++)
		ask(w.conns[i], w.token);
	fixture_run(&w.f, -1);
	for (size_t i = 0; i < CROWD; i++) {
		uint64_t after_ms = retry_after_ms(w.conns[i]);
		if (strcmp(code_of(w.conns[i], "s"), "ok") == 0)
			continue;
		in_slot[after_ms / SLOT_MS]++;
		most_ms = after_ms > most_ms ? after_ms : most_ms;
	}
	for (size_t i = 0; i < sizeof in_slot / sizeof in_slot[0]; i++)
		assert_in_range(in_slot[i], 0, RATE * SLOT_MS / 1000 + BURST);
	assert_in_range(most_ms, (CROWD - BURST) * 1000 / RATE, 2 * CROWD * 1000 / RATE);
	fixture_finish(&w.f);
}

static void a_queue_that_is_too_long_is_promised_no_more_than_half_a_minute(void **state)
{
	(void)state;
	struct crowd w = {0};
	uint64_t least_ms = UINT64_MAX, most_ms = 0;
	setup(&w, 1);
	open_conns(&w, CROWD);
	for (size_t i = 0; i < CROWD; i++)
		ask(w.conns[i], w.token);
	fixture_run(&w.f, -1);
	for (size_t i = CROWD / 2; i < CROWD; i++) {
		uint64_t after_ms = retry_after_ms(w.conns[i]);
		least_ms = after_ms < least_ms ? after_ms : least_ms;
		most_ms = after_ms > most_ms ? after_ms : most_ms;
	}
	assert_in_range(least_ms, PROMISE_MOST_MS / 2, PROMISE_MOST_MS * 3 / 4);
	assert_in_range(most_ms, PROMISE_MOST_MS * 3 / 4, PROMISE_MOST_MS);
	fixture_finish(&w.f);
}

static void a_sign_in_that_fails_takes_nothing_from_the_others(void **state)
{
	(void)state;
	struct crowd w = {0};
	setup(&w, BURST); /* a burst of one */
	struct conn *stranger = fixture_websocket(&w.f), *ann = fixture_websocket(&w.f), *late = fixture_websocket(&w.f);
	fixture_run(&w.f, -1);
	for (int i = 0; i < 50; i++)
		assert_string_equal(sign_in(&w, stranger, "not-a-token"), "invalid_token");
	assert_string_equal(sign_in(&w, ann, w.token), "ok");
	assert_string_equal(sign_in(&w, late, w.token), "rate_limited");
	say(stranger, "{\"ref\":\"g\",\"type\":\"session.start\",\"data\":{\"guest\":\"\\u0001\"}}");
	fixture_run(&w.f, -1);
	assert_string_equal(code_of(stranger, "g"), "rate_limited"); /* guests are among everybody */
	fixture_pass_ms(&w.f, 1000);
	for (int i = 0; i < 50; i++) {
		say(stranger, "{\"ref\":\"n%d\",\"type\":\"session.start\",\"data\":{\"guest\":\"\\u0001\"}}", i);
		fixture_run(&w.f, -1);
	}
	assert_string_equal(code_of(stranger, "n49"), "invalid_request");
	assert_string_equal(sign_in(&w, late, w.token), "ok");
	fixture_finish(&w.f);
}

static void one_who_is_signed_in_and_one_who_asks_by_http_are_not_counted(void **state)
{
	(void)state;
	struct crowd w = {0};
	setup(&w, BURST);
	struct conn *ann = fixture_websocket(&w.f), *late = fixture_websocket(&w.f);
	fixture_run(&w.f, -1);
	assert_string_equal(sign_in(&w, ann, w.token), "ok");
	assert_string_equal(sign_in(&w, late, w.token), "rate_limited");
	say(ann, "{\"ref\":\"l\",\"type\":\"room.list\"}");
	fixture_run(&w.f, -1);
	assert_string_equal(code_of(ann, "l"), "ok");
	struct conn *http = fixture_open(&w.f, TRANSPORT_HTTP, w.token);
	session_http_request(http->session, CMD_ROOM_LIST, (const uint8_t *)"{}", 2);
	fixture_run(&w.f, -1);
	assert_int_equal(http->last_code, WIRE_OK);
	struct conn *stream = fixture_open(&w.f, TRANSPORT_STREAM, w.token);
	const struct text room = {"x", 1};
	session_stream_request(stream->session, &room, 1, (struct text){NULL, 0});
	fixture_run(&w.f, -1);
	assert_int_equal(stream->last_code, WIRE_RATE_LIMITED);
	fixture_finish(&w.f);
}

static void an_account_in_many_rooms_counts_as_several(void **state)
{
	(void)state;
	enum { ROOMS = 100 }; /* five more */
	struct crowd w = {0};
	char token[80], name[20];
	fixture_init(&w.f);
	w.f.config.limits.sign_ins = RATE;
	uint64_t busy = fixture_person(&w.f, "busy", token);
	fixture_person(&w.f, "ann", w.token);
	for (int i = 0; i < ROOMS; i++) {
		snprintf(name, sizeof name, "room %d", i);
		held_store_add_room(w.f.store, name, ROOM_PUBLIC, busy);
	}
	fixture_start(&w.f);
	unsigned n_in = 0;
	open_conns(&w, 2 * BURST);
	assert_string_equal(sign_in(&w, w.conns[0], token), "ok");
	for (size_t i = 1; i < 2 * BURST; i++)
		ask(w.conns[i], w.token);
	fixture_run(&w.f, -1);
	for (size_t i = 1; i < 2 * BURST; i++)
		n_in += strcmp(code_of(w.conns[i], "s"), "ok") == 0;
	assert_in_range(n_in, 1, BURST - 5);
	fixture_finish(&w.f);
}

static void one_account_takes_a_small_part_of_everybodys(void **state)
{
	(void)state;
	enum { ACCOUNT_REQUESTS = 10 }; /* a burst of ten sign-ins */
	struct crowd w = {0};
	unsigned n_in = 0;
	setup(&w, 10 * CROWD); /* a burst for all */
	w.f.chat->config.limits.account_requests = ACCOUNT_REQUESTS;
	open_conns(&w, CROWD);
	for (size_t i = 0; i < CROWD; i++)
		ask(w.conns[i], w.token);
	fixture_run(&w.f, -1);
	for (size_t i = 0; i < CROWD; i++)
		n_in += strcmp(code_of(w.conns[i], "s"), "ok") == 0;
	assert_int_equal(n_in, ACCOUNT_REQUESTS);
	fixture_finish(&w.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crowd_is_let_in_at_the_rate_and_few_need_a_third_try),
		cmocka_unit_test(promises_spread_the_crowd_and_grow),
		cmocka_unit_test(a_queue_that_is_too_long_is_promised_no_more_than_half_a_minute),
		cmocka_unit_test(a_sign_in_that_fails_takes_nothing_from_the_others),
		cmocka_unit_test(one_who_is_signed_in_and_one_who_asks_by_http_are_not_counted),
		cmocka_unit_test(an_account_in_many_rooms_counts_as_several),
		cmocka_unit_test(one_account_takes_a_small_part_of_everybodys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
