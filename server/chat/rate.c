#include "chat/rate.h"

#include "base/secret.h"
#include "store/packed.h"

#include <stdlib.h>
#include <string.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60000, BURST_SECONDS = 10, FORGET_MS = 2 * MINUTE_MS };
/* Signing in for events: what it takes of the account's requests, and for how many rooms it counts once more. */
enum { REQUESTS_PER_SIGN_IN = 10, ROOMS_PER_SIGN_IN = 20, ROOMS_PER_REQUEST = 10 };
/* Of sign-ins: no burst is longer than a part of a second. Each promise is later than the one before by a quarter more than the rate needs. One that is refused opens
 * another connection, so none is for a moment. */
enum { BURSTS_PER_SECOND = 10, PROMISE_MS_MIN = 250, PROMISE_MS_MAX = 30000, JITTER_PARTS = 8 };
/* Higher than the limit of one address: one address alone must not lock an account out. */
enum { ADDRESSES_PER_ACCOUNT = 8 };

struct rate_entry {
	struct list link;   /* rate_table.entries, longest untouched first */
	uint8_t key[16];    /* in rate_table.map */
	uint8_t shared[16]; /* on all instances */
	uint64_t touched_ms;
	struct bucket buckets[RATE_BUCKETS];
	struct trail_budget trail;
	struct list in_untold; /* rate_table.untold */
	uint32_t untold[RATE_BUCKETS];
};

struct rate_table {
	struct id_map map;
	struct list entries;
	bool is_told;
	struct list untold; /* rate_entry.in_untold, longest waiting first */
	struct bucket told;
	struct bucket sign_ins;
	uint64_t promised_until_us; /* the time that was promised last */
};

struct rate_table *rate_table_new(bool is_told)
{
	struct rate_table *t = mem_new(struct rate_table);
	t->is_told = is_told;
	list_init(&t->entries);
	list_init(&t->untold);
	return t;
}

