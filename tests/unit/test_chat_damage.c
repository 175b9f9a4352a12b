/* What cannot be read from the store any more: readers are told which events, and go on behind them. */
#include "chat_den.h"

#include "chat/follow.h"
#include "chat/user.h"
#include "chat/user_refresh.h"
#include "room/room.h"

#include <errno.h>
#include <string.h>

enum { MESSAGES = 300, DAMAGED_FROM = 100, DAMAGED_TO = 120 };

/* 300 messages, bob among the members. */
static void setup(struct den *d)
{
	den_setup(d);
	held_store_add_member(d->f.store, d->room, d->bob);
	held_store_add_messages(d->f.store, d->room, d->ann, MESSAGES);
	fixture_start(&d->f);
	d->writer = fixture_signed_in(&d->f, d->ann_token);
}

static void setup_damaged(struct den *d)
{
	setup(d);
	held_store_damage(d->f.store, d->room, DAMAGED_FROM, DAMAGED_TO);
}

static struct conn *resume(struct den *d, uint64_t seq, const char *on_gap)
{
	struct conn *c = fixture_websocket(&d->f);
	say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"on_gap\":\"%s\",\"resume\":{\"%s\":%d}}}",
	    d->bob_token, on_gap, id_text(room_id_of(&d->f, d->room)), (int)seq);
	return c;
}

/* first..last in order, with from..to replaced by one room.gap in its place. */
static void assert_told(const struct conn *c, uint64_t first, uint64_t from, uint64_t to, uint64_t last)
{
	uint64_t next = first;
	size_t at, n_gaps = 0;
	json_t *message;
	json_array_foreach(c->heard, at, message) {
		const char *type = json_string_value(json_object_get(message, "type"));
		const json_t *data = json_object_get(message, "data");
		if (strcmp(type, "room.gap") == 0) {
			n_gaps++;
			assert_string_equal(json_string_value(json_object_get(data, "reason")), "damaged");
			assert_int_equal(next, from);
			assert_int_equal(number_of(data, "from"), from);
			assert_int_equal(number_of(data, "to"), to);
			next = to + 1;
		} else if (json_object_get(message, "seq")) {
			assert_int_equal(number_of(message, "seq"), next);
			next++;
		}
	}
	assert_int_equal(n_gaps, from <= to);
	assert_int_equal(next, last + 1);
	assert_false(c->is_closing);
}

/* A message that is stored, which the chat is not told yet. */
static struct store_op *commit_untold(struct den *d)
{
	say(d->writer, "{\"type\":\"message.send\",\"data\":{\"room\":\"den\",\"text\":\"x\"}}");
	struct store_op *op = list_entry(d->f.store->submitted.prev, struct store_op, link);
	assert_int_equal(op->kind, STORE_APPEND);
	held_store_work(d->f.store, op);
	return op;
}

static void a_reader_is_told_what_is_damaged_and_goes_on(void **state)
{
	struct den d = {0};
	(void)state;
	setup_damaged(&d);
	uint64_t last = last_seq(&d);
	struct store_op *late = commit_untold(&d);
	struct conn *start = resume(&d, 0, "replay"), *within = resume(&d, 109, "replay"), *behind = resume(&d, DAMAGED_TO, "replay");
	fixture_run(&d.f, STORE_APPEND);
	assert_told(start, 1, DAMAGED_FROM, DAMAGED_TO, last);
	assert_told(within, 110, 110, DAMAGED_TO, last);
	assert_told(behind, DAMAGED_TO + 1, 1, 0, last);
	assert_int_equal(d.f.metrics.gaps_total, 2);
	held_store_deliver(d.f.store, late);
	fixture_run(&d.f, -1);
	assert_told(start, 1, DAMAGED_FROM, DAMAGED_TO, last + 1);
	say(d.writer, "{\"ref\":\"m\",\"type\":\"message.send\",\"data\":{\"room\":\"den\",\"text\":\"x\"}}");
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(d.writer, "m"), "unavailable"); /* nothing is written to a log that is known to be damaged */
	assert_true(json_is_false(json_object_get(data_of(d.writer, "m"), "retryable")));
	fixture_finish(&d.f);
}

static void damage_at_the_end_of_the_log_leads_to_what_comes_live(void **state)
{
	struct den d = {0};
	(void)state;
	setup(&d);
	held_store_share(d.f.store);
	uint64_t last = last_seq(&d);
	held_store_damage(d.f.store, d.room, last - 4, last);
	struct conn *replay = resume(&d, last - 10, "replay"), *skip = resume(&d, last - 10, "skip");
	fixture_run(&d.f, -1);
	assert_told(replay, last - 9, last - 4, last, last);
	assert_told(skip, last - 9, last - 4, last, last);
	held_store_add_messages(d.f.store, d.room, d.bob, 3); /* by another writer, who has not met the damage */
	fixture_pass_ms(&d.f, FOLLOW_EVERY_MS + FOLLOW_VARY_MS);
	fixture_run(&d.f, -1);
	assert_told(replay, last - 9, last - 4, last, last + 3);
	fixture_finish(&d.f);
}

