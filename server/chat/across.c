#include "chat/across.h"

#include "base/clock.h"
#include "chat/apply.h"
#include "chat/follow.h"
#include "chat/rate.h"
#include "chat/server_log.h"
#include "chat/user.h"
#include "chat/user_news.h"
#include "chat/user_tell.h"
#include "room/room.h"
#include "store/packed.h"

#include <stdlib.h>

enum { SEQ_BYTES = 8 };

struct across {
	struct chat *chat;
	struct bus *bus;
	struct id_map rooms; /* those that are followed, by number */
	bool was_whole;
	struct buf packed; /* for packing one message; emptied by its user */
};

/* NULL: it is not followed, or not any more. */
static struct room *room_of(const struct across *a, uint64_t channel)
{
	uint8_t key[16];
	id_map_key_of_no(channel, key);
	return id_map_get(&a->rooms, key);
}

/* ---- what is told ---- */

static void publish(struct across *a, uint64_t channel, enum bus_kind kind, const struct buf *b)
{
	a->bus->methods->publish(a->bus, channel, kind, b->data, b->len);
	metric_add(&a->chat->metrics->across_out_total, 1);
}

static void append_u64(struct buf *b, uint64_t v)
{
	uint8_t bytes[SEQ_BYTES];
	packed_put_u64(bytes, v);
	buf_append(b, bytes, sizeof(bytes));
}

static void publish_event(void *arg, const struct event *e)
{
	struct across *a = arg;
	bool is_too_large = e->frame_bytes > ACROSS_EVENT_BYTES_MAX;
	buf_clear(&a->packed);
	if (is_too_large)
		append_u64(&a->packed, e->seq);
	else
		event_pack(e, &a->packed);
	publish(a, e->room_no, is_too_large ? BUS_TOP : BUS_EVENT, &a->packed);
}

static void publish_notices(void *arg, const struct told *told)
{
	struct across *a = arg;
	if (told->log_seq == 0)
		return;
	buf_clear(&a->packed);
	append_u64(&a->packed, told->log_seq);
	for (size_t i = 0; i < told->n; i++) {
		uint8_t notice[USER_NOTICE_BYTES];
		user_notice_pack(&told->notices[i], notice);
		buf_append(&a->packed, notice, sizeof(notice));
	}
	publish(a, SERVER_LOG_ROOM_NO, BUS_NOTICE, &a->packed);
}

static struct event *passing(const struct uid *room, uint64_t author_no, enum event_type type, const struct buf *data)
{
	const struct event head = {.room = *room, .author_no = author_no, .timestamp_ms = clock_wall_ms(), .type = type};
	auto_buf json = BUF_INIT;
	event_encode(&json, type, NULL, head.timestamp_ms, &head.room, 0, data->data, data->len);
	return event_of(&head, json.data, json.len);
}

static void publish_passing(struct across *a, uint64_t room_no, enum bus_kind kind, const struct event *e)
{
	if (!a || e->frame_bytes > ACROSS_EVENT_BYTES_MAX)
		return;
	buf_clear(&a->packed);
	event_pack(e, &a->packed);
	publish(a, room_no, kind, &a->packed);
}

void across_pass_on(struct room *r, const struct user *author, enum event_type type, const struct buf *data)
{
	size_t n;
	struct event *e = passing(&r->id, author->no, type, data);
	const uint8_t *json = event_json(e, &n);
	room_pass_on(r, json, n);
	publish_passing(chat_of_rooms(r->rooms)->across, r->no, BUS_SIGNAL, e);
	event_free(e);
}

/* To the member, where it is one here. */
static void tell_here(struct chat *c, const struct room *r, const struct event *e)
{
	struct user *u = r ? user_by_no(c, e->author_no) : NULL;
	struct member *m = u ? user_member_of(u, r) : NULL;
	if (m && !m->leaving)
		user_news_tell(m, e);
}

