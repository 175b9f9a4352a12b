#include "chat/store_watch.h"

#include "base/secret.h"
#include "chat/across.h"
#include "chat/follow.h"
#include "chat/owner_link.h"
#include "chat/server_log.h"
#include "chat/session.h"
#include "chat/user.h"
#include "chat/user_refresh.h"
#include "room/follower.h"
#include "room/reader.h"
#include "room/reader_log.h"
#include "room/room.h"
#include "room/rooms.h"

enum { RETRY_LEAST_MS = 1000, RETURNS_PER_MS = 1 };

uint32_t store_watch_retry_ms(const struct chat *c)
{
	uint32_t least_ms = c->store->away_retry_ms > RETRY_LEAST_MS ? c->store->away_retry_ms : RETRY_LEAST_MS;
	return least_ms + secret_random_below(least_ms);
}

static void away(void *arg)
{
	struct chat *c = arg;
	metric_change(&c->metrics->store_away, c->store->is_away ? 1 : -1);
	if (c->store->is_away) {
		metric_add(&c->metrics->store_outages_total, 1);
		rooms_away(&c->rooms);
		return;
	}
	room_fetch_again(&c->rooms);
	reader_log_retry(&c->rooms);
	follow_soon(c->follow);
	if (c->store->is_shared)
		user_refresh_all(c); /* users whom others made members of a room that nobody here follows */
	user_refresh_retry(c);
}

/* Its client is told when to come back, spread over time, and reads nothing more: what comes now belongs to the other epoch. */
static void send_away(struct session *s, uint32_t spread_ms)
{
	auto_buf data = BUF_INIT;
	list_for_each_safe(it, &s->follower.readers)
		reader_detach(list_entry(it, struct reader, in_follower));
	list_remove(&s->follower.in_log_wait);
	buf_appendf(&data, "{\"retry_after_ms\":%u}", secret_random_below(spread_ms));
	follower_tell_event(&s->follower, EVENT_SERVER_LEAVING, NULL, data.data, data.len);
	conn_close(s->follower.conn, CLOSE_RESTORED);
}

static void restored(void *arg)
{
	struct chat *c = arg;
	uint32_t spread_ms = (uint32_t)atomic_load(&c->metrics->sessions) / RETURNS_PER_MS;
	memcpy(c->epoch, c->store->epoch, sizeof(c->epoch));
	owner_link_restored(c);
	for (uint32_t i = 0; i < c->n_slots; i++) {
		struct session *s = c->slots[i].session;
		if (s && s->user && session_receives(s))
			send_away(s, spread_ms);
	}
	user_void_all(c); /* first: users hold rooms */
	server_log_forget(c->server_log);
	room_void_all(&c->rooms);
	across_restored(c->across);
	c->n_unloads++; /* what was read of them and is not used yet is void too */
	users_have_changed(c);
	c->guests_end_ms = 0;
	follow_soon(c->follow);
}

void store_watch_begin(struct chat *c)
{
	c->store->watcher = (struct store_watcher){.away = away, .restored = restored, .arg = c};
	if (c->store->is_away)
		away(c);
}

void store_watch_end(struct chat *c)
{
	c->store->watcher = (struct store_watcher){0};
}
