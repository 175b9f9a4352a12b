#include "bus/redis/redis_subscriptions.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Names of one command that is being gathered. */
struct batch {
	struct redis_node *node;
	bool subscribes;
	size_t n;
	struct redis_channel names[REDIS_BATCH_CHANNELS];
	struct redis_part parts[REDIS_BATCH_CHANNELS];
};

void redis_subscriptions_init(struct redis_subscriptions *s)
{
	*s = (struct redis_subscriptions){0};
	list_init(&s->changed);
}

void redis_subscriptions_clear(struct redis_subscriptions *s)
{
	struct redis_subscription *e;
	for (size_t at = 0; (e = id_map_next(&s->channels, &at));) {
		list_remove(&e->changed);
		free(e);
	}
	id_map_finish(&s->channels);
	s->n_heard = 0;
}

void redis_subscriptions_finish(struct redis_subscriptions *s)
{
	redis_subscriptions_clear(s);
	free(s->heard);
	s->heard = NULL;
}

static struct redis_subscription *find(const struct redis_subscriptions *s, uint64_t channel)
{
	uint8_t key[16];
	id_map_key_of_no(channel, key);
	return id_map_get(&s->channels, key);
}

/* It may have waited for a node. */
static void mark(struct redis_subscriptions *s, struct redis_subscription *e)
{
	list_remove(&e->changed);
	list_append(&s->changed, &e->changed);
}

void redis_subscriptions_follow(struct redis_subscriptions *s, uint64_t channel)
{
	struct redis_subscription *e = find(s, channel);
	if (!e) {
		uint8_t key[16];
		e = mem_new(struct redis_subscription);
		e->channel = channel;
		list_init(&e->changed);
		id_map_key_of_no(channel, key);
		id_map_put(&s->channels, key, e);
	}
	e->is_wanted = true;
	e->is_told = false;
	mark(s, e);
}

void redis_subscriptions_unfollow(struct redis_subscriptions *s, uint64_t channel)
{
	struct redis_subscription *e = find(s, channel);
	if (!e)
		return;
	e->is_wanted = false;
	mark(s, e);
}

bool redis_subscriptions_wants(const struct redis_subscriptions *s, uint64_t channel)
{
	const struct redis_subscription *e = find(s, channel);
	return e && e->is_wanted;
}

bool redis_subscriptions_confirmed(struct redis_subscriptions *s, struct redis_node *n, uint64_t channel, bool is_subscribed)
{
	struct redis_subscription *e = find(s, channel);
	if (!e || e->node != n)
		return true; /* it has moved on */
	if (e->n_asked == 0) {
		bool is_lost = e->is_subscribed && !is_subscribed;
		if (is_lost)
			e->is_subscribed = e->is_told = false;
		return !is_lost || !e->is_wanted;
	}
	if (--e->n_asked == 0)
		mark(s, e);
	return true;
}

static void begin_anew(struct redis_subscriptions *s, struct redis_subscription *e)
{
	e->node = NULL;
	e->n_asked = 0;
	e->is_subscribed = e->is_told = false;
	mark(s, e);
}

void redis_subscriptions_lost(struct redis_subscriptions *s, struct redis_node *n)
{
	struct redis_subscription *e;
	list_splice(&s->changed, redis_node_waiting(n));
	for (size_t at = 0; (e = id_map_next(&s->channels, &at));) {
		if (e->node == n)
			begin_anew(s, e);
	}
}

void redis_subscriptions_refused(struct redis_subscriptions *s, const struct redis_node *n)
{
	struct redis_subscription *e;
	for (size_t at = 0; (e = id_map_next(&s->channels, &at));) {
		if (e->node == n && e->n_asked > 0)
			begin_anew(s, e);
	}
}

void redis_subscriptions_look(struct redis_subscriptions *s)
{
	struct redis_subscription *e;
	for (size_t at = 0; (e = id_map_next(&s->channels, &at));)
		mark(s, e);
}

