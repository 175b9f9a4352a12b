/*
 * What the client library keeps: where a server is, its places in rooms, its requests without a reply.
 */
#include "cmocka_wrap.h"

#include "client/client_cursors.h"
#include "client/client_requests.h"
#include "client/client_url.h"

#include <errno.h>
#include <string.h>

static int parse(const char *text, struct client_url *url)
{
	struct client_fault fault = {""};
	int result = client_url_parse(text, url, &fault);

	assert_true(result == 0 || fault.text[0] != '\0');
	return result;
}

static void expect_url(const char *text, const char *host, const char *port, const char *host_header)
{
	struct client_url url;

	assert_int_equal(parse(text, &url), 0);
	assert_false(url.is_unix);
	assert_string_equal(url.host, host);
	assert_string_equal(url.port, port);
	assert_string_equal(url.host_header, host_header);
}

static void url_names_a_host_and_a_port(void **state)
{
	(void)state;
	expect_url("http://127.0.0.1:8080", "127.0.0.1", "8080", "127.0.0.1:8080");
	expect_url("ws://chat.example/", "chat.example", "80", "chat.example");
	expect_url("HTTP://chat.example:1/ws", "chat.example", "1", "chat.example:1");
	expect_url("http://[::1]:65535", "::1", "65535", "[::1]:65535");
	expect_url("http://[::1]", "::1", "80", "[::1]");
	expect_url("localhost:8080", "localhost", "8080", "localhost:8080");
	expect_url("chat.example", "chat.example", "80", "chat.example");
	expect_url("[::1]:8080/ws", "::1", "8080", "[::1]:8080");
}

static void url_names_a_unix_socket(void **state)
{
	struct client_url url;

	(void)state;
	assert_int_equal(parse("unix:/run/parley.sock", &url), 0);
	assert_true(url.is_unix);
	assert_string_equal(url.path, "/run/parley.sock");
	assert_int_equal(parse("unix:///run/parley.sock", &url), 0);
	assert_string_equal(url.path, "/run/parley.sock");
}

static void url_refuses_everything_else(void **state)
{
	static const char *const wrong[] = {
		"",
		"localhost:8o80",
		"/run/parley.sock",
		"http:/x",
		"ftp://x",
		"http://",
		"http://:80",
		"http://x:",
		"http://x:0",
		"http://x:65536",
		"http://x:8o",
		"http://x:123456",
		"http://x/other",
		"http://[::1",
		"http://[::1]80",
		"unix:",
		"https://",
		"wss://x:0",
	};
	struct client_url url;
	char long_path[5000] = "unix:/";

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(parse(wrong[i], &url), -EINVAL);
	memset(long_path + 6, 'a', sizeof long_path - 7);
	assert_int_equal(parse(long_path, &url), -EINVAL);
}

static void url_of_https_has_a_port_of_its_own(void **state)
{
	struct client_url url;

	(void)state;
	assert_int_equal(parse("https://chat.example", &url), 0);
	assert_true(url.is_tls);
	assert_string_equal(url.port, "443");
	assert_string_equal(url.host_header, "chat.example");
	assert_int_equal(parse("wss://[::1]:8443/ws", &url), 0);
	assert_true(url.is_tls);
	assert_string_equal(url.host, "::1");
	assert_string_equal(url.port, "8443");
	assert_int_equal(parse("http://chat.example", &url), 0);
	assert_false(url.is_tls);
	assert_string_equal(url.port, "80");
}

/* What session.start says of them is exactly this; steals it. */
static void assert_resume(const struct client_cursors *c, json_t *expected)
{
	json_auto_t *start = json_object(), *kept = expected;

	client_cursors_resume(c, start);
	assert_true(json_equal(start, kept));
}

static void cursors_pass_each_seq_once(void **state)
{
	struct client_cursors c;

	(void)state;
	client_cursors_init(&c);
	json_auto_t *start = json_object();
	client_cursors_resume(&c, start);
	assert_int_equal(json_object_size(start), 0);
	assert_true(client_cursors_advance(&c, "a", 5));
	assert_false(client_cursors_advance(&c, "a", 5));
	assert_false(client_cursors_advance(&c, "a", 4));
	assert_true(client_cursors_advance(&c, "a", 6));
	assert_true(client_cursors_advance(&c, "b", 1));
	client_cursors_begin(&c, "a", 2);
	client_cursors_begin(&c, "c", 0);
	assert_resume(&c, json_pack("{s:{s:i, s:i, s:i}}", "resume", "a", 6, "b", 1, "c", 0));
	client_cursors_forget(&c, "a");
	assert_true(client_cursors_advance(&c, "a", 1));
	client_cursors_finish(&c);
}