/* A page without the events that the room says there are. */
static void a_log_that_ends_too_early_is_damaged(void **state)
{
	struct den d = {0};
	(void)state;
	setup(&d);
	uint64_t last = last_seq(&d);
	struct conn *c = resume(&d, last - 5, "replay");
	held_store_settle(d.f.store, STORE_LOG_PAGE);
	fixture_turns(&d.f);
	memory_store_change(d.f.store->real, "UPDATE room SET last_seq = %llu WHERE no = %llu; DELETE FROM event WHERE pk > %lld",
			    (unsigned long long)last - 2, (unsigned long long)d.room, (long long)event_pk(d.room, last - 2));
	fixture_run(&d.f, -1);
	assert_told(c, last - 4, last - 1, last, last);
	fixture_finish(&d.f);
}

static void an_event_stream_is_told_too(void **state)
{
	struct den d = {0};
	(void)state;
	setup_damaged(&d);
	struct conn *c = fixture_open(&d.f, TRANSPORT_STREAM, d.bob_token);
	session_stream_request(c->session, &(struct text){"den", 3}, 1, (struct text){"0", 1});
	fixture_run(&d.f, -1);
	buf_append_byte(&c->stream, 0);
	const char *all = (const char *)c->stream.data, *gap = strstr(all, "event: room.gap\n");
	assert_non_null(gap);
	assert_non_null(strstr(gap, "\"data\":{\"from\":100,\"to\":120,\"reason\":\"damaged\"}"));
	const char *before = strstr(all, "\"seq\":99,"), *after = strstr(all, "\"seq\":121,");
	assert_true(before && after && before < gap && gap < after);
	assert_null(strstr(all, "\"seq\":100,"));
	assert_null(strstr(all, "\"seq\":120,"));
	fixture_finish(&d.f);
}

static void history_names_what_it_cannot_read(void **state)
{
	struct den d = {0};
	(void)state;
	setup_damaged(&d);
	say(d.writer, "{\"ref\":\"good\",\"type\":\"history.read\",\"data\":{\"room\":\"den\",\"after\":90}}");
	say(d.writer, "{\"ref\":\"bad\",\"type\":\"history.read\",\"data\":{\"room\":\"den\",\"after\":99}}");
	say(d.writer, "{\"ref\":\"down\",\"type\":\"history.read\",\"data\":{\"room\":\"den\",\"before\":121}}");
	fixture_run(&d.f, -1);
	assert_int_equal(json_array_size(json_object_get(data_of(d.writer, "good"), "events")), 9);
	assert_true(json_is_true(json_object_get(data_of(d.writer, "good"), "more")));
	for (int i = 0; i < 2; i++) {
		const json_t *data = data_of(d.writer, i ? "down" : "bad");
		assert_string_equal(code_of(d.writer, i ? "down" : "bad"), "unavailable");
		assert_true(json_is_false(json_object_get(data, "retryable")));
		assert_non_null(strstr(json_string_value(json_object_get(data, "message")), "stored data is damaged: seq 100 to 120"));
	}
	fixture_finish(&d.f);
}

/* Events out of order leave a hole that cannot be read from the store. */
static void a_hole_that_cannot_be_filled_is_told_to_live_readers(void **state)
{
	struct den d = {0};
	(void)state;
	setup(&d);
	uint64_t last = last_seq(&d);
	struct conn *live = fixture_signed_in(&d.f, d.bob_token);
	struct store_op *ops[4];
	for (int i = 0; i < 4; i++)
		ops[i] = commit_untold(&d);
	held_store_damage(d.f.store, d.room, last + 1, last + 2);
	held_store_deliver(d.f.store, ops[2]);
	fixture_run(&d.f, STORE_APPEND);
	assert_told(live, last + 1, last + 1, last + 2, last + 3);
	held_store_deliver(d.f.store, ops[0]);
	held_store_deliver(d.f.store, ops[1]);
	fixture_run(&d.f, STORE_APPEND);
	assert_told(live, last + 1, last + 1, last + 2, last + 3);
	held_store_deliver(d.f.store, ops[3]);
	fixture_run(&d.f, -1);
	assert_told(live, last + 1, last + 1, last + 2, last + 4);
	assert_told(d.writer, last + 1, last + 1, last + 2, last + 4);
	fixture_finish(&d.f);
}