static void send_batch(struct batch *b)
{
	if (b->n && b->subscribes)
		redis_node_subscribe(b->node, b->parts, b->n);
	else if (b->n)
		redis_node_unsubscribe(b->node, b->parts, b->n);
	b->n = 0;
}

static void add(struct batch *b, const struct redis_subscriber *by, struct redis_node *node, bool subscribes,
		const struct redis_channel *name)
{
	if (b->n == by->batch_max || b->node != node || b->subscribes != subscribes)
		send_batch(b);
	b->node = node;
	b->subscribes = subscribes;
	b->names[b->n] = *name;
	b->parts[b->n] = (struct redis_part){b->names[b->n].name, name->n};
	b->n++;
}

static void note_heard(struct redis_subscriptions *s, struct redis_subscription *e)
{
	if (s->n_heard == s->n_heard_slots) {
		s->n_heard_slots = s->n_heard_slots ? s->n_heard_slots * 2 : REDIS_BATCH_CHANNELS;
		s->heard = mem_realloc(s->heard, s->n_heard_slots * sizeof(*s->heard));
	}
	s->heard[s->n_heard++] = e->channel;
	e->is_told = true;
}

static void forget(struct redis_subscriptions *s, struct redis_subscription *e)
{
	uint8_t key[16];
	id_map_key_of_no(e->channel, key);
	id_map_remove(&s->channels, key);
	free(e);
}

/* The entry is in no list. */
static void settle(struct redis_subscriptions *s, struct redis_subscription *e, const struct redis_subscriber *by, struct batch *b)
{
	struct redis_channel name;
	redis_channel_name(by->epoch, e->channel, &name);
	struct redis_node *target = e->is_wanted ? by->node_of(by->arg, &name) : NULL;
	bool has_to_leave = e->is_subscribed && (e->is_wanted ? target && e->node != target : true);
	bool has_to_come = target && (has_to_leave || !e->is_subscribed);
	struct redis_node *next = has_to_come ? target : has_to_leave ? e->node : NULL;
	if (next && !redis_node_has_room(next)) {
		list_append(redis_node_waiting(next), &e->changed);
		return;
	}
	if (has_to_leave) {
		add(b, by, e->node, false, &name);
		e->is_subscribed = false;
		e->n_asked++;
	}
	if (has_to_come) {
		if (e->node != target)
			e->n_asked = 0; /* confirmations of another node do not count */
		e->node = target;
		e->is_subscribed = true;
		e->is_told = false;
		e->n_asked++;
		add(b, by, target, true, &name);
	}
	if (e->is_wanted && e->is_subscribed && !e->is_told && e->n_asked == 0)
		note_heard(s, e);
	else if (!e->is_wanted && !e->is_subscribed && e->n_asked == 0)
		forget(s, e);
}

/* n NULL: all of them; else as many as the node has room for. */
static void work_through(struct redis_subscriptions *s, struct list *entries, const struct redis_node *n, const struct redis_subscriber *by)
{
	if (list_empty(entries))
		return;
	struct batch *b = mem_alloc(sizeof(*b));
	b->n = 0;
	b->node = NULL;
	b->subscribes = false;
	while (!list_empty(entries) && (!n || redis_node_has_room(n))) {
		struct redis_subscription *e = list_entry(entries->next, struct redis_subscription, changed);
		list_remove(&e->changed);
		settle(s, e, by, b);
	}
	send_batch(b);
	free(b);
}

void redis_subscriptions_work(struct redis_subscriptions *s, const struct redis_subscriber *by)
{
	work_through(s, &s->changed, NULL, by);
}

void redis_subscriptions_work_waiting(struct redis_subscriptions *s, struct redis_node *n, const struct redis_subscriber *by)
{
	work_through(s, redis_node_waiting(n), n, by);
}

size_t redis_subscriptions_take_heard(struct redis_subscriptions *s, uint64_t *out, size_t most)
{
	size_t n = 0;
	while (s->n_heard > 0 && n < most) {
		uint64_t channel = s->heard[--s->n_heard];
		if (redis_subscriptions_wants(s, channel))
			out[n++] = channel;
	}
	return n;
}