static void cursors_restart_with_the_rooms_of_the_session(void **state)
{
	struct client_cursors c;
	json_auto_t *session = json_pack("{s:[{s:s, s:i}, {s:s, s:i}]}", "rooms", "id", "a", "last_seq", 9, "id", "new", "last_seq", 4);

	(void)state;
	client_cursors_init(&c);
	client_cursors_set(&c, "a", 6);
	client_cursors_set(&c, "left", 3);
	client_cursors_restart(&c, session);
	assert_resume(&c, json_pack("{s:{s:i, s:i}}", "resume", "a", 6, "new", 4));
	client_cursors_finish(&c);
}

static void cursors_are_void_in_another_epoch(void **state)
{
	struct client_cursors c;
	json_auto_t *first = json_pack("{s:s, s:[{s:s, s:i}]}", "epoch", "one", "rooms", "id", "a", "last_seq", 150);
	json_auto_t *second = json_pack("{s:s, s:[{s:s, s:i}, {s:s, s:i}]}", "epoch", "two", "rooms", "id", "a", "last_seq", 160, "id", "b",
					"last_seq", 3);

	(void)state;
	client_cursors_init(&c);
	client_cursors_restart(&c, first);
	client_cursors_restart(&c, first);
	assert_resume(&c, json_pack("{s:{s:i}, s:s}", "resume", "a", 150, "epoch", "one"));
	client_cursors_restart(&c, second);
	/* Lost before the room.gap: no seq of the new epoch may be taken for seen. */
	assert_resume(&c, json_pack("{s:{s:I, s:i}, s:s}", "resume", "a", (json_int_t)9007199254740991, "b", 3, "epoch", "two"));
	client_cursors_set(&c, "a", 110); /* what room.gap does */
	assert_true(client_cursors_advance(&c, "a", 111));
	client_cursors_finish(&c);
}

static void a_gap_says_whether_the_place_is_void(void **state)
{
	static const char *const reasons[] = {"beyond_end", "restored", "skipped", "too_far", "other"};

	(void)state;
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		json_auto_t *json = json_pack("{s:{s:s}}", "data", "reason", reasons[i]);
		struct parley_event gap = {.json = json};
		assert_int_equal(parley_gap_is_void(&gap), i < 2);
	}
}

struct heard {
	char codes[64]; /* one letter a reply: o for ok, l for connection_lost, c for connection_closed */
};

static void hear(void *arg, json_t *reply)
{
	struct heard *h = arg;
	size_t n = strlen(h->codes);

	h->codes[n] = parley_reply_ok(reply)                                       ? 'o'
		      : strcmp(parley_reply_code(reply), "connection_lost") == 0   ? 'l'
		      : strcmp(parley_reply_code(reply), "connection_closed") == 0 ? 'c'
										   : '?';
}

static void requests_meet_their_replies_in_any_order(void **state)
{
	struct client_requests q;
	struct heard first = {""}, second = {""};
	bool kept = true;
	json_auto_t *ok = json_pack("{s:s}", "type", "ok");

	(void)state;
	client_requests_init(&q);
	uint64_t a = client_requests_add(&q, "room.get", NULL, hear, &first)->ref;
	uint64_t b = client_requests_add(&q, "room.get", NULL, hear, &second)->ref;
	assert_true(client_requests_answer(&q, b, ok, &kept));
	assert_string_equal(second.codes, "o");
	assert_string_equal(first.codes, "");
	assert_false(client_requests_answer(&q, b, ok, &kept));
	assert_true(client_requests_answer(&q, a, ok, &kept));
	assert_int_equal(q.n, 0);
	/* The queue still takes more at its end. */
	uint64_t c = client_requests_add(&q, "room.get", NULL, hear, &first)->ref;
	assert_true(client_requests_answer(&q, c, ok, &kept));
	assert_string_equal(first.codes, "oo");
	client_requests_finish(&q);
}

static void requests_write_the_envelope(void **state)
{
	struct client_requests q;

	(void)state;
	client_requests_init(&q);
	struct client_request *r = client_requests_add(&q, "room.get", json_pack("{s:s}", "room", "a\"b"), NULL, NULL);
	assert_string_equal(r->frame, "{\"type\":\"room.get\",\"ref\":1,\"data\":{\"room\":\"a\\\"b\"}}");
	assert_int_equal(r->n, strlen(r->frame));
	client_requests_finish(&q);
}

