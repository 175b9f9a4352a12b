/*
 * The places of a client in its rooms: for each room's id the last seq seen. This is what makes resume exact and repeated
 * events harmless. Owned by the client; one thread.
 */
#ifndef PARLEY_CLIENT_CURSORS_H
#define PARLEY_CLIENT_CURSORS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct client_cursors {
	json_t *by_room; /* object: room id → seq */
	char *epoch;     /* the server's, in which they hold; owned; NULL: it told none */
};

void client_cursors_init(struct client_cursors *c);
void client_cursors_finish(struct client_cursors *c);

void client_cursors_set(struct client_cursors *c, const char *room, uint64_t seq);
/* Sets it only when the room has none yet. */
void client_cursors_begin(struct client_cursors *c, const char *room, uint64_t seq);
void client_cursors_forget(struct client_cursors *c, const char *room);
/* After signing in, with the data of session.start's reply: keeps the cursors of its rooms, begins the new ones at their last_seq, and
 * forgets those of rooms that the user is no longer in. In another epoch than before the kept ones are void: beyond every end, so that
 * also a connection that is lost before the room.gap leads to one. */
void client_cursors_restart(struct client_cursors *c, const json_t *session);
/* Moves on to seq; false when it was seen before. */
bool client_cursors_advance(struct client_cursors *c, const char *room, uint64_t seq);
/* Adds `resume` and `epoch` to the data of session.start; nothing when there is nothing to resume. */
void client_cursors_resume(const struct client_cursors *c, json_t *data);

#endif