static void entry_free(struct rate_table *t, struct rate_entry *e)
{
	id_map_remove(&t->map, e->key);
	list_remove(&e->link);
	list_remove(&e->in_untold);
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

static struct rate_entry *entry_of_shared(struct chat *c, const uint8_t shared[16])
{
	uint8_t key[16];
	id_map_key_of(shared, 16, key);
	struct rate_entry *e = id_map_get(&c->rates->map, key);
	if (!e) {
		e = mem_new(struct rate_entry);
		memcpy(e->key, key, sizeof(e->key));
		memcpy(e->shared, shared, sizeof(e->shared));
		list_init(&e->link);
		list_init(&e->in_untold);
		id_map_put(&c->rates->map, key, e);
	}
	list_remove(&e->link);
	list_append(&c->rates->entries, &e->link);
	e->touched_ms = loop_now_ms(c->loop);
	return e;
}

static struct rate_entry *entry_of(struct chat *c, char kind, const void *bytes, size_t n)
{
	static const struct secret_keyed_hash of_all_instances = {.key = "parley's rates"};
	struct buf *b = &c->scratch;
	buf_clear(b);
	buf_append_byte(b, (uint8_t)kind);
	buf_append(b, bytes, n);
	uint8_t shared[16];
	secret_keyed_hash(&of_all_instances, b->data, b->len, shared);
	return entry_of_shared(c, shared);
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

struct rate {
	uint64_t rate, per_ms, burst;
};

static struct rate rate_of(const struct limits *l, enum rate_bucket bucket)
{
	const uint64_t per_minute_of[RATE_BUCKETS] = {[RATE_ACCOUNTS] = l->address_accounts,
						      [RATE_PASSWORDS] = l->password_attempts,
						      [RATE_NAME_PASSWORDS] = l->password_attempts * ADDRESSES_PER_ACCOUNT};
	const uint64_t per_second_of[RATE_BUCKETS] = {
		[RATE_REQUESTS] = l->address_requests, [RATE_HOOK_POSTS] = l->hook_posts, [RATE_ASKS] = l->asks};
	if (per_second_of[bucket])
		return (struct rate){per_second_of[bucket], SECOND_MS, per_second_of[bucket] * BURST_SECONDS};
	return (struct rate){per_minute_of[bucket], MINUTE_MS, per_minute_of[bucket]};
}

/* Takes one from a bucket that counts on all instances. */
static uint32_t take_one(struct chat *c, struct rate_entry *e, enum rate_bucket bucket)
{
	const struct rate r = rate_of(&c->config.limits, bucket);
	uint32_t wait_ms = bucket_take(&e->buckets[bucket], r.rate, r.per_ms, r.burst, loop_now_ms(c->loop));
	if (wait_ms || !c->rates->is_told)
		return wait_ms;
	e->untold[bucket]++;
	if (list_empty(&e->in_untold))
		list_append(&c->rates->untold, &e->in_untold);
	return 0;
}

static uint32_t n_untold(const struct rate_entry *e)
{
	uint32_t n = 0;
	for (size_t bucket = 0; bucket < RATE_BUCKETS; bucket++)
		n += e->untold[bucket] > 0;
	return n;
}

void rate_tell(struct rate_table *t, uint64_t now_ms, struct buf *out)
{
	while (!list_empty(&t->untold)) {
		struct rate_entry *e = list_entry(t->untold.next, struct rate_entry, in_untold);
		if (bucket_take_many(&t->told, n_untold(e), RATE_TOLD_PER_SECOND, SECOND_MS, RATE_TOLD_PER_SECOND, now_ms))
			return;
		list_remove(&e->in_untold);
		for (uint32_t bucket = 0; bucket < RATE_BUCKETS; bucket++) {
			uint8_t numbers[8];
			if (!e->untold[bucket])
				continue;
			packed_put_u32(numbers, bucket);
			packed_put_u32(numbers + 4, e->untold[bucket]);
			buf_append(out, e->shared, sizeof(e->shared));
			buf_append(out, numbers, sizeof(numbers));
			e->untold[bucket] = 0;
		}
	}
}

bool rate_told(struct chat *c, const uint8_t *bytes, size_t n)
{
	if (n % RATE_TOLD_BYTES != 0 || n > (size_t)RATE_TOLD_PER_SECOND * RATE_TOLD_BYTES)
		return false;
	for (const uint8_t *at = bytes; at < bytes + n; at += RATE_TOLD_BYTES) {
		uint32_t bucket = packed_u32(at + 16), amount = packed_u32(at + 20);
		if (bucket >= RATE_BUCKETS)
			continue; /* a newer version knows it */
		const struct rate r = rate_of(&c->config.limits, bucket);
		if (r.rate)
			bucket_drain(&entry_of_shared(c, at)->buckets[bucket], amount, r.rate, r.per_ms, r.burst, loop_now_ms(c->loop));
	}
	return true;
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
		wait_ms = per_second(&address_of(s->chat, s->follower.conn)->buckets[RATE_REQUESTS], n, l->address_requests, now);
	return wait_ms;
}

uint32_t rate_all_rooms(struct session *s)
{
	const struct chat *c = s->chat;
	if (s->operator_socket)
		return 0;
	return per_second(&s->user->requests, s->user->n_members / ROOMS_PER_REQUEST, c->config.limits.account_requests,
			  loop_now_ms(c->loop));
}

uint32_t rate_upgrade(struct chat *c, const struct conn *conn)
{
	return c->config.limits.address_requests ? take_one(c, address_of(c, conn), RATE_REQUESTS) : 0;
}

static uint64_t sign_ins_burst(uint64_t rate)
{
	return rate / BURSTS_PER_SECOND;
}

/* When to come back, for one who is refused and could be let in after wait_ms. Where more are waiting than are promised anything, they come back at random. */
static uint32_t promise(struct rate_table *t, uint64_t rate, uint32_t wait_ms, uint64_t now_ms)
{
	uint64_t now_us = now_ms * 1000, first_us = now_us + (uint64_t)(wait_ms > PROMISE_MS_MIN ? wait_ms : PROMISE_MS_MIN) * 1000;
	uint64_t pace_us = (uint64_t)SECOND_MS * 1000 * 5 / 4 / rate;
	uint64_t at_us = t->promised_until_us > first_us ? t->promised_until_us : first_us;
	if (at_us + pace_us > now_us + (uint64_t)PROMISE_MS_MAX * 1000)
		return PROMISE_MS_MAX / 2 + secret_random_below(PROMISE_MS_MAX / 2);
	t->promised_until_us = at_us + pace_us;
	uint32_t in_ms = (uint32_t)((at_us - now_us) / 1000);
	return in_ms + 1 + secret_random_below(in_ms / JITTER_PARTS + 1);
}

uint32_t rate_admit(struct session *s)
{
	struct rate_table *t = s->chat->rates;
	uint64_t rate = s->chat->config.limits.sign_ins, now_ms = loop_now_ms(s->chat->loop);
	uint32_t wait_ms = bucket_take(&t->sign_ins, rate, SECOND_MS, sign_ins_burst(rate), now_ms);
	return wait_ms ? promise(t, rate, wait_ms, now_ms) : 0;
}

void rate_admit_give_back(struct chat *c)
{
	bucket_give_back(&c->rates->sign_ins, c->config.limits.sign_ins, SECOND_MS);
}

uint32_t rate_sign_in(struct session *s, struct user *u)
{
	const struct chat *c = s->chat;
	uint64_t rate = c->config.limits.account_requests;
	if (s->operator_socket || s->follower.transport == TRANSPORT_HTTP)
		return 0; /* over HTTP each request counts */
	uint64_t n_more = s->follower.transport == TRANSPORT_WEBSOCKET ? u->n_members / ROOMS_PER_SIGN_IN : 0;
	uint32_t wait_ms = per_second(&u->requests, REQUESTS_PER_SIGN_IN * (1 + n_more), rate, loop_now_ms(c->loop));
	if (!wait_ms)
		bucket_drain(&c->rates->sign_ins, n_more, c->config.limits.sign_ins, SECOND_MS, sign_ins_burst(c->config.limits.sign_ins),
			     loop_now_ms(c->loop));
	return wait_ms;
}

struct trail_budget *rate_trail(const struct session *s)
{
	return &address_of(s->chat, s->follower.conn)->trail;
}

uint32_t rate_account_made(struct session *s)
{
	struct chat *c = s->chat;
	return c->config.limits.address_accounts ? take_one(c, address_of(c, s->follower.conn), RATE_ACCOUNTS) : 0;
}

uint32_t rate_hook_post(struct chat *c, const uint8_t token_hash[SECRET_HASH_BYTES])
{
	return c->config.limits.hook_posts ? take_one(c, entry_of(c, 'h', token_hash, SECRET_HASH_BYTES), RATE_HOOK_POSTS) : 0;
}

uint32_t rate_ask(struct chat *c, const struct uid *room, const struct uid *asker)
{
	if (!c->config.limits.asks)
		return 0;
	uint32_t wait_ms = take_one(c, entry_of(c, 'u', asker->b, sizeof(asker->b)), RATE_ASKS);
	return wait_ms ? wait_ms : take_one(c, entry_of(c, 'r', room->b, sizeof(room->b)), RATE_ASKS);
}

uint32_t rate_room_made(struct session *s)
{
	return per_minute(&s->user->rooms_made, s->chat->config.limits.account_rooms, loop_now_ms(s->chat->loop));
}

uint32_t rate_password(struct session *s, const void *name_key, size_t n)
{
	struct chat *c = s->chat;
	if (!c->config.limits.password_attempts)
		return 0;
	uint32_t wait_ms = take_one(c, address_of(c, s->follower.conn), RATE_PASSWORDS);
	return wait_ms ? wait_ms : take_one(c, entry_of(c, 'n', name_key, n), RATE_NAME_PASSWORDS);
}
