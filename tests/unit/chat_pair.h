/*
 * Two chats in one process on one real store, like two instances. People act at `here`. What it hands on (chat.outgoing) is kept, packed, and given to `there` when
 * and in which order the test says; with a hub they have a bus instead (memory_bus.h). Otherwise `there` learns only from the store. The clock is the test's own (fake_clock.h): no housekeeping runs unless the test
 * calls it.
 */
#ifndef PARLEY_TESTS_CHAT_PAIR_H
#define PARLEY_TESTS_CHAT_PAIR_H

#include "chat_fixture.h"

#include "chat/apply.h"
#include "chat/user.h"
#include "chat/user_tell.h"
#include "memory_bus.h"
#include "store_fixture.h"

enum { PAIR_PACKETS_MAX = 64, PAIR_PEOPLE = 4 };
enum { ANN, BOB, CY, GUS };

struct packet {
	struct buf bytes;
	bool is_notice;
};

struct chat_pair {
	struct store_fixture *f;
	struct chat_config config;
	struct metrics metrics[2];
	struct chat *here, *there;
	uint64_t no[PAIR_PEOPLE];
	struct conn *actors[PAIR_PEOPLE];   /* here: they ask */
	struct conn *watchers[PAIR_PEOPLE]; /* here: they listen */
	struct conn *remote[PAIR_PEOPLE];   /* there: they listen */
	struct conn *operator;
	struct packet packets[PAIR_PACKETS_MAX];
	size_t n_packets;
	struct memory_hub *hub; /* NULL: they have no bus */
};

static inline void pair_keep(struct chat_pair *p, struct buf bytes, bool is_notice)
{
	assert_true(p->n_packets < PAIR_PACKETS_MAX);
	p->packets[p->n_packets++] = (struct packet){bytes, is_notice};
}

static inline void pair_keep_event(void *arg, const struct event *e)
{
	struct buf bytes = BUF_INIT;
	event_pack(e, &bytes);
	pair_keep(arg, bytes, false);
}

static inline void pair_keep_notices(void *arg, const struct told *told)
{
	for (size_t i = 0; i < told->n; i++) {
		struct buf bytes = BUF_INIT;
		uint8_t packed[USER_NOTICE_BYTES];
		user_notice_pack(&told->notices[i], packed);
		buf_append(&bytes, packed, sizeof(packed));
		pair_keep(arg, bytes, true);
	}
}

/* Gives it to the other chat. */
static inline void pair_deliver(struct chat_pair *p, size_t i)
{
	const struct packet *packet = &p->packets[i];
	struct user_notice n;
	if (packet->is_notice) {
		assert_true(user_notice_unpack(packet->bytes.data, packet->bytes.len, &n));
		user_tell_apply(p->there, &n, 0);
	} else {
		struct event *e = event_unpack(packet->bytes.data, packet->bytes.len);
		assert_non_null(e);
		apply_arrived(p->there, e);
	}
}

static inline void pair_forget_packets(struct chat_pair *p)
{
	while (p->n_packets > 0)
		buf_finish(&p->packets[--p->n_packets].bytes);
}

static inline bool pair_turn(struct chat_pair *p)
{
	bool any = false;
	fake_clock_advance_ns(FIXTURE_TURN_NS);
	loop_run_once(p->f->loop);
	struct conn **groups[] = {p->actors, p->watchers, p->remote};
	for (size_t g = 0; g < 3; g++)
		for (size_t i = 0; i < PAIR_PEOPLE; i++)
			any |= groups[g][i] && fake_conn_flush(groups[g][i]);
	return any || chat_pending(p->here) > 0 || (p->there && chat_pending(p->there) > 0);
}

