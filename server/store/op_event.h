/*
 * The operations about the log of a room: an event more, and a page of it. store_op.h tells what holds for all operations.
 */
#ifndef PARLEY_STORE_OP_EVENT_H
#define PARLEY_STORE_OP_EVENT_H

#include "store/store_op.h"

/* STORE_APPEND: one remembered event. -ENOENT: no such room, or target_seq names no message of it. With a message its author's read mark moves to it
 * (a repeated one moves nothing), where the author is a member: to event->seq, with event->n_messages.
 * message.edited and message.deleted change the message that target_seq names. -EACCES: another user wrote it; a deletion may be of any message with `rules`.
 * -ENOENT as well: an edit of a message that was deleted. A message that was deleted is not deleted again: duplicate, with the first deletion's id, seq and timestamp.
 * With a client_id that this author used before: result 0, duplicate true, event NULL, and the first one's room_of_first/seq/id/timestamp. */
struct store_append {
	struct store_op op;
	uint64_t room_no, author_no;
	enum event_type type;
	struct buf data; /* the event's `data`, an encoded JSON object */
	bool has_client_id;
	struct uid client_id;
	uint64_t target_seq; /* the message that it answers or changes; 0: none */
	bool rules;          /* the author may delete what others wrote */
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
 * The seqs of a page are contiguous: it ends before one that cannot be read. -EBADMSG: it would begin with one. -EACCES: member_no is no member of the room.
 * with_changes: beside them, of each message of the page that was edited or deleted, the newest event that did so, wherever in the log it is, by the seqs of the messages;
 * target_seq names the message. They count among the bytes of the page. One that cannot be read is left out. */
struct store_log_page {
	struct store_op op;
	uint64_t room_no;
	uint64_t member_no;             /* 0: it is not looked whether somebody is a member */
	uint64_t after_seq, before_seq; /* before_seq 0: no upper end */
	uint64_t limit, limit_bytes;
	bool newest;
	bool with_changes;
	/* out */
	struct event **events; /* owned by the caller, the array too */
	size_t n_events;
	struct event **changes; /* the same */
	size_t n_changes;
	bool more;                         /* there are more in the direction of reading */
	uint64_t last_seq;                 /* of the room */
	uint64_t damaged_from, damaged_to; /* of -EBADMSG: the seqs that cannot be read; 0: not known, the room itself cannot be */
};
STORE_OP(log_page, READ, OWNS, NO_ROOM);
static inline void store_events_finish(struct event ***events, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		event_free((*events)[i]);
	free(*events);
	*events = NULL;
	*n = 0;
}
static inline void store_log_page_finish(struct store_log_page *op)
{
	store_events_finish(&op->events, &op->n_events);
	store_events_finish(&op->changes, &op->n_changes);
}

#endif
