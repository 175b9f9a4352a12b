#include "chat/session.h"

#include "chat/state_encode.h"
#include "chat/user.h"
#include "chat/user_news.h"
#include "room/follower.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- ids ---- */

static void slots_grow(struct chat *c)
{
	uint32_t n = c->n_slots ? c->n_slots * 2 : 64;
	c->slots = mem_realloc(c->slots, n * sizeof(*c->slots));
	for (uint32_t i = c->n_slots; i < n; i++)
		c->slots[i] = (struct session_slot){.generation = 1, .next_free = i + 1};
	c->n_slots = n;
}

static void slot_take(struct chat *c, struct session *s)
{
	if (c->free_slot == c->n_slots)
		slots_grow(c);
	uint32_t i = c->free_slot;
	struct session_slot *slot = &c->slots[i];
	c->free_slot = slot->next_free;
	slot->session = s;
	s->id = (uint64_t)slot->generation << 32 | i;
}

static void slot_free(struct chat *c, uint64_t id)
{
	uint32_t i = (uint32_t)id;
	struct session_slot *slot = &c->slots[i];
	slot->session = NULL;
	slot->generation++;
	slot->next_free = c->free_slot;
	c->free_slot = i;
}

struct session *session_by_id(struct chat *c, uint64_t id)
{
	uint32_t i = (uint32_t)id;
	if (i >= c->n_slots || c->slots[i].generation != (uint32_t)(id >> 32))
		return NULL;
	return c->slots[i].session;
}

/* ---- opening and closing ---- */

struct session *session_open(struct chat *c, struct conn *conn, const struct session_config *config)
{
	struct session *s = mem_new(struct session);
	s->chat = c;
	follower_init(&s->follower, &c->rooms, conn, config->transport);
	s->operator_socket = config->operator_socket;
	s->token_is_cookie = config->token_is_cookie;
	s->token_may_be_anothers = config->token_may_be_anothers;
	if (config->token)
		s->token = mem_strndup(config->token, strlen(config->token));
	list_init(&s->in_user);
	slot_take(c, s);
	if (s->follower.transport == TRANSPORT_WEBSOCKET) {
		auto_buf hello = BUF_INIT;
		state_encode_hello(&hello, c);
		conn_append(conn, hello.data, hello.len, WIRE_OK, 0);
	}
	return s;
}

void session_close(struct session *s)
{
	struct chat *c = s->chat;
	follower_finish(&s->follower);
	slot_free(c, s->id);
	user_news_forget(s);
	list_remove(&s->in_user);
	if (s->user) {
		user_release(s->user);
		metric_change(&c->metrics->sessions, -1);
	}
	if (s->call)
		s->call->drop(s->call);
	free(s->token);
	free(s);
}

bool session_awaits_answers(const struct session *s)
{
	return s->n_waiting > 0;
}

bool session_signed_in(const struct session *s)
{
	return s->user != NULL || s->operator_socket;
}

bool session_is_starting(const struct session *s)
{
	return s->follower.starting;
}

void session_enter(struct session *s, struct user *u, const uint8_t *token_hash, enum token_kind kind)
{
	assert(!s->user);
	s->user = u;
	user_hold(u);
	metric_change(&s->chat->metrics->sessions, 1);
	s->n_entered = ++s->chat->n_entered;
	if (session_receives(s)) {
		list_append(&u->sessions, &s->in_user);
		u->n_sessions++;
	}
	if (token_hash) {
		memcpy(s->token_hash, token_hash, sizeof(s->token_hash));
		s->has_token_hash = true;
		s->token_kind = kind;
	}
	free(s->token);
	s->token = NULL;
}

void session_cut(struct user *u, const uint8_t *token_hash)
{
	list_for_each(it, &u->sessions) {
		struct session *s = list_entry(it, struct session, in_user);
		if (s->has_token_hash && memcmp(s->token_hash, token_hash, sizeof(s->token_hash)) == 0)
			conn_close(s->follower.conn, CLOSE_SIGNED_OUT);
	}
}

void session_cut_all(struct user *u, enum token_kind up_to)
{
	list_for_each(it, &u->sessions) {
		struct session *s = list_entry(it, struct session, in_user);
		if (s->has_token_hash && s->token_kind <= up_to)
			conn_close(s->follower.conn, CLOSE_SIGNED_OUT);
	}
}

void session_writable(struct session *s)
{
	follower_writable(&s->follower);
	if (s->call && s->call->writable)
		s->call->writable(s->call);
}
