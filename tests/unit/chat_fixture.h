/*
 * A whole chat on a real loop between a store that holds operations (held_store.h) and fake connections, with functions that tell what a client heard. The clock is
 * the test's own (fake_clock.h): a turn takes FIXTURE_TURN_NS of it on every machine, so rates, pauses and deadlines are the same everywhere.
 */
#ifndef PARLEY_TESTS_CHAT_FIXTURE_H
#define PARLEY_TESTS_CHAT_FIXTURE_H

#include "cmocka_wrap.h"

#include "chat/chat_state.h"
#include "command/requests.h"
#include "fake_clock.h"
#include "fake_conn.h"
#include "held_store.h"

enum { FIXTURE_CONNS_MAX = 512, FIXTURE_TURN_NS = 20000 };

struct chat_fixture {
	struct loop *loop;
	struct metrics metrics;
	struct held_store *store;
	struct chat_config config;
	struct chat *chat;
	struct conn *conns[FIXTURE_CONNS_MAX];
	size_t n_conns;
	json_t *known; /* the connections' (fake_conn.h) */
};

/* No rates and no limit of sessions, a small ring (4 KiB) and small writes; change f->config before fixture_start() for others. */
void fixture_init(struct chat_fixture *f);
void fixture_start(struct chat_fixture *f);
/* Asserts that nothing is left under way. */
void fixture_finish(struct chat_fixture *f);

/* A person in the store, with a token to sign in by. */
uint64_t fixture_person(struct chat_fixture *f, const char *name, char token[80]);
/* The writer's message is committed and brought back; other operations stay where they are. */
void fixture_commit_message(struct chat_fixture *f, struct conn *writer, const char *room);

/* One turn of the loop and of all connections; true when a connection did anything. */
bool fixture_turn(struct chat_fixture *f);
/* Turns for this long, without the store. */
void fixture_pass_ms(struct chat_fixture *f, uint64_t ms);
/* Turns without the store until nothing more happens. */
void fixture_turns(struct chat_fixture *f);
/* Turns and the store (but operations of kind `except`; -1: none) until nothing more happens. */
void fixture_run(struct chat_fixture *f, int except);

/* Turns until a reply with this ref is there, up to a minute of real time. It is for work of another thread, which does not follow the test's clock. */
void fixture_await_reply(struct chat_fixture *f, const struct conn *c, const char *ref);

struct conn *fixture_websocket(struct chat_fixture *f);
struct conn *fixture_open(struct chat_fixture *f, enum transport transport, const char *token);
/* Signed in, everything settled. */
struct conn *fixture_signed_in(struct chat_fixture *f, const char *token);
/* Hands in a frame, made as printf does. */
void say(struct conn *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The reply with this ref, or NULL. Borrowed. */
json_t *reply_to(const struct conn *c, const char *ref);
/* The error code of the reply with this ref; "ok" when it is none; "" without a reply. */
const char *code_of(const struct conn *c, const char *ref);
json_t *data_of(const struct conn *c, const char *ref);
uint64_t number_of(const json_t *object, const char *member);
/* How many of this type were heard, and the last of them. */
size_t heard(const struct conn *c, const char *type, json_t **last);
/* Asserts that the seqs of this room heard from position `from` on are exactly first..last, in order. */
void assert_seqs(const struct conn *c, const struct uid *room, size_t from, uint64_t first, uint64_t last);
const struct uid *room_id_of(const struct chat_fixture *f, uint64_t room_no);
const char *id_text(const struct uid *id); /* one of a few static buffers */

#endif
