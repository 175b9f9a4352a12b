/*
 * A follower: one connection that reads rooms, with one reader for each. It is part of its owner's session, which says when it begins and ends.
 */
#ifndef PARLEY_ROOM_FOLLOWER_H
#define PARLEY_ROOM_FOLLOWER_H

#include "room/room_state.h"

/* The memory must be zeroed. */
void follower_init(struct follower *f, struct rooms *rooms, struct conn *conn, enum transport transport);
/* The connection is gone: no conn_* call follows. Its readers leave. */
void follower_finish(struct follower *f);
/* The socket takes more: writes what the readers lack. */
void follower_writable(struct follower *f);
/* Writes an event that is not remembered to this connection alone: n bytes of JSON, through the outbox. Writes nothing on an HTTP request, and on an event stream
 * only when it takes something now. */
void follower_tell(struct follower *f, const void *json, size_t n);
/* The same for an event that is encoded here; room NULL: none; `data` is an encoded object. */
void follower_tell_event(struct follower *f, enum event_type type, const struct uid *room, const void *data, size_t n);

#endif
