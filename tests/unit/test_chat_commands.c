/* What commands answer, and whom they tell: refusals, limits, read marks, signing out, the probe and the farewell. */
#include "chat_place.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static const char *message_of(const struct conn *c, const char *ref)
{
	return json_string_value(json_object_get(data_of(c, ref), "message"));
}

static void who_is_no_member_is_refused_and_learns_nothing(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *eve = fixture_signed_in(&p.f, p.eve_token);
	static const char *const commands[] = {
		"\"message.send\",\"data\":{\"text\":\"x\",",
		"\"history.read\",\"data\":{",
		"\"read.mark\",\"data\":{\"seq\":1,",
		"\"typing.set\",\"data\":{",
		"\"signal.send\",\"data\":{",
		"\"room.members\",\"data\":{",
		"\"room.leave\",\"data\":{",
		"\"room.update\",\"data\":{\"topic\":\"x\",",
	};
	for (int in_memory = 0; in_memory < 2; in_memory++) {
		if (in_memory)
			fixture_signed_in(&p.f, p.ann_token);
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
			char refs[3][24];
			static const char *const rooms[] = {"den", "cellar", "nowhere"};
			for (int r = 0; r < 3; r++) {
				snprintf(refs[r], sizeof(refs[r]), "%d-%d-%d", in_memory, (int)i, r);
				say(eve, "{\"ref\":\"%s\",\"type\":%s\"room\":\"%s\"}}", refs[r], commands[i], rooms[r]);
				fixture_run(&p.f, -1);
			}
			assert_string_equal(code_of(eve, refs[0]), "forbidden");
			assert_string_equal(code_of(eve, refs[1]), "not_found");
			assert_string_equal(code_of(eve, refs[2]), "not_found");
			assert_string_equal(message_of(eve, refs[1]), message_of(eve, refs[2])); /* nothing tells them apart */
		}
	}
	ask(&p, eve, "{\"ref\":\"j\",\"type\":\"room.join\",\"data\":{\"room\":\"cellar\"}}");
	ask(&p, eve, "{\"ref\":\"g\",\"type\":\"room.get\",\"data\":{\"room\":\"cellar\"}}");
	ask(&p, eve, "{\"ref\":\"n\",\"type\":\"room.get\",\"data\":{\"room\":\"nowhere\"}}");
	assert_string_equal(code_of(eve, "j"), "not_found");
	assert_string_equal(code_of(eve, "g"), "not_found");
	assert_string_equal(message_of(eve, "g"), message_of(eve, "n"));
	ask(&p, eve, "{\"ref\":\"d\",\"type\":\"room.get\",\"data\":{\"room\":\"den\"}}");
	const json_t *den = json_object_get(data_of(eve, "d"), "room");
	assert_true(json_is_false(json_object_get(den, "member")));
	assert_null(json_object_get(den, "unread"));
	fixture_finish(&p.f);
}

static void a_message_with_a_client_id_is_sent_once(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *ann = fixture_signed_in(&p.f, p.ann_token), *bob = fixture_signed_in(&p.f, p.bob_token);
	const char *twice = "\"type\":\"message.send\",\"data\":{\"room\":\"den\",\"text\":\"x\","
			    "\"client_id\":\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\"}}";
	say(bob, "{\"ref\":\"one\",%s", twice);
	say(bob, "{\"ref\":\"two\",%s", twice); /* both under way at once */
	fixture_run(&p.f, -1);
	assert_null(json_object_get(data_of(bob, "one"), "duplicate"));
	assert_true(json_is_true(json_object_get(data_of(bob, "two"), "duplicate")));
	json_object_del(data_of(bob, "two"), "duplicate");
	assert_true(json_equal(data_of(bob, "one"), data_of(bob, "two")));
	assert_int_equal(heard(ann, "message.created", NULL), 1);
	assert_int_equal(heard(bob, "message.created", NULL), 1);
	say(ann, "{\"ref\":\"hers\",%s", twice); /* another author's is another message */
	fixture_run(&p.f, -1);
	assert_null(json_object_get(data_of(ann, "hers"), "duplicate"));
	fixture_finish(&p.f);
}

