/* The database is away: what needs it is refused, everybody stays, and requests that wait for it go on when it is back. */
#include "chat_den.h"

#include "bus/bus.h"
#include "room/room.h"
#include "store/store_state.h"

#include <errno.h>
#include <string.h>

static void go_away(struct den *d)
{
	store_set_away(&d->f.store->base, "db.example:5432: connection refused", 3000);
	d->f.store->fault = -ENOTCONN;
}

static void come_back(struct den *d)
{
	d->f.store->fault = 0;
	store_set_back(&d->f.store->base);
}

static void den_of_two(struct den *d)
{
	den_setup(d);
	held_store_add_member(d->f.store, d->room, d->bob);
}

static void assert_refused(const struct conn *c, const char *ref)
{
	json_t *data = data_of(c, ref);
	assert_string_equal(code_of(c, ref), "unavailable");
	assert_true(json_is_true(json_object_get(data, "retryable")));
	uint64_t retry_ms = number_of(data, "retry_after_ms");
	assert_in_range(retry_ms, 3000, 5999);
	assert_string_equal(json_string_value(json_object_get(data, "message")), "the database is away; nothing was done");
}

static void every_command_that_needs_it_is_refused_and_everybody_stays(void **state)
{
	(void)state;
	static const char *const commands[] = {
		"\"message.send\",\"data\":{\"room\":\"den\",\"text\":\"x\"}",
		"\"history.read\",\"data\":{\"room\":\"den\"}",
		"\"read.mark\",\"data\":{\"room\":\"den\",\"seq\":9}",
		"\"room.create\",\"data\":{\"name\":\"hut\"}",
		"\"room.list\"",
		"\"room.get\",\"data\":{\"room\":\"another\"}",
		"\"room.update\",\"data\":{\"room\":\"den\",\"topic\":\"t\"}",
		"\"room.join\",\"data\":{\"room\":\"another\"}",
		"\"room.leave\",\"data\":{\"room\":\"den\"}",
		"\"room.members\",\"data\":{\"room\":\"den\"}",
		"\"member.add\",\"data\":{\"room\":\"den\",\"user\":\"bob\"}",
		"\"bot.create\",\"data\":{\"name\":\"robot\"}",
		"\"account.login\",\"data\":{\"name\":\"ann\",\"password\":\"correct horse\"}",
		"\"account.logout\"",
		"\"admin.owner\",\"data\":{\"name\":\"ann\"}",
		"\"admin.bot\",\"data\":{\"name\":\"robot\"}",
		"\"admin.export\",\"data\":{\"room\":\"den\"}",
		"\"admin.backup\",\"data\":{\"path\":\"/x\"}",
		"\"admin.verify\"",
	};
	enum { N = sizeof(commands) / sizeof(commands[0]) };
	struct den d = {0};
	den_of_two(&d);
	held_store_add_messages(d.f.store, d.room, d.bob, 10);
	fixture_start(&d.f);
	struct conn *ann = fixture_signed_in(&d.f, d.ann_token), *bob = fixture_signed_in(&d.f, d.bob_token);
	ann->session->operator_socket = true;
	go_away(&d);
	for (int at_once = 0; at_once < 2; at_once++) {
		d.f.store->refuses = at_once ? -ENOTCONN : 0; /* the store knows before it asks, or only when it asks */
		for (size_t i = 0; i < N; i++) {
			char ref[32];
			snprintf(ref, sizeof(ref), "%d-%zu", at_once, i);
			say(ann, "{\"ref\":\"%s\",\"type\":%s}", ref, commands[i]);
			fixture_run(&d.f, -1);
			if (strcmp(code_of(ann, ref), "unavailable") != 0)
				fail_msg("%s: %s", commands[i], code_of(ann, ref));
			assert_refused(ann, ref);
		}
	}
	assert_false(ann->is_closing);
	say(ann, "{\"type\":\"typing.set\",\"ref\":\"t\",\"data\":{\"room\":\"den\"}}");
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(ann, "t"), "ok"); /* needs no store */
	assert_int_equal(heard(bob, "typing", NULL), 1);
	d.f.store->refuses = 0;
	come_back(&d);
	say(ann, "{\"type\":\"message.send\",\"ref\":\"m\",\"data\":{\"room\":\"den\",\"text\":\"x\"}}");
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(ann, "m"), "ok");
	assert_int_equal(heard(bob, "message.created", NULL), 1);
	fixture_finish(&d.f);
}

