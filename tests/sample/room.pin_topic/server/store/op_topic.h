/*
 * The operation about what is pinned on a room. store_op.h tells what holds for all operations.
 */
#ifndef PARLEY_STORE_OP_TOPIC_H
#define PARLEY_STORE_OP_TOPIC_H

#include "store/store_op.h"

/* STORE_ROOM_PIN_TOPIC: pins a text, with a topic.pinned event (data given). -ENOENT: no room. A text that is pinned already: result 0, event NULL. */
struct store_room_pin_topic {
	struct store_op op;
	uint64_t room_no, user_no;
	struct text text;
	struct buf data;
	uint64_t seq;        /* out: of the event that pinned it */
	struct event *event; /* out */
};
STORE_OP(room_pin_topic, WRITE, OWNS, ROOM, data);
static inline void store_room_pin_topic_finish(struct store_room_pin_topic *op)
{
	event_drop(&op->event);
}

#endif
