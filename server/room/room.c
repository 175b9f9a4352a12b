#include "room/room.h"

#include "codec/text_clean.h"
#include "codec/ws_frame.h"
#include "room/reader.h"
#include "room/room_hole.h"
#include "room/room_sweep.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TAIL_KEEP_EVENTS = 128 }; /* a resume within these never touches the store */

static void room_out(void *arg, struct event *e);

static void hash_name(const char *name, uint8_t out[16])
{
	auto_buf key = BUF_INIT;
	text_name_key(name, strlen(name), &key);
	id_map_key_of(key.data, key.len, out);
}

static struct room *room_new(struct rooms *rooms, const struct store_room *known)
{
	struct room *r = mem_new(struct room);
	r->rooms = rooms;
	r->id = known->id;
	r->no = known->no;
	r->kind = known->kind;
	r->name = mem_strndup(known->name, strlen(known->name));
	r->topic = mem_strndup(known->topic, strlen(known->topic));
	r->n_messages = known->n_messages;
	r->n_members = known->n_members;
	r->created_ms = known->created_ms;
	room_feed_init(&r->feed, known->last_seq, room_out, room_hole_fetch, r);
	room_tail_init(&r->tail, known->last_seq + 1);
	list_init(&r->readers);
	list_init(&r->in_idle);
	list_init(&r->in_sweep);
	list_init(&r->in_long_tails);
	list_init(&r->in_holes);
	list_init(&r->in_followed);
	list_init(&r->in_patient);
	list_init(&r->waiting);
	return r;
}

static void room_free(struct room *r)
{
	assert(list_empty(&r->readers) && r->n_holds == 0);
	list_remove(&r->in_idle);
	list_remove(&r->in_sweep);
	list_remove(&r->in_long_tails);
	list_remove(&r->in_holes);
	list_remove(&r->in_patient);
	room_feed_finish(&r->feed);
	room_tail_empty(&r->tail);
	free(r->name);
	free(r->topic);
	free(r);
}

struct room *room_load(struct rooms *rooms, const struct store_room *known)
{
	struct room *r = room_by_id(rooms, &known->id);
	if (r)
		return r;
	r = room_new(rooms, known);
	hash_name(r->name, r->name_hash);
	id_map_put(&rooms->by_id, r->id.b, r);
	if (r->kind == ROOM_PUBLIC)
		id_map_put(&rooms->by_name, r->name_hash, r);
	metric_change(&rooms->metrics->rooms_loaded, 1);
	r->idle_since_ms = loop_now_ms(rooms->loop);
	list_append(&rooms->idle, &r->in_idle);
	return r;
}

struct room *room_by_id(struct rooms *rooms, const struct uid *id)
{
	return id_map_get(&rooms->by_id, id->b);
}

struct room *room_by_name_key(struct rooms *rooms, const void *key, size_t n)
{
	uint8_t hash[16];
	id_map_key_of(key, n, hash);
	return id_map_get(&rooms->by_name, hash);
}

void room_hold(struct room *r)
{
	if (r->n_holds++ == 0)
		list_remove(&r->in_idle);
}

void room_release(struct room *r)
{
	assert(r->n_holds > 0);
	if (--r->n_holds == 0) {
		r->idle_since_ms = loop_now_ms(r->rooms->loop);
		list_append(&r->rooms->idle, &r->in_idle);
	}
}

void room_unload_idle(struct rooms *rooms, bool everything)
{
	uint64_t now = loop_now_ms(rooms->loop);
	list_for_each_safe(it, &rooms->idle) {
		struct room *r = list_entry(it, struct room, in_idle);
		if (!everything && now - r->idle_since_ms < rooms->config.room_idle_ms)
			break;
		if (!r->is_void)
			id_map_remove(&rooms->by_id, r->id.b);
		if (id_map_get(&rooms->by_name, r->name_hash) == r)
			id_map_remove(&rooms->by_name, r->name_hash);
		room_free(r);
		rooms->n_unloads++;
		metric_change(&rooms->metrics->rooms_loaded, -1);
	}
}

void room_void_all(struct rooms *rooms)
{
	size_t at = 0;
	for (struct room *r; (r = id_map_next(&rooms->by_id, &at));) {
		r->is_void = true;
		list_remove(&r->in_holes);
		list_remove(&r->in_patient);
		room_end_waits(r, UINT64_MAX);
	}
	id_map_finish(&rooms->by_id);
	id_map_finish(&rooms->by_name);
	room_unload_idle(rooms, true);
}

void room_rename(struct room *r, const char *name, size_t n)
{
	struct rooms *rooms = r->rooms;
	if (id_map_get(&rooms->by_name, r->name_hash) == r)
		id_map_remove(&rooms->by_name, r->name_hash);
	free(r->name);
	r->name = mem_strndup(name, n);
	hash_name(r->name, r->name_hash);
	if (r->kind == ROOM_PUBLIC)
		id_map_put(&rooms->by_name, r->name_hash, r);
}

void room_set_topic(struct room *r, const char *topic)
{
	free(r->topic);
	r->topic = mem_strndup(topic, strlen(topic));
}

void room_know(struct room *r, const struct store_room *known)
{
	if (known->last_seq != r->feed.last_seq)
		return;
	r->n_messages = known->n_messages;
	r->n_members = known->n_members;
	if (strcmp(r->name, known->name) != 0)
		room_rename(r, known->name, strlen(known->name));
	if (strcmp(r->topic, known->topic) != 0)
		room_set_topic(r, known->topic);
}

struct room *room_new_hidden(struct rooms *rooms)
{
	char none[] = "";
	return room_new(rooms, &(struct store_room){.name = none, .topic = none});
}

