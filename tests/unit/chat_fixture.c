#include "chat_fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void fixture_init(struct chat_fixture *f)
{
	*f = (struct chat_fixture){0};
	assert_int_equal(secret_init(), 0);
	f->loop = loop_new();
	f->known = json_object();
	f->store = held_store_new(&f->metrics);
	f->config = (struct chat_config){
		.limits = limits_default(),
		.guests = true,
		.heartbeat_ms = 25000,
		.write_bytes = 1024,
		.room_tail_bytes = 4096,
		.server_name = "parley/test",
	};
	struct limits *l = &f->config.limits;
	l->account_sessions = 0;
	l->connection_requests = l->account_requests = l->account_rooms = l->address_requests = l->address_accounts = l->password_attempts =
		l->sign_ins = 0;
}

void fixture_start(struct chat_fixture *f)
{
	f->chat = chat_new(f->loop, &f->store->base, &f->metrics, &f->config);
}

void fixture_finish(struct chat_fixture *f)
{
	for (size_t i = 0; i < f->n_conns; i++)
		fake_conn_free(f->conns[i]);
	f->n_conns = 0;
	json_decref(f->known);
	for (int i = 0; i < 3; i++) {
		held_store_settle(f->store, -1);
		loop_run_once(f->loop);
	}
	assert_int_equal(chat_pending(f->chat), 0);
	assert_int_equal(f->metrics.readers, 0);
	assert_int_equal(f->metrics.readers_behind, 0);
	assert_int_equal(f->metrics.sessions, 0);
	chat_destroy(f->chat);
	assert_int_equal(f->metrics.users_loaded, 0);
	assert_int_equal(f->metrics.rooms_loaded, 0);
	held_store_free(f->store);
	loop_destroy(f->loop);
}

uint64_t fixture_person(struct chat_fixture *f, const char *name, char token[80])
{
	uint64_t no = held_store_add_user(f->store, name);
	held_store_add_token(f->store, no, TOKEN_SESSION, "a", token);
	return no;
}

void fixture_commit_message(struct chat_fixture *f, struct conn *writer, const char *room)
{
	say(writer, "{\"type\":\"message.send\",\"data\":{\"room\":\"%s\",\"text\":\"hello\"}}", room);
	struct store_op *op = held_store_find(f->store, STORE_APPEND);
	assert_non_null(op);
	held_store_deliver(f->store, op);
}

bool fixture_turn(struct chat_fixture *f)
{
	bool any = false;
	fake_clock_advance_ns(FIXTURE_TURN_NS);
	loop_run_once(f->loop);
	for (size_t i = 0; i < f->n_conns; i++)
		any |= fake_conn_flush(f->conns[i]);
	return any;
}

void fixture_turns(struct chat_fixture *f)
{
	for (int calm = 0, n = 0; calm < 2; n++) {
		calm = fixture_turn(f) || !list_empty(&f->chat->rooms.sweeping) || !list_empty(&f->chat->rooms.resting) ? 0 : calm + 1;
		assert_true(n < 100000); /* the chat must become idle */
	}
}

void fixture_pass_ms(struct chat_fixture *f, uint64_t ms)
{
	uint64_t until_ns = fake_clock_ns() + ms * 1000000;
	for (; fake_clock_ns() < until_ns; fixture_turn(f))
		fake_clock_advance_ns(1000000 - FIXTURE_TURN_NS);
}

void fixture_run(struct chat_fixture *f, int except)
{
	fixture_turns(f);
	while (held_store_settle(f->store, except))
		fixture_turns(f);
}

void fixture_await_reply(struct chat_fixture *f, const struct conn *c, const char *ref)
{
	enum { TRIES = 60000 };
	for (int i = 0; !reply_to(c, ref); i++) {
		assert_true(i < TRIES);
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		fixture_turn(f);
	}
}

struct conn *fixture_open(struct chat_fixture *f, enum transport transport, const char *token)
{
	assert_true(f->n_conns < FIXTURE_CONNS_MAX);
	struct conn *c = fake_conn_open(f->chat, &(struct session_config){.transport = transport, .token = token});
	c->known = json_incref(f->known);
	f->conns[f->n_conns++] = c;
	return c;
}

struct conn *fixture_websocket(struct chat_fixture *f)
{
	return fixture_open(f, TRANSPORT_WEBSOCKET, NULL);
}

struct conn *fixture_signed_in(struct chat_fixture *f, const char *token)
{
	struct conn *c = fixture_websocket(f);
	say(c, "{\"type\":\"session.start\",\"ref\":\"start\",\"data\":{\"token\":\"%s\"}}", token);
	fixture_run(f, -1);
	assert_string_equal(code_of(c, "start"), "ok");
	return c;
}

void say(struct conn *c, const char *format, ...)
{
	char *frame;
	va_list ap;
	va_start(ap, format);
	int n = vasprintf(&frame, format, ap);
	va_end(ap);
	assert_true(n > 0);
	session_frame(c->session, (const uint8_t *)frame, (size_t)n);
	free(frame);
}

json_t *reply_to(const struct conn *c, const char *ref)
{
	const json_t *lists[] = {c->outbox, c->heard};
	for (size_t i = 0; i < 2; i++) {
		size_t at;
		json_t *j;
		json_array_foreach(lists[i], at, j) {
			const char *r = json_string_value(json_object_get(j, "ref"));
			if (r && strcmp(r, ref) == 0)
				return j;
		}
	}
	return NULL;
}

json_t *data_of(const struct conn *c, const char *ref)
{
	json_t *reply = reply_to(c, ref);
	assert_non_null(reply);
	return json_object_get(reply, "data");
}

const char *code_of(const struct conn *c, const char *ref)
{
	json_t *reply = reply_to(c, ref);
	if (!reply)
		return "";
	const char *code = json_string_value(json_object_get(json_object_get(reply, "data"), "code"));
	return strcmp(json_string_value(json_object_get(reply, "type")), "ok") == 0 ? "ok" : code;
}

uint64_t number_of(const json_t *object, const char *member)
{
	const json_t *v = json_object_get(object, member);
	assert_true(json_is_integer(v));
	return (uint64_t)json_integer_value(v);
}

size_t heard(const struct conn *c, const char *type, json_t **last)
{
	size_t n = 0, at;
	json_t *j;
	json_array_foreach(c->heard, at, j) {
		if (strcmp(json_string_value(json_object_get(j, "type")), type) != 0)
			continue;
		n++;
		if (last)
			*last = j;
	}
	return n;
}

void assert_seqs(const struct conn *c, const struct uid *room, size_t from, uint64_t first, uint64_t last)
{
	uint64_t next = first;
	for (size_t at = from; at < json_array_size(c->heard); at++) {
		const json_t *j = json_array_get(c->heard, at), *seq = json_object_get(j, "seq");
		const char *id = json_string_value(json_object_get(j, "room"));
		if (!seq || !id || strcmp(id, id_text(room)) != 0)
			continue;
		assert_int_equal(json_integer_value(seq), next);
		next++;
	}
	if (next != last + 1)
		print_error("seqs up to %llu, not %llu\n", (unsigned long long)next - 1, (unsigned long long)last);
	assert_int_equal(next, last + 1);
}

const struct uid *room_id_of(const struct chat_fixture *f, uint64_t room_no)
{
	return held_store_room_id(f->store, room_no);
}

const char *id_text(const struct uid *id)
{
	static char texts[8][UID_TEXT_BYTES + 1];
	static unsigned next;
	char *text = texts[next++ % 8];
	uid_format(id, text);
	return text;
}
