#include "room/reader.h"

#include "room/follower.h"
#include "room/room.h"
#include "room/room_sweep.h"

#include <stdlib.h>

enum {
	GAP_PAGE_EVENTS = 50, /* the newest page that follows a room.gap */
	WRITES_AT_ONCE = 4,   /* for one reader, before others have their turn */
};

/* Stands for every cursor beyond the end. No room ever comes so far that this would become a valid place. */
static const uint64_t beyond_end = READER_SEQ_RESTORED - 1;

static void go_to_tail(struct reader *reader)
{
	if (reader->place == READER_IN_LOG)
		metric_change(&reader->room->rooms->metrics->readers_behind, -1);
	reader->place = READER_IN_TAIL;
	reader->offset = room_tail_offset_of(&reader->room->tail, reader->next_seq);
}

static void go_to_log(struct reader *reader)
{
	if (reader->place != READER_IN_LOG)
		metric_change(&reader->room->rooms->metrics->readers_behind, 1);
	reader->place = READER_IN_LOG;
}

void reader_tell_gap(struct reader *reader, uint64_t from, uint64_t to, const char *reason)
{
	auto_buf data = BUF_INIT;
	buf_appendf(&data, "{\"from\":%llu,\"to\":%llu,\"reason\":\"%s\"}", (unsigned long long)from, (unsigned long long)to, reason);
	metric_add(&reader->room->rooms->metrics->gaps_total, 1);
	follower_tell_event(reader->follower, EVENT_ROOM_GAP, &reader->room->id, data.data, data.len);
}

/* Tells the client what it will not get, and goes on with the newest page. */
static void jump(struct reader *reader, const char *reason)
{
	uint64_t last = reader->room->feed.last_seq;
	uint64_t to = last > GAP_PAGE_EVENTS ? last - GAP_PAGE_EVENTS : 0;
	uint64_t from = reader->next_seq <= last ? reader->next_seq : 1;
	reader_tell_gap(reader, from, to, reason);
	conn_want_writable(reader->follower->conn); /* the replies of this turn went out before the sweep */
	reader->next_seq = to + 1;
}

/* Decides where a reader goes on that is not in the tail, or not any more. */
static void settle(struct reader *reader)
{
	const struct room *r = reader->room;
	uint64_t last = r->feed.last_seq;
	uint64_t too_far = reader->room->rooms->config.resume_events;
	if (reader->next_seq > last + 1) {
		jump(reader, reader->next_seq == READER_SEQ_RESTORED ? "restored" : "beyond_end");
	} else if (!room_tail_has(&r->tail, reader->next_seq)) {
		uint64_t behind = last + 1 - reader->next_seq;
		if (reader->follower->on_gap == ON_GAP_SKIP && behind > GAP_PAGE_EVENTS)
			jump(reader, "skipped");
		else if (too_far && behind > too_far)
			jump(reader, "too_far");
	}
	if (room_tail_has(&r->tail, reader->next_seq))
		go_to_tail(reader);
	else
		go_to_log(reader);
}

struct reader *reader_attach(struct follower *f, struct room *r, struct list *group, uint64_t next_seq)
{
	struct reader *reader = mem_new(struct reader);
	reader->follower = f;
	reader->room = r;
	reader->next_seq = next_seq > r->feed.last_seq + 1 && next_seq != READER_SEQ_RESTORED ? beyond_end : next_seq;
	list_append(group, &reader->in_group);
	list_append(&r->readers, &reader->in_room);
	list_append(&f->readers, &reader->in_follower);
	if (r->n_readers++ == 0)
		room_follow(r);
	metric_change(&f->rooms->metrics->readers, 1);
	room_hold(r);
	if (room_tail_has(&r->tail, reader->next_seq))
		go_to_tail(reader);
	else
		go_to_log(reader); /* or a gap: decided when it is served */
	if (reader->place == READER_IN_LOG || reader->offset != r->tail.head)
		conn_want_writable(f->conn);
	return reader;
}

void reader_detach(struct reader *reader)
{
	if (!reader)
		return;
	struct metrics *m = reader->room->rooms->metrics;
	if (reader->place == READER_IN_LOG)
		metric_change(&m->readers_behind, -1);
	metric_change(&m->readers, -1);
	reader_log_forget(reader);
	room_sweep_forget(reader);
	list_remove(&reader->in_room);
	list_remove(&reader->in_follower);
	list_remove(&reader->in_group);
	if (--reader->room->n_readers == 0)
		room_unfollow(reader->room);
	room_release(reader->room);
	free(reader);
}

struct reader *reader_of(struct follower *f, const struct room *r)
{
	list_for_each(it, &f->readers) {
		struct reader *reader = list_entry(it, struct reader, in_follower);
		if (reader->room == r)
			return reader;
	}
	return NULL;
}

/* One write from the ring. */
static void write_from_tail(struct reader *reader)
{
	const struct room_tail *t = &reader->room->tail;
	struct follower *f = reader->follower;
	size_t n;
	const uint8_t *frames = room_tail_span(t, reader->offset, reader_write_bytes(f), &n);
	if (!frames)
		return;
	if (f->transport == TRANSPORT_STREAM)
		reader_stream_frames(reader, frames, n);
	else
		conn_write(f->conn, frames, n);
	reader->offset += n;
	uint64_t next = reader->offset == t->head ? t->next_seq : room_tail_seq_at(t, reader->offset);
	metric_add(&f->rooms->metrics->deliveries_total, next - reader->next_seq);
	reader->next_seq = next;
}

void reader_serve(struct reader *reader)
{
	struct follower *f = reader->follower;
	if (f->starting)
		return; /* its reply comes first */
	if (!conn_writable(f->conn)) {
		conn_want_writable(f->conn);
		return;
	}
	bool lost = reader->place == READER_IN_LOG ? !reader->log_read : reader->offset < reader->room->tail.start;
	if (lost)
		settle(reader);
	for (int i = 0; reader->place == READER_IN_TAIL && reader->offset != reader->room->tail.head; i++) {
		if (i == WRITES_AT_ONCE || !conn_writable(f->conn)) {
			conn_want_writable(f->conn);
			return;
		}
		write_from_tail(reader);
	}
	if (reader->place == READER_IN_LOG)
		reader_log_serve(reader);
}