/* Turns until nothing happens and nothing is under way; the threads of store and hashers take up to a minute. */
static inline void pair_settle(struct chat_pair *p)
{
	enum { TRIES = 600000 };
	for (int calm = 0, i = 0; calm < 3; i++) {
		assert_true(i < TRIES);
		calm = pair_turn(p) ? 0 : calm + 1;
		if (calm == 0)
			nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
}

static inline struct conn *pair_sign_in(struct chat_pair *p, struct chat *c, int who)
{
	struct conn *conn = fake_conn_open(c, &(struct session_config){.transport = TRANSPORT_WEBSOCKET});
	say(conn, "{\"type\":\"session.start\",\"ref\":\"start\",\"data\":{\"token\":\"token-%d\"}}", who);
	for (int i = 0; !reply_to(conn, "start"); i++) {
		assert_true(i < 600000);
		pair_turn(p);
		fake_conn_flush(conn);
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
	assert_string_equal(code_of(conn, "start"), "ok");
	return conn;
}

/* Asks at `here` and lets it happen there; the reply must be "ok". */
static inline void pair_ask(struct chat_pair *p, struct conn *c, const char *request)
{
	static unsigned n;
	char ref[20];
	snprintf(ref, sizeof(ref), "q%u", ++n);
	say(c, "{\"ref\":\"%s\",%s", ref, request + 1);
	pair_settle(p);
	if (strcmp(code_of(c, ref), "ok") != 0)
		print_error("%s: %s\n", request, code_of(c, ref));
	assert_string_equal(code_of(c, ref), "ok");
}

static inline void pair_add_token(struct chat_pair *p, int who, enum token_kind kind)
{
	char token[20];
	struct store_token_create op = {.user_no = p->no[who], .kind = kind};
	snprintf(token, sizeof(token), "token-%d", who);
	secret_token_hash(token, strlen(token), op.hash);
	assert_int_equal(store_fixture_do(p->f, &op.op, STORE_TOKEN_CREATE), 0);
}

/* Gus is a guest with a single token, the one that he signs in with. */
static inline void pair_add_people(struct chat_pair *p)
{
	static const char *const names[] = {"ann", "bob", "cy"};
	for (int i = 0; i < GUS; i++) {
		p->no[i] = make_user(p->f, names[i], USER_PERSON);
		pair_add_token(p, i, TOKEN_SESSION);
	}
	struct store_user_create gus = {
		.id = fresh_id(), .kind = USER_GUEST, .name = text_from("gus"), .name_key = text_from("gus"), .has_token = true};
	secret_token_hash("token-3", 7, gus.token_hash);
	assert_int_equal(store_fixture_do(p->f, &gus.op, STORE_USER_CREATE), 0);
	p->no[GUS] = gus.user_no;
}

static inline struct chat *pair_chat(struct chat_pair *p, int which)
{
	p->config.bus = p->hub ? &p->hub->buses[which].base : NULL;
	struct chat *c = chat_new(p->f->loop, p->f->store, &p->metrics[which], &p->config);
	c->guests_end_ms = UINT64_MAX; /* held back until the test says so */
	return c;
}

/* A room "hall" of ann, with bob and gus; everybody is signed in, at both. */
static inline int pair_setup_with(void **state, void (*with_writer)(struct store_driver *driver, void *arg), struct memory_hub *hub)
{
	struct chat_pair *p = calloc(1, sizeof *p);
	*state = p;
	p->hub = hub;
	if (secret_init() != 0)
		return -1;
	p->f = store_fixture_new("/tmp");
	p->f->with_writer = with_writer;
	if (!store_fixture_open(p->f))
		return -1;
	p->config = (struct chat_config){
		.limits = limits_default(), .write_bytes = 4096, .room_tail_bytes = 65536, .server_name = "parley/test"};
	pair_add_people(p);
	uint64_t hall = make_room(p->f, "hall", p->no[ANN]);
	join_room(p->f, hall, p->no[BOB]);
	join_room(p->f, hall, p->no[GUS]);
	p->here = pair_chat(p, 0);
	p->there = pair_chat(p, 1);
	for (int i = 0; i < PAIR_PEOPLE; i++) {
		p->actors[i] = pair_sign_in(p, p->here, i);
		p->watchers[i] = pair_sign_in(p, p->here, i);
		p->remote[i] = pair_sign_in(p, p->there, i);
	}
	p->operator= fake_conn_open(p->here, &(struct session_config){.transport = TRANSPORT_WEBSOCKET, .operator_socket = true});
	if (!hub)
		p->here->outgoing = (struct chat_outgoing){pair_keep_event, pair_keep_notices, p};
	return 0;
}

static inline int pair_setup(void **state)
{
	return pair_setup_with(state, NULL, NULL);
}

/* On a store that says that others write to it: there is a log of the server, and both chats follow it. */
static inline int pair_setup_shared_with(void **state, struct memory_hub *hub)
{
	if (pair_setup_with(state, store_shared_writer, hub) != 0)
		return -1;
	struct chat_pair *p = *state;
	p->f->store->is_shared = true;
	return 0;
}

static inline int pair_setup_shared(void **state)
{
	return pair_setup_shared_with(state, NULL);
}

/* So that each chat asks how far the rooms are. */
static inline void pair_pass_seconds(struct chat_pair *p, int n)
{
	for (int i = 0; i < n; i++) {
		fake_clock_advance_ns(UINT64_C(1300) * 1000000);
		pair_settle(p);
	}
}

static inline int pair_teardown(void **state)
{
	struct chat_pair *p = *state;
	struct conn **groups[] = {p->actors, p->watchers, p->remote};
	for (size_t g = 0; g < 3; g++)
		for (size_t i = 0; i < PAIR_PEOPLE; i++)
			fake_conn_free(groups[g][i]);
	fake_conn_free(p->operator);
	pair_forget_packets(p);
	while (chat_pending(p->here) + (p->there ? chat_pending(p->there) : 0) > 0)
		loop_run_once(p->f->loop);
	chat_destroy(p->here);
	chat_destroy(p->there);
	uint64_t faults = count_faults(p->f);
	store_fixture_destroy(p->f);
	if (p->hub)
		memory_hub_free(p->hub);
	free(p);
	return faults == 0 ? 0 : -1;
}

#endif