static void what_the_store_cannot_do_is_refused_and_leaves_nothing(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *bob = fixture_signed_in(&p.f, p.bob_token);
	static const struct {
		const char *type, *data;
		bool is_read;
	} cases[] = {
		{"message.send", "{\"room\":\"den\",\"text\":\"x\"}", false},
		{"history.read", "{\"room\":\"den\"}", true},
		{"room.join", "{\"room\":\"nowhere\"}", true},
		{"room.create", "{\"name\":\"new\"}", false},
		{"room.leave", "{\"room\":\"den\"}", false},
		{"read.mark", "{\"room\":\"den\",\"seq\":4000}", false},
		{"room.list", "{}", true},
		{"room.members", "{\"room\":\"den\"}", true},
		{"bot.create", "{\"name\":\"robot\"}", false},
		{"account.logout", "{}", false},
		{"account.login", "{\"name\":\"bob\",\"password\":\"12345678\"}", true},
	};
	static const int faults[] = {-EBUSY, -EAGAIN, -EIO, -EBADMSG};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t k = 0; k < sizeof(faults) / sizeof(faults[0]); k++) {
			char ref[24];
			snprintf(ref, sizeof(ref), "%d-%d", (int)i, (int)k);
			p.f.store->refuses = faults[k] == -EBUSY ? -EBUSY : 0;
			p.f.store->fault = faults[k];
			say(bob, "{\"ref\":\"%s\",\"type\":\"%s\",\"data\":%s}", ref, cases[i].type, cases[i].data);
			fixture_run(&p.f, -1);
			p.f.store->refuses = 0;
			p.f.store->fault = 0;
			assert_string_equal(code_of(bob, ref), faults[k] == -EIO ? "internal" : "unavailable");
			bool final = faults[k] == -EBADMSG;
			assert_int_equal(json_is_true(json_object_get(data_of(bob, ref), "retryable")), !final);
			assert_int_equal(!json_object_get(data_of(bob, ref), "retry_after_ms"), final);
			assert_int_equal(chat_pending(p.f.chat), 0);
		}
	}
	ask(&p, bob, "{\"ref\":\"still\",\"type\":\"message.send\",\"data\":{\"room\":\"den\",\"text\":\"x\"}}");
	assert_string_equal(code_of(bob, "still"), "ok"); /* none of it had an effect */
	fixture_finish(&p.f);
}

/* ---- rates ---- */

static const char *type_once(struct place *p, struct conn *c)
{
	json_array_clear(c->heard);
	ask(p, c, "{\"ref\":\"r\",\"type\":\"typing.set\",\"data\":{\"room\":\"den\"}}");
	return code_of(c, "r");
}

/* Sends until refused; the wait that is told is enough, and half of it is not. Returns how many went through. */
static int meet_the_rate(struct place *p, struct conn *c)
{
	int n = 0;
	uint64_t ms = 0;
	for (; !ms && n < 10000; n++) {
		if (strcmp(type_once(p, c), "rate_limited") == 0)
			ms = number_of(data_of(c, "r"), "retry_after_ms");
	}
	assert_in_range(ms, 1, 1000);
	assert_true(json_is_true(json_object_get(data_of(c, "r"), "retryable")));
	fixture_pass_ms(&p->f, ms / 2);
	assert_string_equal(type_once(p, c), "rate_limited");
	fixture_pass_ms(&p->f, ms - ms / 2);
	assert_string_equal(type_once(p, c), "ok");
	return n - 1;
}