static void a_refusal_says_another_time_to_each(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	fixture_start(&d.f);
	struct conn *ann = fixture_signed_in(&d.f, d.ann_token);
	go_away(&d);
	uint64_t first = 0;
	bool differs = false;
	for (int i = 0; i < 20; i++) {
		say(ann, "{\"type\":\"room.list\",\"ref\":\"%d\"}", i);
		fixture_run(&d.f, -1);
		char ref[8];
		snprintf(ref, sizeof(ref), "%d", i);
		uint64_t retry_ms = number_of(data_of(ann, ref), "retry_after_ms");
		differs |= i > 0 && retry_ms != first;
		first = retry_ms;
	}
	assert_true(differs);
	come_back(&d);
	fixture_finish(&d.f);
}

static void signing_in_is_refused_and_the_connection_stays(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	fixture_start(&d.f);
	go_away(&d);
	struct conn *c = fixture_websocket(&d.f), *http = fixture_open(&d.f, TRANSPORT_HTTP, d.ann_token);
	say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\"}}", d.ann_token);
	session_http_request(http->session, CMD_ROOM_LIST, NULL, 0);
	fixture_run(&d.f, -1);
	assert_refused(c, "s");
	assert_int_equal(http->last_code, WIRE_UNAVAILABLE);
	assert_in_range(http->last_retry_after_ms, 3000, 5999);
	say(c, "{\"type\":\"session.start\",\"ref\":\"g\",\"data\":{\"guest\":\"Guest\"}}");
	fixture_run(&d.f, -1);
	assert_refused(c, "g");
	assert_false(c->is_closing);
	come_back(&d);
	say(c, "{\"type\":\"session.start\",\"ref\":\"again\",\"data\":{\"token\":\"%s\"}}", d.ann_token);
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(c, "again"), "ok");
	fixture_finish(&d.f);
}

static void readers_behind_the_ring_wait_and_miss_nothing(void **state)
{
	(void)state;
	struct den d = {0};
	den_of_two(&d);
	held_store_add_messages(d.f.store, d.room, d.ann, 500);
	fixture_start(&d.f);
	d.writer = fixture_signed_in(&d.f, d.ann_token);
	uint64_t last = last_seq(&d);
	struct conn *c = fixture_websocket(&d.f);
	say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"resume\":{\"%s\":0}}}", d.bob_token,
	    id_text(room_id_of(&d.f, d.room)));
	held_store_deliver(d.f.store, held_store_find(d.f.store, STORE_SIGN_IN));
	fixture_turns(&d.f);
	held_store_deliver(d.f.store, held_store_find(d.f.store, STORE_LOG_PAGE)); /* some of it */
	fixture_turns(&d.f);
	struct conn *other = fixture_websocket(&d.f);
	say(other, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"resume\":{\"%s\":0}}}", d.bob_token,
	    id_text(room_id_of(&d.f, d.room)));
	held_store_deliver(d.f.store, held_store_find(d.f.store, STORE_SIGN_IN));
	assert_non_null(held_store_find(d.f.store, STORE_LOG_PAGE)); /* the next page of one is under way; the other has asked for none */
	size_t n_asked = d.f.store->n_submitted[STORE_LOG_PAGE];
	go_away(&d);
	fixture_run(&d.f, -1);
	fixture_pass_ms(&d.f, 5000);
	fixture_run(&d.f, -1);
	assert_int_equal(d.f.store->n_submitted[STORE_LOG_PAGE], n_asked); /* nobody asks while it is away */
	assert_false(c->is_closing);
	come_back(&d);
	fixture_run(&d.f, -1);
	assert_seqs(c, room_id_of(&d.f, d.room), 0, 1, last);
	assert_seqs(other, room_id_of(&d.f, d.room), 0, 1, last);
	assert_int_equal(heard(c, "room.gap", NULL) + heard(other, "room.gap", NULL), 0);
	fixture_finish(&d.f);
}