void across_tell_account(struct chat *c, const struct across_place *at, uint64_t user_no, enum event_type type, const struct buf *data)
{
	struct event *e = passing(&at->room, user_no, type, data);
	tell_here(c, room_by_id(&c->rooms, &at->room), e);
	publish_passing(c->across, at->room_no, BUS_ASIDE, e);
	event_free(e);
}

void across_tell_member(const struct member *m, enum event_type type, const struct buf *data)
{
	across_tell_account(m->user->chat, &(struct across_place){m->room->no, m->room->id}, m->user->no, type, data);
}

void across_turn(struct chat *c)
{
	struct across *a = c->across;
	if (!a)
		return;
	buf_clear(&a->packed);
	rate_tell(c->rates, loop_now_ms(c->loop), &a->packed);
	if (a->packed.len > 0)
		a->bus->methods->publish(a->bus, BUS_EVERYBODY, BUS_TAKEN, a->packed.data, a->packed.len);
}

/* ---- what others tell ---- */

static bool event_arrived(struct across *a, struct room *r, struct event *e)
{
	bool belongs = e && uid_equal(&e->room, &r->id) && e->type != EVENT_NOTICE;
	if (belongs)
		apply_arrived(a->chat, e);
	else
		event_free(e);
	return belongs;
}

/* Its author was a member at the instance that passed it on. Here the membership may have ended. */
static bool signal_arrived(struct across *a, struct room *r, struct event *e)
{
	bool belongs = e && uid_equal(&e->room, &r->id) && e->type != EVENT_MESSAGE_EPHEMERAL;
	struct user *author = belongs ? user_by_no(a->chat, e->author_no) : NULL;
	const struct member *m = author ? user_member_of(author, r) : NULL;
	if (belongs && (!author || (m && !m->leaving))) {
		size_t n;
		const uint8_t *json = event_json(e, &n);
		room_pass_on(r, json, n);
	}
	event_free(e);
	return belongs;
}

/* Whom it is for was a member at the instance that told it. */
static bool aside_arrived(struct across *a, struct room *r, struct event *e)
{
	bool belongs = e && uid_equal(&e->room, &r->id) && e->type == EVENT_MESSAGE_EPHEMERAL;
	if (belongs)
		tell_here(a->chat, r, e);
	event_free(e);
	return belongs;
}

/* The store's answer is believed; the seq only tells whether it is worth asking. */
static bool top_arrived(struct across *a, struct room *r, const uint8_t *bytes, size_t n)
{
	if (n < SEQ_BYTES)
		return false;
	if (packed_u64(bytes) > r->feed.newest_seq)
		follow_room_soon(a->chat->follow, r);
	return true;
}

/* Notices of a newer version are read from the log, which knows what to do with those that are not understood. */
static bool notices_arrived(struct across *a, struct room *log, const uint8_t *bytes, size_t n)
{
	struct user_notice notices[OP_NOTICES_MAX];
	size_t n_notices = n < SEQ_BYTES ? 0 : (n - SEQ_BYTES) / USER_NOTICE_BYTES;
	bool is_known = n_notices > 0 && n_notices <= OP_NOTICES_MAX && n == SEQ_BYTES + n_notices * USER_NOTICE_BYTES;
	for (size_t i = 0; is_known && i < n_notices; i++)
		is_known = user_notice_unpack(bytes + SEQ_BYTES + i * USER_NOTICE_BYTES, USER_NOTICE_BYTES, &notices[i]);
	if (!is_known)
		return top_arrived(a, log, bytes, n);
	uint64_t seq = packed_u64(bytes);
	if (seq > EVENT_SEQ_MOST)
		return false;
	server_log_heard(a->chat->server_log, notices, n_notices, seq);
	return true;
}