static void who_is_over_a_rate_waits_as_long_as_told(void **state)
{
	(void)state;
	for (int which = 0; which < 3; which++) {
		struct place p = {0};
		place_setup(&p);
		struct limits *l = &p.f.config.limits;
		*(which == 0 ? &l->connection_requests : which == 1 ? &l->account_requests : &l->address_requests) = 20;
		fixture_start(&p.f);
		struct conn *bob = fixture_signed_in(&p.f, p.bob_token);
		int n = meet_the_rate(&p, bob);
		assert_in_range(n, which == 1 ? 190 : 199, which == 1 ? 190 : 200); /* a burst of ten seconds, less the sign-in */
		struct conn *again = fixture_websocket(&p.f);
		say(again, "{\"ref\":\"s\",\"type\":\"session.start\",\"data\":{\"token\":\"%s\"}}", p.bob_token);
		fixture_run(&p.f, -1);
		assert_string_equal(code_of(again, "s"),
				    which == 0 ? "ok" : "rate_limited"); /* account and address are one for all their connections */
		fixture_finish(&p.f);
	}
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f); /* all 0: no limit at all */
	struct conn *bob = fixture_signed_in(&p.f, p.bob_token);
	for (int i = 0; i < 5000; i++) {
		json_array_clear(bob->heard);
		json_array_clear(bob->outbox);
		say(bob, "{\"ref\":\"r\",\"type\":\"typing.set\",\"data\":{\"room\":\"den\"}}");
		assert_string_equal(code_of(bob, "r"), "ok");
	}
	fixture_finish(&p.f);
}

/* Requests with invalid tokens cost a reading of the store, and are counted before that. */
static void wrong_tokens_over_http_are_counted_before_the_store_is_asked(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	p.f.config.limits.address_requests = 2;
	fixture_start(&p.f);
	size_t refused = 0;
	for (int i = 0; i < 100; i++) {
		struct conn *c = fixture_open(&p.f, i & 1 ? TRANSPORT_HTTP : TRANSPORT_STREAM, "wrong");
		if (i & 1)
			session_http_request(c->session, CMD_ROOM_LIST, NULL, 0);
		else
			session_stream_request(c->session, &(struct text){"den", 3}, 1, (struct text){0});
		fixture_run(&p.f, -1);
		refused += c->last_code == WIRE_RATE_LIMITED;
		assert_true(c->last_code == WIRE_RATE_LIMITED || c->last_code == WIRE_INVALID_TOKEN);
		assert_false(c->cookie_renewed);
	}
	assert_in_range(refused, 79, 80); /* a burst of ten seconds is 20 */
	assert_int_equal(p.f.store->n_submitted[STORE_SIGN_IN], 100 - refused);
	fixture_finish(&p.f);
}

static void an_http_request_counts_once_and_gets_one_answer(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	p.f.config.limits.address_requests = 5; /* a request counts once */
	fixture_start(&p.f);
	for (int i = 0; i < 45; i++) {
		struct conn *c = fixture_open(&p.f, TRANSPORT_HTTP, p.bob_token);
		static const char body[] = "{\"room\":\"den\",\"text\":\"over http\"}";
		session_http_request(c->session, CMD_MESSAGE_SEND, (const uint8_t *)body, sizeof(body) - 1);
		fixture_run(&p.f, -1);
		assert_int_equal(c->last_code, WIRE_OK);
		assert_int_equal(json_array_size(c->heard), 1);
		assert_true(c->cookie_renewed);
	}
	struct conn *none = fixture_open(&p.f, TRANSPORT_HTTP, NULL);
	session_http_request(none->session, CMD_ROOM_LIST, NULL, 0);
	assert_int_equal(none->last_code, WIRE_UNAUTHENTICATED);
	fixture_finish(&p.f);
}

/* ---- read marks ---- */

/* On every connection of the account: the message itself tells the others. */
static void writing_reads_up_to_what_was_written(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	held_store_add_messages(p.f.store, p.den, p.ann, 4); /* seqs 4 to 7 */
	fixture_start(&p.f);
	struct conn *one = fixture_signed_in(&p.f, p.bob_token), *two = fixture_signed_in(&p.f, p.bob_token);
	ask(&p, one, "{\"ref\":\"s\",\"type\":\"message.send\",\"data\":{\"room\":\"den\",\"text\":\"read\"}}");
	assert_int_equal(number_of(data_of(one, "s"), "seq"), 8);
	ask(&p, two, "{\"ref\":\"g\",\"type\":\"room.get\",\"data\":{\"room\":\"den\"}}");
	const json_t *room = json_object_get(data_of(two, "g"), "room");
	assert_int_equal(number_of(room, "read_seq"), 8);
	assert_int_equal(number_of(room, "unread"), 0);
	assert_int_equal(heard(two, "read.marked", NULL), 0);
	assert_int_equal(heard(two, "message.created", NULL), 1);
	size_t n_marks = p.f.store->n_submitted[STORE_READ_MARK];
	ask(&p, two, "{\"ref\":\"m\",\"type\":\"read.mark\",\"data\":{\"room\":\"den\",\"seq\":8}}");
	assert_int_equal(number_of(data_of(two, "m"), "read_seq"), 8);
	assert_int_equal(p.f.store->n_submitted[STORE_READ_MARK], n_marks);
	fixture_finish(&p.f);
}

