/*
 * The operations about the log of a room: an event more, and a page of it. store_op.h tells what holds for all operations.
 */
#ifndef PARLEY_STORE_OP_EVENT_H
#define PARLEY_STORE_OP_EVENT_H

#include "store/store_op.h"

/* STORE_APPEND: one remembered event. -ENOENT: no such room, or reply_to names no message of it. With a message its author's read mark moves to it
 * (a repeated one moves nothing), where the author is a member: to event->seq, with event->n_messages.
 * With a client_id that this author used before: result 0, duplicate true, event NULL, and the first one's room_of_first/seq/id/timestamp. */
struct store_append {
	struct store_op op;
	uint64_t room_no, author_no;
	enum event_type type;
	struct buf data; /* the event's `data`, an encoded JSON object */
	bool has_client_id;
	struct uid client_id;
	uint64_t reply_to; /* 0: none */
	/* out */
	bool duplicate;
	struct uid room_of_first, id;
	uint64_t seq;
	int64_t timestamp_ms;
	struct event *event;
};
STORE_OP(append, WRITE, OWNS, ROOM, data);
static inline void store_append_finish(struct store_append *op)
{
	event_drop(&op->event);
	op->duplicate = false;
}

/* STORE_LOG_PAGE: remembered events of a room in ascending order: after_seq < seq < before_seq. Of more than `limit` events or
 * `limit_bytes` of JSON (0: none; at least one event is given) the lowest are returned, or with `newest` the highest.
 * The seqs of a page are contiguous: it ends before one that cannot be read. -EBADMSG: it would begin with one. */
struct store_log_page {
	struct store_op op;
	uint64_t room_no;
	uint64_t after_seq, before_seq; /* before_seq 0: no upper end */
	uint64_t limit, limit_bytes;
	bool newest;
	/* out */
	struct event **events; /* owned by the caller, the array too */
	size_t n_events;
	bool more;                         /* there are more in the direction of reading */
	uint64_t damaged_from, damaged_to; /* of -EBADMSG: the seqs that cannot be read; 0: not known, the room itself cannot be */
};
STORE_OP(log_page, READ, OWNS, NO_ROOM);
static inline void store_log_page_finish(struct store_log_page *op)
{
	for (size_t i = 0; i < op->n_events; i++)
		event_free(op->events[i]);
	free(op->events);
	op->events = NULL;
	op->n_events = 0;
}

#endif