static bool take(struct across *a, struct room *r, enum bus_kind kind, const uint8_t *bytes, size_t n)
{
	bool is_log = r->no == SERVER_LOG_ROOM_NO;
	switch (kind) {
	case BUS_EVENT:
		return !is_log && event_arrived(a, r, event_unpack(bytes, n));
	case BUS_SIGNAL:
		return !is_log && signal_arrived(a, r, event_unpack_passing(bytes, n));
	case BUS_ASIDE:
		return !is_log && aside_arrived(a, r, event_unpack_passing(bytes, n));
	case BUS_NOTICE:
		return is_log && notices_arrived(a, r, bytes, n);
	case BUS_TOP:
		return top_arrived(a, r, bytes, n);
	case BUS_ALIVE:
	case BUS_TAKEN:
		return false;
	}
	return true; /* a newer version knows it */
}

static void arrived(void *arg, uint64_t channel, enum bus_kind kind, const uint8_t *bytes, size_t n)
{
	struct across *a = arg;
	struct room *r = room_of(a, channel);
	bool is_right = true;                                             /* also on the channel of a room that was followed a moment ago */
	bool is_of_rates = channel == BUS_EVERYBODY && kind == BUS_TAKEN; /* not counted, here as where it is told */
	if (is_of_rates)
		is_right = rate_told(a->chat, bytes, n);
	else if (r)
		is_right = take(a, r, kind, bytes, n);
	if (!is_right)
		metric_add(&a->chat->metrics->across_refused_total, 1);
	else if (!is_of_rates)
		metric_add(&a->chat->metrics->across_in_total, 1);
}

/* ---- which rooms, and how the bus is ---- */

static void hears(void *arg, const uint64_t *channels, size_t n)
{
	const struct across *a = arg;
	for (size_t i = 0; i < n; i++) {
		struct room *r = room_of(a, channels[i]);
		if (!r)
			continue;
		r->is_heard = true;
		follow_room_soon(a->chat->follow, r);
	}
}

static void changed(void *arg)
{
	struct across *a = arg;
	bool is_whole = a->bus->state == BUS_WHOLE;
	a->chat->rooms.patience_ms = is_whole ? ACROSS_PATIENCE_MS : 0;
	if (is_whole && !a->was_whole)
		follow_soon(a->chat->follow);
	a->was_whole = is_whole;
}

static void follows(struct room *r, bool is_followed)
{
	struct across *a = chat_of_rooms(r->rooms)->across;
	uint8_t key[16];
	id_map_key_of_no(r->no, key);
	if (is_followed) {
		id_map_put(&a->rooms, key, r);
		a->bus->methods->follow(a->bus, r->no);
	} else {
		r->is_heard = false;
		id_map_remove(&a->rooms, key);
		a->bus->methods->unfollow(a->bus, r->no);
	}
}

static void begin(struct across *a)
{
	const struct bus_listener listener = {.arrived = arrived, .hears = hears, .changed = changed, .arg = a};
	a->bus->methods->begin(a->bus, a->chat->epoch, &listener);
}

struct across *across_new(struct chat *c, struct bus *bus)
{
	struct across *a = mem_new(struct across);
	a->chat = c;
	a->bus = bus;
	c->rooms.follows = follows;
	c->outgoing = (struct chat_outgoing){.event = publish_event, .notices = publish_notices, .arg = a};
	begin(a);
	changed(a);
	return a;
}

static void nothing_arrived(void *arg, uint64_t channel, enum bus_kind kind, const uint8_t *bytes, size_t n)
{
	(void)arg, (void)channel, (void)kind, (void)bytes, (void)n;
}

static void hears_nothing(void *arg, const uint64_t *channels, size_t n)
{
	(void)arg, (void)channels, (void)n;
}

static void nothing_changed(void *arg)
{
	(void)arg;
}

void across_destroy(struct across *a)
{
	if (!a)
		return;
	a->bus->listener = (struct bus_listener){.arrived = nothing_arrived, .hears = hears_nothing, .changed = nothing_changed};
	a->chat->rooms.follows = NULL;
	a->chat->outgoing = (struct chat_outgoing){0};
	id_map_finish(&a->rooms);
	buf_finish(&a->packed);
	free(a);
}

void across_restored(struct across *a)
{
	if (a)
		begin(a);
}