static void read_marks_move_forward_and_are_told_to_other_connections(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	held_store_add_messages(p.f.store, p.den, p.ann, 4); /* seqs 4 to 7 */
	fixture_start(&p.f);
	struct conn *one = fixture_signed_in(&p.f, p.bob_token), *two = fixture_signed_in(&p.f, p.bob_token);
	struct conn *eve = fixture_signed_in(&p.f, p.eve_token);
	const json_t *room = json_array_get(json_object_get(data_of(one, "start"), "rooms"), 0);
	assert_int_equal(number_of(room, "unread"), 4);
	ask(&p, one, "{\"ref\":\"a\",\"type\":\"read.mark\",\"data\":{\"room\":\"den\",\"seq\":5}}");
	assert_int_equal(number_of(data_of(one, "a"), "read_seq"), 5);
	assert_int_equal(number_of(data_of(one, "a"), "unread"), 2);
	json_t *marked = NULL;
	assert_int_equal(heard(one, "read.marked", NULL), 0);
	assert_int_equal(heard(two, "read.marked", &marked), 1);
	assert_int_equal(heard(eve, "read.marked", NULL), 0);
	assert_int_equal(number_of(json_object_get(marked, "data"), "unread"), 2);
	ask(&p, eve, "{\"ref\":\"j\",\"type\":\"room.join\",\"data\":{\"room\":\"den\"}}"); /* seq 8 is no message */
	ask(&p, one, "{\"ref\":\"b\",\"type\":\"read.mark\",\"data\":{\"room\":\"den\",\"seq\":6}}");
	assert_int_equal(number_of(data_of(one, "b"), "unread"), 1);
	ask(&p, one, "{\"ref\":\"back\",\"type\":\"read.mark\",\"data\":{\"room\":\"den\",\"seq\":2}}");
	assert_int_equal(number_of(data_of(one, "back"), "read_seq"), 6); /* never back */
	ask(&p, one, "{\"ref\":\"far\",\"type\":\"read.mark\",\"data\":{\"room\":\"den\",\"seq\":4000}}");
	assert_int_equal(number_of(data_of(one, "far"), "read_seq"), 8); /* never past the end */
	assert_int_equal(number_of(data_of(one, "far"), "unread"), 0);
	fixture_finish(&p.f);
}

/* ---- signing out ---- */

static void signing_out_ends_the_right_sessions(void **state)
{
	(void)state;
	for (int everywhere = 0; everywhere < 2; everywhere++) {
		struct place p = {0};
		place_setup(&p);
		char other_token[80], bot_token[80];
		held_store_add_token(p.f.store, p.bob, TOKEN_SESSION, "b", other_token);
		held_store_add_token(p.f.store, p.bob, TOKEN_BOT, "bot", bot_token);
		fixture_start(&p.f);
		struct conn *one = fixture_signed_in(&p.f, p.bob_token), *same = fixture_signed_in(&p.f, p.bob_token);
		struct conn *other = fixture_signed_in(&p.f, other_token), *bot = fixture_signed_in(&p.f, bot_token);
		struct conn *ann = fixture_signed_in(&p.f, p.ann_token);
		/* Signing in during the sign-out: what the store read before does not count. */
		struct conn *late = fixture_websocket(&p.f);
		say(late, "{\"ref\":\"s\",\"type\":\"session.start\",\"data\":{\"token\":\"%s\"}}", p.bob_token);
		held_store_work(p.f.store, held_store_find(p.f.store, STORE_SIGN_IN));
		say(one, "{\"ref\":\"o\",\"type\":\"account.logout\",\"data\":{\"everywhere\":%s}}", everywhere ? "true" : "false");
		held_store_deliver(p.f.store, held_store_find(p.f.store, STORE_TOKEN_DELETE));
		fixture_run(&p.f, -1);
		assert_string_equal(code_of(one, "o"), "ok");
		assert_true(one->is_closing && one->reason == CLOSE_SIGNED_OUT);
		assert_true(same->is_closing && same->reason == CLOSE_SIGNED_OUT);
		assert_int_equal(other->is_closing, everywhere);
		assert_false(bot->is_closing);
		assert_false(ann->is_closing);
		assert_string_equal(code_of(late, "s"), "invalid_token");
		fixture_finish(&p.f);
	}
}

