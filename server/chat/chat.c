#include "chat/chat.h"

#include "chat/across.h"
#include "chat/apply.h"
#include "chat/chat_state.h"
#include "chat/consumer_lag.h"
#include "chat/follow.h"
#include "chat/guests_end.h"
#include "chat/owner_link.h"
#include "chat/rate.h"
#include "chat/server_log.h"
#include "chat/session.h"
#include "chat/store_watch.h"
#include "chat/user.h"
#include "chat/user_news.h"
#include "chat/user_refresh.h"
#include "room/follower.h"
#include "room/room.h"
#include "room/rooms.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HASHERS = 2, HOUSEKEEPING_MS = 1000 };

static struct chat_watcher *watcher_of(struct list *it)
{
	return list_entry(it, struct chat_watcher, in_chat);
}

static void slice_turn(struct chat *c)
{
	if (list_empty(&c->slices))
		return;
	struct chat_slice *s = list_entry(c->slices.next, struct chat_slice, in_chat);
	list_remove(&s->in_chat);
	if (s->go_on(s))
		list_append(&c->slices, &s->in_chat); /* behind the others */
	if (!list_empty(&c->slices))
		loop_again(c->loop);
}

static void drop_slices(struct chat *c)
{
	list_for_each_safe(it, &c->slices) {
		struct chat_slice *s = list_entry(it, struct chat_slice, in_chat);
		list_remove(it);
		s->drop(s);
	}
}

static void tell(void *arg)
{
	struct chat *c = arg;
	list_for_each(it, &c->watchers)
		watcher_of(it)->methods->turn(watcher_of(it));
	user_news_turn(arg);
	slice_turn(arg);
	across_turn(arg);
}

static void housekeeping(void *arg)
{
	struct chat *c = arg;
	user_unload_idle(c, false); /* first: users hold rooms */
	rooms_tend(&c->rooms);
	rate_table_clean(c->rates, loop_now_ms(c->loop));
	guests_end_step(c);
	consumer_lag_step(c);
	user_refresh_retry(c);
	owner_link_step(c);
	list_for_each(it, &c->watchers)
		watcher_of(it)->methods->second(watcher_of(it));
}

struct chat *chat_new(struct loop *l, struct store *s, struct metrics *m, const struct chat_config *config)
{
	struct chat *c = mem_new(struct chat);
	c->loop = l;
	c->store = s;
	memcpy(c->epoch, s->epoch, sizeof(c->epoch));
	c->metrics = m;
	c->config = *config;
	const struct rooms_config engine = {
		.sweep_slice = config->sweep_slice,
		.sweep_rest = config->sweep_rest,
		.write_bytes = config->write_bytes,
		.room_tail_bytes = config->room_tail_bytes,
		.room_idle_ms = config->room_idle_ms,
		.resume_events = config->limits.resume_events,
	};
	rooms_init(&c->rooms, l, s, m, &engine, c->epoch);
	c->rooms.applied = apply_event;
	c->rooms.skipped = apply_skipped;
	owner_link_begin(c);
	list_init(&c->telling);
	list_init(&c->slices);
	list_init(&c->watchers);
	list_init(&c->probes);
	list_init(&c->idle_users);
	list_init(&c->stale_users);
	c->rates = rate_table_new(config->bus != NULL);
	c->hashers = worker_pool_new(l, "hash", HASHERS, config->limits.password_queue, NULL);
	c->probe_room = room_new_hidden(&c->rooms);
	c->housekeeping = loop_timer_new(l, housekeeping, c);
	loop_timer_start(c->housekeeping, HOUSEKEEPING_MS, HOUSEKEEPING_MS);
	loop_at_turn_end(l, TURN_END_REPLIES, tell, c);
	c->server_log = server_log_new(c);
	c->follow = follow_new(c);
	c->across = config->bus ? across_new(c, config->bus) : NULL;
	store_watch_begin(c);
	owner_link_step(c);
	return c;
}

static int refuse(struct store *none, struct store_op *op)
{
	(void)none;
	(void)op;
	return -EBUSY;
}

static const struct store_methods refusing = {.submit = refuse};

uint32_t chat_admit_upgrade(struct chat *c, const struct conn *conn)
{
	return rate_upgrade(c, conn);
}

void chat_drop_hashing(struct chat *c)
{
	worker_pool_drop(c->hashers);
}

void chat_lose_store(struct chat *c)
{
	store_watch_end(c);
	owner_link_end(c);
	c->no_store.methods = &refusing;
	c->store = c->rooms.store = &c->no_store;
}

void chat_destroy(struct chat *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; i < c->n_slots; i++)
		assert(!c->slots[i].session);
	loop_not_at_turn_end(c->loop, tell, c);
	worker_pool_destroy(c->hashers);
	rooms_end_waits(&c->rooms);
	loop_run_once(c->loop); /* the hashers' last answers, and sign-ins that waited for a room */
	probe_drop_all(c);
	drop_slices(c);
	list_for_each_safe(it, &c->watchers)
		watcher_of(it)->methods->destroy(watcher_of(it));
	across_destroy(c->across);
	follow_destroy(c->follow);
	server_log_destroy(c->server_log);
	user_unload_idle(c, true);
	room_free_hidden(c->probe_room);
	rooms_finish(&c->rooms);
	rate_table_destroy(c->rates);
	loop_timer_destroy(c->housekeeping);
	id_map_finish(&c->users);
	buf_finish(&c->scratch);
	owner_link_void(c);
	free(c->slots);
	free(c);
}

void chat_announce_leaving(struct chat *c, uint32_t spread_ms)
{
	c->is_leaving = true;
	list_for_each(it, &c->watchers)
		watcher_of(it)->methods->leaving(watcher_of(it));
	for (uint32_t i = 0; i < c->n_slots; i++) {
		struct session *s = c->slots[i].session;
		if (!s || !session_receives(s))
			continue;
		auto_buf data = BUF_INIT;
		buf_appendf(&data, "{\"retry_after_ms\":%u}", secret_random_below(spread_ms));
		follower_tell_event(&s->follower, EVENT_SERVER_LEAVING, NULL, data.data, data.len);
	}
}

size_t chat_pending(const struct chat *c)
{
	return c->n_pending + c->rooms.n_pending;
}
