/*
 * The places of a client in its rooms: the last seq seen, by the room's id. With them a resume is exact and a repeated event is recognised. Owned by the
 * client; one thread.
 */
#ifndef PARLEY_CLIENT_CURSORS_H
#define PARLEY_CLIENT_CURSORS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct client_cursors {
	json_t *by_room; /* object: room id → seq */
	char *epoch;     /* the server's epoch to which they belong; owned; NULL: it told none */
};

void client_cursors_init(struct client_cursors *c);
void client_cursors_finish(struct client_cursors *c);

void client_cursors_set(struct client_cursors *c, const char *room, uint64_t seq);
/* Sets the cursor only when the room has none yet. */
void client_cursors_begin(struct client_cursors *c, const char *room, uint64_t seq);
void client_cursors_forget(struct client_cursors *c, const char *room);
/* Called after signing in, with the data of session.start's reply. Keeps the cursors of its rooms, begins new rooms at their last_seq, and removes the
 * cursors of rooms that the user has left. When the epoch has changed, the kept cursors are void: they are set beyond the end of every room. So a
 * connection that is lost before the room.gap gets a room.gap after the next start too. */
void client_cursors_restart(struct client_cursors *c, const json_t *session);
/* Moves the cursor to seq. Returns false when seq was seen before. */
bool client_cursors_advance(struct client_cursors *c, const char *room, uint64_t seq);
/* Adds `resume` and `epoch` to the data of session.start. Adds neither when there is nothing to resume. */
void client_cursors_resume(const struct client_cursors *c, json_t *data);

#endif