static void a_bot_that_signs_out_everywhere_ends_its_own_token(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	char bot_token[80], other_token[80];
	held_store_add_token(p.f.store, p.bob, TOKEN_BOT, "bot", bot_token);
	held_store_add_token(p.f.store, p.bob, TOKEN_BOT, "other", other_token);
	fixture_start(&p.f);
	struct conn *one = fixture_signed_in(&p.f, bot_token), *same = fixture_signed_in(&p.f, bot_token);
	struct conn *other = fixture_signed_in(&p.f, other_token), *session = fixture_signed_in(&p.f, p.bob_token);
	ask(&p, one, "{\"ref\":\"o\",\"type\":\"account.logout\",\"data\":{\"everywhere\":true}}");
	assert_string_equal(code_of(one, "o"), "ok");
	assert_true(one->is_closing && one->reason == CLOSE_SIGNED_OUT);
	assert_true(same->is_closing && same->reason == CLOSE_SIGNED_OUT);
	assert_true(session->is_closing && session->reason == CLOSE_SIGNED_OUT);
	assert_false(other->is_closing);
	fixture_finish(&p.f);
}

static void a_session_that_ends_itself_is_answered_first(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *bob = fixture_signed_in(&p.f, p.bob_token);
	ask(&p, bob, "{\"ref\":\"e\",\"type\":\"session.end\"}");
	assert_string_equal(code_of(bob, "e"), "ok");
	assert_true(bob->is_closing && bob->reason == CLOSE_DONE);
	fixture_finish(&p.f);
}

/* ---- the probe and the farewell ---- */

struct answer_heard {
	int n;
	bool ok;
};

static void probed(void *arg, bool ok, const char *what)
{
	struct answer_heard *h = arg;
	assert_non_null(what);
	h->n++;
	h->ok = ok;
}

static struct answer_heard probe(struct place *p, uint32_t timeout_ms, bool store_answers)
{
	struct answer_heard h = {0};
	p->f.chat->probed.until_ms = 0; /* the last result is of no use any more */
	chat_probe(p->f.chat, timeout_ms, probed, &h);
	for (int i = 0; i < 2000 && h.n == 0; i++) {
		if (store_answers)
			held_store_settle(p->f.store, -1);
		fixture_pass_ms(&p->f, 1);
	}
	assert_int_equal(h.n, 1);
	return h;
}

static void the_probe_says_whether_the_store_keeps_what_is_written(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	for (int i = 0; i < 3; i++)
		assert_true(probe(&p, 1000, true).ok);
	p.f.store->fault = -EAGAIN;
	assert_false(probe(&p, 1000, true).ok); /* the disk is full */
	p.f.store->fault = 0;
	p.f.store->refuses = -EBUSY;
	assert_false(probe(&p, 1000, true).ok);
	p.f.store->refuses = 0;
	assert_false(probe(&p, 20, false).ok); /* the store hangs */
	assert_int_equal(chat_pending(p.f.chat), 1);
	held_store_settle(p.f.store, -1); /* and comes back after all */
	assert_true(probe(&p, 1000, true).ok);
	struct answer_heard left = {0};
	chat_probe(p.f.chat, 1000, probed, &left);
	held_store_settle(p.f.store, -1); /* stored, not yet swept: the chat goes in the middle of it */
	fixture_finish(&p.f);
}

