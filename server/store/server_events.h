/*
 * Server-wide events: who has an account now, which rooms there are and what they are called. They are the log of a room like any other in the database, with a fixed number: private, without
 * a name and without members, so that no command finds it. The operation that does the thing writes its event there in its own transaction. Subscriptions of the server's owners
 * read it (op_subscription.h). Nobody follows it.
 *
 * An event of it has no `room`: it concerns the server. Its seq counts in this log. `data` is that of the room's own event with the room's id as `room`, or the user.
 *
 * Only what has a name of its own is told of: persons and bots. Guests come and go with each visitor, and hooks are listed with their rooms.
 *
 * Where the place of the next one is damaged, none is written any more, and what people do goes on: the store notes it, as for any room.
 *
 * Where others write too, the log is locked behind all rooms and accounts that a transaction waits for, and before the server's own log (notices.h).
 *
 * Pure; any thread.
 */
#ifndef PARLEY_STORE_SERVER_EVENTS_H
#define PARLEY_STORE_SERVER_EVENTS_H

#include "store/notices.h"

/* The numbers of people's rooms end before it: migration/006 and the SQL of store/work/ say so. */
#define SERVER_EVENTS_ROOM_NO (SERVER_LOG_ROOM_NO - 1)
#define SERVER_EVENTS_ROOM_NO_SQL "134217725"

/* Whether no command may find the room. */
static inline bool room_no_is_hidden(uint64_t room_no)
{
	return room_no >= SERVER_EVENTS_ROOM_NO;
}

/* Before it is done: whether it may have one. */
bool op_may_have_server_event(const struct store_op *op);

struct server_event {
	enum event_type type;
	uint64_t author_no;
	struct buf data; /* the caller's */
};
/* When it is done, with result 0 and its events not yet handed on: its server-wide event. False: it has none. */
bool op_server_event(const struct store_op *op, struct server_event *out);

#endif