/* The effect of such a hole on memberships is read from the store, which has them beside the log. */
static void a_leave_within_a_hole_that_cannot_be_filled_is_known(void **state)
{
	struct den d = {0};
	(void)state;
	setup(&d);
	uint64_t last = last_seq(&d);
	struct conn *leaver = fixture_signed_in(&d.f, d.bob_token), *other = fixture_signed_in(&d.f, d.bob_token);
	say(leaver, "{\"ref\":\"leave\",\"type\":\"room.leave\",\"data\":{\"room\":\"den\"}}");
	struct store_op *leave = held_store_find(d.f.store, STORE_LEAVE);
	held_store_work(d.f.store, leave);
	held_store_damage(d.f.store, d.room, last + 1, last + 1);
	commit_one(&d);
	fixture_run(&d.f, STORE_LEAVE);
	const struct room *r = room_by_id(&d.f.chat->rooms, room_id_of(&d.f, d.room));
	assert_int_equal(r->n_members, 1);
	assert_int_equal(heard(other, "room.removed", NULL), 1);
	say(other, "{\"ref\":\"m\",\"type\":\"message.send\",\"data\":{\"room\":\"den\",\"text\":\"may I\"}}");
	assert_string_equal(code_of(other, "m"), "forbidden");
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(leaver, "leave"), "ok");
	assert_int_equal(r->n_members, 1);
	fixture_finish(&d.f);
}

static void signing_in_with_damaged_rows_is_refused_without_a_retry(void **state)
{
	struct den d = {0};
	(void)state;
	setup(&d);
	memory_store_change(d.f.store->real, "UPDATE account SET id = x'00' WHERE no = %llu", (unsigned long long)d.bob);
	struct conn *c = resume(&d, 0, "replay"), *http = fixture_open(&d.f, TRANSPORT_HTTP, d.bob_token);
	session_http_request(http->session, CMD_ROOM_LIST, (const uint8_t *)"{}", 2);
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(c, "s"), "unavailable");
	assert_true(json_is_false(json_object_get(data_of(c, "s"), "retryable")));
	const json_t *data = json_object_get(json_array_get(http->heard, 0), "data");
	assert_string_equal(json_string_value(json_object_get(data, "code")), "unavailable");
	assert_true(json_is_false(json_object_get(data, "retryable")));
	assert_int_equal(http->last_retry_after_ms, 0);
	fixture_finish(&d.f);
}

/* Another server ended one of bob's tokens; what is damaged, his account or a room of his, is no reason to leave its session open. */
static void a_token_that_ended_ends_its_session_also_where_the_account_is_damaged(void **state)
{
	static const char *const tables[] = {"account", "room"};
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct den d = {0};
		char other[80];
		setup(&d);
		held_store_add_token(d.f.store, d.bob, TOKEN_SESSION, "other", other);
		struct conn *stays = fixture_signed_in(&d.f, d.bob_token), *ended = fixture_signed_in(&d.f, other);
		struct user *bob = user_by_no(d.f.chat, d.bob);
		uint8_t hash[SECRET_HASH_BYTES];
		char hex[2 * SECRET_HASH_BYTES + 1];
		secret_token_hash(other, strlen(other), hash);
		for (size_t at = 0; at < sizeof(hash); at++)
			snprintf(hex + 2 * at, 3, "%02x", hash[at]);
		memory_store_change(d.f.store->real, "DELETE FROM token WHERE hash = x'%s'", hex);
		memory_store_change(d.f.store->real, "UPDATE %s SET id = x'00' WHERE no = %llu", tables[i],
				    (unsigned long long)(i == 0 ? d.bob : d.room));
		user_refresh(bob);
		fixture_run(&d.f, -1);
		assert_true(ended->is_closing);
		assert_int_equal(ended->reason, CLOSE_SIGNED_OUT);
		assert_false(stays->is_closing);
		assert_true(list_empty(&d.f.chat->stale_users)); /* what would be answered alike is not asked again */
		fixture_finish(&d.f);
	}
}

static void probed(void *arg, bool ok, const char *what)
{
	assert_false(ok);
	snprintf(arg, 200, "%s", what);
}

static void the_probe_tells_why_it_is_not_ready(void **state)
{
	struct den d = {0};
	char what[200] = "";
	(void)state;
	setup_damaged(&d);
	resume(&d, 0, "replay");
	fixture_run(&d.f, -1);
	chat_probe(d.f.chat, 10000, probed, what);
	fixture_run(&d.f, -1);
	assert_non_null(strstr(what, "stored data is damaged"));
	fixture_finish(&d.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_is_told_what_is_damaged_and_goes_on),
		cmocka_unit_test(damage_at_the_end_of_the_log_leads_to_what_comes_live),
		cmocka_unit_test(a_log_that_ends_too_early_is_damaged),
		cmocka_unit_test(an_event_stream_is_told_too),
		cmocka_unit_test(history_names_what_it_cannot_read),
		cmocka_unit_test(a_hole_that_cannot_be_filled_is_told_to_live_readers),
		cmocka_unit_test(a_leave_within_a_hole_that_cannot_be_filled_is_known),
		cmocka_unit_test(signing_in_with_damaged_rows_is_refused_without_a_retry),
		cmocka_unit_test(a_token_that_ended_ends_its_session_also_where_the_account_is_damaged),
		cmocka_unit_test(the_probe_tells_why_it_is_not_ready),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