static void a_loss_answers_only_what_was_sent_and_may_not_be_repeated(void **state)
{
	struct client_requests q;
	struct heard repeat = {""}, without_id = {""}, once = {""}, unsent = {""};

	(void)state;
	client_requests_init(&q);
	client_requests_add(&q, "message.send", json_pack("{s:s}", "client_id", "a"), hear, &repeat)->sent = true;
	client_requests_add(&q, "message.send", NULL, hear, &without_id)->sent = true;
	client_requests_add(&q, "room.update", NULL, hear, &once)->sent = true;
	(void)client_requests_add(&q, "room.create", NULL, hear, &unsent);
	client_requests_lost(&q, "gone", false);
	assert_string_equal(once.codes, "l");
	assert_string_equal(without_id.codes, "l");
	assert_string_equal(repeat.codes, "");
	assert_string_equal(unsent.codes, "");
	assert_int_equal(q.n, 2);
	assert_false(q.first->sent); /* goes out again */
	client_requests_lost(&q, "gone for good", true);
	assert_string_equal(repeat.codes, "l");
	assert_string_equal(unsent.codes, "l");
	assert_int_equal(q.n, 0);
	client_requests_finish(&q);
}

static void an_error_without_a_reference_is_for_the_oldest_that_was_sent(void **state)
{
	struct client_requests q;
	struct heard first = {""}, second = {""};
	bool kept = true;
	json_auto_t *error = json_pack("{s:s, s:{s:s}}", "type", "error", "data", "code", "invalid_json");

	(void)state;
	client_requests_init(&q);
	assert_false(client_requests_answer_oldest(&q, error, &kept));
	struct client_request *a = client_requests_add(&q, "room.get", NULL, hear, &first);
	client_requests_add(&q, "room.get", NULL, hear, &second)->sent = true;
	assert_true(client_requests_answer_oldest(&q, error, &kept));
	assert_string_equal(second.codes, "?");
	assert_false(client_requests_answer_oldest(&q, error, &kept));
	a->sent = true;
	assert_true(client_requests_answer_oldest(&q, error, &kept));
	assert_string_equal(first.codes, "?");
	client_requests_finish(&q);
}

/* Sends what may go out now; how many that were. */
static size_t send_all(struct client_requests *q)
{
	struct client_limits none = {0};
	size_t n = 0;

	while (client_requests_next(q, &none) != NULL)
		n++;
	return n;
}

static void what_the_server_asks_for_later_is_made_again_while_there_is_patience(void **state)
{
	struct client_requests q;
	struct client_limits none = {0};
	struct heard patient = {""}, impatient = {""};
	json_auto_t *later = json_pack("{s:s, s:{s:s, s:b, s:i}}", "type", "error", "data", "code", "unavailable", "retryable", 1,
				       "retry_after_ms", 60000);
	json_auto_t *never = json_pack("{s:s, s:{s:s, s:b}}", "type", "error", "data", "code", "unavailable", "retryable", 0);
	bool kept;

	(void)state;
	client_requests_init(&q);
	(void)client_requests_add(&q, "room.get", NULL, hear, &impatient);
	q.patience_ms = 70000;
	struct client_request *r = client_requests_add(&q, "room.get", NULL, hear, &patient);
	assert_int_equal(client_requests_due_ms(&q), -1);
	assert_ptr_equal(client_requests_next(&q, &none), q.first);
	assert_ptr_equal(client_requests_next(&q, &none), r);
	assert_true(client_requests_answer(&q, q.first->ref, later, &kept));
	assert_false(kept);
	assert_string_equal(impatient.codes, "?");
	assert_true(client_requests_answer(&q, r->ref, later, &kept));
	assert_true(kept);
	assert_null(client_requests_next(&q, &none)); /* not yet */
	assert_true(client_requests_due_ms(&q) > 0);
	r->not_before_ms = r->first_refused_ms -= 60000; /* its time has come */
	assert_ptr_equal(client_requests_next(&q, &none), r);
	assert_true(client_requests_answer(&q, r->ref, later, &kept));
	assert_false(kept); /* the patience is used up */
	assert_string_equal(patient.codes, "?");
	r = client_requests_add(&q, "room.get", NULL, hear, &patient);
	assert_ptr_equal(client_requests_next(&q, &none), r);
	assert_true(client_requests_answer(&q, r->ref, never, &kept));
	assert_false(kept);
	assert_string_equal(patient.codes, "??");
	client_requests_finish(&q);
}