/* An event comes by another way than the own commit, with a hole before it, and nothing follows. */
static void a_hole_is_asked_for_again(void **state)
{
	(void)state;
	struct den d = {0};
	den_of_two(&d);
	fixture_start(&d.f);
	d.writer = fixture_signed_in(&d.f, d.ann_token);
	struct conn *bob = fixture_signed_in(&d.f, d.bob_token);
	uint64_t last = last_seq(&d);
	held_store_add_messages(d.f.store, d.room, d.ann, 3); /* by another writer */
	go_away(&d);
	struct room *r = room_by_id(&d.f.chat->rooms, room_id_of(&d.f, d.room));
	room_offer(r, held_store_event(d.f.store, d.room, last + 3));
	fixture_run(&d.f, -1);
	assert_int_equal(heard(bob, "message.created", NULL), 0);
	size_t n_asked = d.f.store->n_submitted[STORE_LOG_PAGE];
	fixture_pass_ms(&d.f, 3000);
	fixture_run(&d.f, -1);
	assert_int_equal(d.f.store->n_submitted[STORE_LOG_PAGE], n_asked); /* no question was asked */
	come_back(&d);
	fixture_run(&d.f, -1);
	assert_seqs(bob, room_id_of(&d.f, d.room), 0, last + 1, last + 3);

	/* The store does not have it yet, or is busy: it is asked a second later. */
	held_store_add_messages(d.f.store, d.room, d.ann, 3);
	d.f.store->refuses = -EBUSY;
	room_offer(r, held_store_event(d.f.store, d.room, last + 6));
	fixture_run(&d.f, -1);
	d.f.store->refuses = 0;
	fixture_pass_ms(&d.f, 1500);
	fixture_run(&d.f, -1);
	assert_seqs(bob, room_id_of(&d.f, d.room), 0, last + 1, last + 6);
	fixture_finish(&d.f);
}

static void told(void *arg, bool ok, const char *what)
{
	snprintf(arg, 300, "%d %s", ok, what);
}

static void the_operator_is_told_why(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	fixture_start(&d.f);
	char said[300] = "";
	chat_probe(d.f.chat, 1000, told, said);
	fixture_run(&d.f, -1);
	fixture_pass_ms(&d.f, 10);
	assert_string_equal(said, "1 ready");
	go_away(&d);
	chat_probe(d.f.chat, 1000, told, said); /* at once, though a good answer is not a second old */
	assert_string_equal(said, "0 the database is away: db.example:5432: connection refused");
	store_set_away(&d.f.store->base, "db.example:5432: it is starting up", 1000);
	chat_probe(d.f.chat, 1000, told, said);
	assert_string_equal(said, "0 the database is away: db.example:5432: it is starting up");
	assert_int_equal(d.f.metrics.store_away, 1);
	assert_int_equal(d.f.metrics.store_outages_total, 1);
	come_back(&d);
	come_back(&d);
	assert_int_equal(d.f.metrics.store_away, 0);
	go_away(&d);
	assert_int_equal(d.f.metrics.store_outages_total, 2);
	come_back(&d);
	fixture_finish(&d.f);
}

static void a_store_may_be_away_from_the_start(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	go_away(&d);
	fixture_start(&d.f);
	assert_int_equal(d.f.metrics.store_away, 1);
	assert_int_equal(d.f.metrics.store_outages_total, 1);
	come_back(&d);
	assert_int_equal(d.f.metrics.store_away, 0);
	d.writer = fixture_signed_in(&d.f, d.ann_token);
	fixture_finish(&d.f);
}

static void a_bus_that_is_away_is_told_with_its_reason(void **state)
{
	(void)state;
	struct bus bus = {.state = BUS_WHOLE, .why = "redis.example:6379: no answer"};
	struct chat_fixture f;
	fixture_init(&f);
	fixture_start(&f);
	assert_null(chat_degraded(f.chat)); /* there is none */
	f.chat->config.bus = &bus;
	assert_null(chat_degraded(f.chat));
	bus.state = BUS_DEGRADED;
	assert_string_equal(chat_degraded(f.chat), bus.why);
	f.chat->config.bus = NULL;
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bus_that_is_away_is_told_with_its_reason),
		cmocka_unit_test(every_command_that_needs_it_is_refused_and_everybody_stays),
		cmocka_unit_test(a_refusal_says_another_time_to_each),
		cmocka_unit_test(signing_in_is_refused_and_the_connection_stays),
		cmocka_unit_test(readers_behind_the_ring_wait_and_miss_nothing),
		cmocka_unit_test(a_hole_is_asked_for_again),
		cmocka_unit_test(the_operator_is_told_why),
		cmocka_unit_test(a_store_may_be_away_from_the_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
