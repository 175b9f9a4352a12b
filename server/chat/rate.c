#include "chat/rate.h"

#include <stdlib.h>
#include <string.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60000, BURST_SECONDS = 10, FORGET_MS = 2 * MINUTE_MS, ROOMS_PER_REQUEST = 20 };
/* Higher than the limit of one address: one address alone must not lock an account out. */
enum { ADDRESSES_PER_ACCOUNT = 8 };

struct rate_entry {
	struct list link; /* rate_table.entries, longest untouched first */
	uint8_t key[16];
	uint64_t touched_ms;
	struct bucket requests, accounts, passwords;
	struct trail_budget trail;
};

struct rate_table {
	struct id_map map;
	struct list entries;
};

struct rate_table *rate_table_new(void)
{
	struct rate_table *t = mem_new(struct rate_table);
	list_init(&t->entries);
	return t;
}

static void entry_free(struct rate_table *t, struct rate_entry *e)
{
	id_map_remove(&t->map, e->key);
	list_remove(&e->link);
	free(e);
}

void rate_table_clean(struct rate_table *t, uint64_t now_ms)
{
	list_for_each_safe(it, &t->entries) {
		struct rate_entry *e = list_entry(it, struct rate_entry, link);
		if (now_ms - e->touched_ms < FORGET_MS)
			break;
		entry_free(t, e);
	}
}

void rate_table_destroy(struct rate_table *t)
{
	if (!t)
		return;
	list_for_each_safe(it, &t->entries) {
		entry_free(t, list_entry(it, struct rate_entry, link));
	}
	id_map_finish(&t->map);
	free(t);
}

static struct rate_entry *entry_of(struct chat *c, char kind, const void *bytes, size_t n)
{
	struct buf *b = &c->scratch;
	buf_clear(b);
	buf_append_byte(b, (uint8_t)kind);
	buf_append(b, bytes, n);
	uint8_t key[16];
	id_map_key_of(b->data, b->len, key);
	struct rate_entry *e = id_map_get(&c->rates->map, key);
	if (!e) {
		e = mem_new(struct rate_entry);
		memcpy(e->key, key, sizeof(e->key));
		list_init(&e->link);
		id_map_put(&c->rates->map, key, e);
	}
	list_remove(&e->link);
	list_append(&c->rates->entries, &e->link);
	e->touched_ms = loop_now_ms(c->loop);
	return e;
}

static struct rate_entry *address_of(struct chat *c, const struct conn *conn)
{
	return entry_of(c, 'a', conn_address_key(conn), 16);
}

static uint32_t per_second(struct bucket *b, uint64_t n, uint64_t rate, uint64_t now_ms)
{
	return bucket_take_many(b, n, rate, SECOND_MS, rate * BURST_SECONDS, now_ms);
}

static uint32_t per_minute(struct bucket *b, uint64_t rate, uint64_t now_ms)
{
	return bucket_take(b, rate, MINUTE_MS, rate, now_ms);
}

uint32_t rate_request(struct session *s, size_t n_bytes)
{
	struct chat *c = s->chat;
	const struct limits *l = &c->config.limits;
	uint64_t now = loop_now_ms(c->loop);
	uint64_t n = 1 + (l->request_bytes ? n_bytes / l->request_bytes : 0);
	if (s->operator_socket)
		return 0;
	bool counted = s->call && s->user; /* over HTTP before the sign-in: only the account is left to count */
	uint32_t wait_ms = counted ? 0 : per_second(&s->requests, n, l->connection_requests, now);
	if (!wait_ms && s->user)
		wait_ms = per_second(&s->user->requests, n, l->account_requests, now);
	if (!wait_ms && !counted && l->address_requests)
		wait_ms = per_second(&address_of(s->chat, s->follower.conn)->requests, n, l->address_requests, now);
	return wait_ms;
}

uint32_t rate_upgrade(struct chat *c, const struct conn *conn)
{
	uint64_t rate = c->config.limits.address_requests;
	return rate ? per_second(&address_of(c, conn)->requests, 1, rate, loop_now_ms(c->loop)) : 0;
}

uint32_t rate_sign_in(struct session *s, struct user *u)
{
	const struct chat *c = s->chat;
	uint64_t rate = c->config.limits.account_requests;
	if (s->operator_socket || s->follower.transport == TRANSPORT_HTTP)
		return 0; /* over HTTP each request counts */
	uint64_t n = 1 + (s->follower.transport == TRANSPORT_WEBSOCKET ? u->n_members / ROOMS_PER_REQUEST : 0);
	return per_second(&u->requests, n, rate, loop_now_ms(c->loop));
}

struct trail_budget *rate_trail(const struct session *s)
{
	return &address_of(s->chat, s->follower.conn)->trail;
}

uint32_t rate_account_made(struct session *s)
{
	uint64_t rate = s->chat->config.limits.address_accounts;
	return rate ? per_minute(&address_of(s->chat, s->follower.conn)->accounts, rate, loop_now_ms(s->chat->loop)) : 0;
}

uint32_t rate_room_made(struct session *s)
{
	return per_minute(&s->user->rooms_made, s->chat->config.limits.account_rooms, loop_now_ms(s->chat->loop));
}

uint32_t rate_password(struct session *s, const void *name_key, size_t n)
{
	struct chat *c = s->chat;
	uint64_t rate = c->config.limits.password_attempts, now = loop_now_ms(c->loop);
	if (!rate)
		return 0;
	uint32_t wait_ms = per_minute(&address_of(s->chat, s->follower.conn)->passwords, rate, now);
	return wait_ms ? wait_ms : per_minute(&entry_of(c, 'n', name_key, n)->passwords, rate * ADDRESSES_PER_ACCOUNT, now);
}