static void one_probe_serves_all_who_ask_within_a_second(void **state)
{
	(void)state;
	for (int bad = 0; bad < 2; bad++) {
		struct place p = {0};
		place_setup(&p);
		fixture_start(&p.f);
		p.f.store->fault = bad ? -EAGAIN : 0;
		assert_int_equal(probe(&p, 1000, true).ok, !bad);
		size_t n_pings = p.f.store->n_submitted[STORE_PING];
		p.f.store->fault = bad ? 0 : -EAGAIN;
		for (int i = 0; i < 100; i++) {
			struct answer_heard h = {0};
			chat_probe(p.f.chat, 1000, probed, &h);
			assert_int_equal(h.n, 1);
			assert_int_equal(h.ok, !bad);
		}
		assert_int_equal(p.f.store->n_submitted[STORE_PING], n_pings);
		assert_true(p.f.chat->probed.until_ms <= loop_now_ms(p.f.loop) + 1000);
		assert_int_equal(probe(&p, 1000, true).ok, bad); /* later: as it is now */
		fixture_finish(&p.f);
	}
}

static void who_is_connected_hears_that_the_server_leaves(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *bob = fixture_signed_in(&p.f, p.bob_token), *unknown = fixture_websocket(&p.f);
	struct conn *stream = fixture_open(&p.f, TRANSPORT_STREAM, p.bob_token), *http = fixture_open(&p.f, TRANSPORT_HTTP, NULL);
	session_stream_request(stream->session, &(struct text){"den", 3}, 1, (struct text){0});
	fixture_run(&p.f, -1);
	chat_announce_leaving(p.f.chat, 5000);
	fixture_run(&p.f, -1);
	json_t *leaving = NULL;
	assert_int_equal(heard(bob, "server.leaving", &leaving), 1);
	assert_true(number_of(json_object_get(leaving, "data"), "retry_after_ms") < 5000);
	assert_int_equal(heard(unknown, "server.leaving", NULL), 1);
	assert_int_equal(json_array_size(http->heard), 0);
	buf_append_byte(&stream->stream, 0);
	assert_non_null(strstr((const char *)stream->stream.data, "event: server.leaving\n"));
	fixture_finish(&p.f);
}

/* The store goes away while a password is being hashed: the result must not use the store. */
static void what_needs_a_store_that_is_gone_is_refused(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *c = fixture_websocket(&p.f);
	say(c, "{\"ref\":\"a\",\"type\":\"account.create\",\"data\":{\"name\":\"zoe\",\"password\":\"correct horse\"}}");
	say(c, "{\"ref\":\"g\",\"type\":\"session.start\",\"data\":{\"guest\":\"visitor\"}}");
	chat_lose_store(p.f.chat);
	fixture_run(&p.f, -1); /* what the store had comes back */
	assert_string_equal(code_of(c, "g"), "ok");
	fixture_await_reply(&p.f, c, "a");
	assert_string_equal(code_of(c, "a"), "unavailable");
	assert_int_equal(p.f.store->n_submitted[STORE_USER_CREATE], 1); /* the guest */
	fixture_finish(&p.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_no_member_is_refused_and_learns_nothing),
		cmocka_unit_test(a_message_with_a_client_id_is_sent_once),
		cmocka_unit_test(what_the_store_cannot_do_is_refused_and_leaves_nothing),
		cmocka_unit_test(who_is_over_a_rate_waits_as_long_as_told),
		cmocka_unit_test(wrong_tokens_over_http_are_counted_before_the_store_is_asked),
		cmocka_unit_test(an_http_request_counts_once_and_gets_one_answer),
		cmocka_unit_test(read_marks_move_forward_and_are_told_to_other_connections),
		cmocka_unit_test(writing_reads_up_to_what_was_written),
		cmocka_unit_test(signing_out_ends_the_right_sessions),
		cmocka_unit_test(a_bot_that_signs_out_everywhere_ends_its_own_token),
		cmocka_unit_test(a_session_that_ends_itself_is_answered_first),
		cmocka_unit_test(the_probe_says_whether_the_store_keeps_what_is_written),
		cmocka_unit_test(one_probe_serves_all_who_ask_within_a_second),
		cmocka_unit_test(who_is_connected_hears_that_the_server_leaves),
		cmocka_unit_test(what_needs_a_store_that_is_gone_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