void room_free_hidden(struct room *r)
{
	if (r)
		room_free(r);
}

/* Makes room for n more bytes. The tail grows, up to the configured size, while readers that are being served would lose their place. */
static void make_room(struct room *r, size_t n)
{
	struct room_tail *t = &r->tail;
	uint32_t most = r->rooms->config.room_tail_bytes;
	uint64_t keep = t->start;
	if (t->next_seq - t->first_seq > TAIL_KEEP_EVENTS)
		keep = t->offsets[(t->next_seq - TAIL_KEEP_EVENTS) & (t->n_offsets - 1)];
	uint64_t slowest = r->sweep_next ? r->pass_keep : r->pass_head;
	if (!list_empty(&r->in_sweep) && slowest < keep)
		keep = slowest > t->start ? slowest : t->start;
	if (room_tail_fits(t, n, keep))
		return;
	uint32_t wanted = t->cap * 2;
	bool must = n > t->cap;
	if (must)
		for (wanted = t->cap ? t->cap : ROOM_TAIL_LEAST; wanted < 2 * n;)
			wanted *= 2;
	if (!must && wanted > most)
		return; /* the oldest go; a reader that lacks them reads on from the log */
	room_tail_grow(t, wanted);
}

static void note_tail_use(struct room *r)
{
	if (r->tail.cap <= ROOM_TAIL_LEAST)
		return;
	r->tail_used_ms = loop_now_ms(r->rooms->loop);
	list_remove(&r->in_long_tails);
	list_append(&r->rooms->long_tails, &r->in_long_tails);
}

void room_forget_quiet_tails(struct rooms *rooms, uint64_t quiet_ms)
{
	uint64_t now = loop_now_ms(rooms->loop);
	list_for_each_safe(it, &rooms->long_tails) {
		struct room *r = list_entry(it, struct room, in_long_tails);
		if (now - r->tail_used_ms < quiet_ms)
			break;
		if (!list_empty(&r->in_sweep))
			continue;
		list_remove(&r->in_long_tails);
		room_tail_empty(&r->tail); /* a reader that lacks some of it reads on from the log */
	}
}

void room_end_waits(struct room *r, uint64_t up_to_seq)
{
	list_for_each_safe(it, &r->waiting) {
		struct room_wait *w = list_entry(it, struct room_wait, in_room);
		if (w->seq > up_to_seq)
			continue;
		list_remove(&w->in_room);
		w->then(w);
	}
}

static void await(struct room *r, struct room_wait *w)
{
	list_init(&w->in_room);
	if (w->seq <= r->feed.last_seq || (w->ends_when_away && r->rooms->store->is_away)) {
		w->then(w);
		return;
	}
	list_append(&r->waiting, &w->in_room);
	room_hole_hurry(r);
}

void room_await(struct room *r, uint64_t seq, struct room_wait *w, void (*then)(struct room_wait *w))
{
	*w = (struct room_wait){.seq = seq, .then = then};
	await(r, w);
}

void room_await_or_away(struct room *r, uint64_t seq, struct room_wait *w, void (*then)(struct room_wait *w))
{
	*w = (struct room_wait){.seq = seq, .ends_when_away = true, .then = then};
	await(r, w);
}

void room_end_waits_of_away(struct room *r)
{
	list_for_each_safe(it, &r->waiting) {
		struct room_wait *w = list_entry(it, struct room_wait, in_room);
		if (!w->ends_when_away)
			continue;
		list_remove(&w->in_room);
		w->then(w);
	}
}

/* Takes an event from the feed, in order: into the tail, then into what is known, and the room is swept. The tail comes first, so that a new member's reader
 * begins after the joining. */
static void room_out(void *arg, struct event *e)
{
	struct room *r = arg;
	r->n_messages = e->n_messages;
	make_room(r, e->frame_bytes);
	room_tail_append(&r->tail, e->seq, e->frame, e->frame_bytes);
	note_tail_use(r);
	r->rooms->applied(r, e);
	event_free(e);
	room_sweep_want(r);
	if (!list_empty(&r->waiting))
		room_end_waits(r, r->feed.last_seq);
}

void room_offer(struct room *r, struct event *e)
{
	if (e)
		room_feed_offer(&r->feed, e);
}

void room_hear(struct room *r, struct event *e)
{
	room_feed_hear(&r->feed, e);
}

void room_follow(struct room *r)
{
	list_append(&r->rooms->followed, &r->in_followed);
	if (r->rooms->follows)
		r->rooms->follows(r, true);
}

void room_unfollow(struct room *r)
{
	list_remove(&r->in_followed);
	if (r->rooms->follows)
		r->rooms->follows(r, false);
}

void room_pass_on(struct room *r, const void *json, size_t n)
{
	uint8_t frame_header[WS_FRAME_HEADER_MAX];
	size_t header = ws_frame_text_header(frame_header, n);
	struct room_tail *t = &r->tail;
	/* Under pressure these are dropped first: when the readers being swept are a quarter of the tail behind, or there are none. */
	bool pressed = r->sweep_next && t->head - r->pass_keep > r->rooms->config.room_tail_bytes / 4;
	if (pressed || r->n_readers == 0)
		return;
	struct buf *b = &r->rooms->scratch;
	buf_clear(b);
	buf_append(b, frame_header, header);
	buf_append(b, json, n);
	make_room(r, b->len);
	room_tail_append(t, 0, b->data, b->len);
	note_tail_use(r);
	room_sweep_want(r);
}

void room_pass(struct room *r, uint64_t seq)
{
	room_tail_skip(&r->tail, seq + 1);
	room_feed_skip(&r->feed, seq);
}