static void of_several_requests_the_one_that_closes_the_connection_is_found(void **state)
{
	struct client_requests q;
	struct heard heard[4] = {{""}};
	bool kept = true;
	json_auto_t *ok = json_pack("{s:s}", "type", "ok");

	(void)state;
	client_requests_init(&q);
	for (size_t i = 0; i < 3; i++)
		(void)client_requests_add(&q, "room.get", NULL, hear, &heard[i]);
	assert_int_equal(send_all(&q), 3);
	client_requests_closed(&q, "1007");
	client_requests_lost(&q, "1007", false);
	(void)client_requests_add(&q, "room.get", NULL, hear, &heard[3]);
	assert_int_equal(send_all(&q), 1);
	assert_true(client_requests_answer(&q, q.first->ref, ok, &kept));
	assert_int_equal(send_all(&q), 1);
	client_requests_closed(&q, "1007");
	client_requests_lost(&q, "1007", false);
	assert_string_equal(heard[0].codes, "o");
	assert_string_equal(heard[1].codes, "c");
	assert_int_equal(send_all(&q), 1); /* the last suspect */
	q.first->next->not_before_ms = 1;
	assert_int_equal(client_requests_due_ms(&q), -1); /* what is behind it is due when it is answered */
	assert_true(client_requests_answer(&q, q.first->ref, ok, &kept));
	(void)client_requests_add(&q, "room.get", NULL, hear, &heard[2]);
	assert_int_equal(send_all(&q), 2); /* all is as usual again */
	client_requests_finish(&q);
}

static void what_the_server_would_not_read_is_answered_here(void **state)
{
	struct client_requests q;
	struct client_limits limits = {0};
	struct heard long_one = {""}, with_nul = {""}, good = {""}, sent = {""};
	json_auto_t *hello = json_pack("{s:{s:i, s:i}}", "limits", "frame_bytes", 100, "json_depth", 8);
	char text[101] = "";

	(void)state;
	memset(text, 'x', 100);
	client_requests_init(&q);
	client_requests_add(&q, "message.send", json_pack("{s:s}", "text", text), hear, &sent)->sent = true;
	(void)client_requests_add(&q, "message.send", json_pack("{s:s%}", "text", "a\0b", (size_t)3), hear, &with_nul);
	(void)client_requests_add(&q, "message.send", json_pack("{s:s}", "text", text), hear, &long_one);
	(void)client_requests_add(&q, "room.get", NULL, hear, &good);
	assert_non_null(client_requests_next(&q, &limits)); /* no limit was told */
	assert_string_equal(with_nul.codes, "?");
	assert_int_equal(q.n, 3);
	client_requests_lost(&q, "gone", false); /* without a client_id they are not repeated */
	assert_string_equal(sent.codes, "l");
	assert_string_equal(long_one.codes, "l");
	client_limits_take(&limits, hello);
	(void)client_requests_add(&q, "message.send", json_pack("{s:s}", "text", text), hear, &long_one);
	assert_ptr_equal(client_requests_next(&q, &limits), q.first);
	assert_null(client_requests_next(&q, &limits));
	assert_string_equal(long_one.codes, "l?");
	assert_string_equal(good.codes, "");
	assert_int_equal(q.n, 1);
	client_requests_finish(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(url_names_a_host_and_a_port),
		cmocka_unit_test(url_names_a_unix_socket),
		cmocka_unit_test(url_refuses_everything_else),
		cmocka_unit_test(url_of_https_has_a_port_of_its_own),
		cmocka_unit_test(cursors_pass_each_seq_once),
		cmocka_unit_test(cursors_restart_with_the_rooms_of_the_session),
		cmocka_unit_test(cursors_are_void_in_another_epoch),
		cmocka_unit_test(a_gap_says_whether_the_place_is_void),
		cmocka_unit_test(requests_meet_their_replies_in_any_order),
		cmocka_unit_test(requests_write_the_envelope),
		cmocka_unit_test(a_loss_answers_only_what_was_sent_and_may_not_be_repeated),
		cmocka_unit_test(an_error_without_a_reference_is_for_the_oldest_that_was_sent),
		cmocka_unit_test(what_the_server_asks_for_later_is_made_again_while_there_is_patience),
		cmocka_unit_test(of_several_requests_the_one_that_closes_the_connection_is_found),
		cmocka_unit_test(what_the_server_would_not_read_is_answered_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
