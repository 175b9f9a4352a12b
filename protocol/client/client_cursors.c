/*
 * Keeps the cursors as the JSON object that session.start takes.
 */
#include "client/client_cursors.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const json_int_t void_seq = ((json_int_t)1 << 53) - 1; /* the largest seq of the protocol; no room reaches it */

void client_cursors_init(struct client_cursors *c)
{
	c->by_room = json_object();
	c->epoch = NULL;
	assert(c->by_room != NULL);
}

void client_cursors_finish(struct client_cursors *c)
{
	json_decref(c->by_room);
	c->by_room = NULL;
	free(c->epoch);
	c->epoch = NULL;
}

void client_cursors_set(struct client_cursors *c, const char *room, uint64_t seq)
{
	(void)json_object_set_new(c->by_room, room, json_integer((json_int_t)seq));
}

void client_cursors_begin(struct client_cursors *c, const char *room, uint64_t seq)
{
	if (json_object_get(c->by_room, room) == NULL)
		client_cursors_set(c, room, seq);
}

/* Takes the server's epoch. Returns true when the epoch before was another one. */
static bool take_epoch(struct client_cursors *c, const char *epoch)
{
	bool changed = c->epoch != NULL && epoch != NULL && strcmp(c->epoch, epoch) != 0;

	free(c->epoch);
	c->epoch = epoch == NULL ? NULL : strdup(epoch);
	return changed;
}

void client_cursors_forget(struct client_cursors *c, const char *room)
{
	(void)json_object_del(c->by_room, room);
}

void client_cursors_restart(struct client_cursors *c, const json_t *session)
{
	json_t *old = c->by_room, *rooms = json_object_get(session, "rooms"), *room;
	bool is_void = take_epoch(c, json_string_value(json_object_get(session, "epoch")));
	size_t i;

	c->by_room = json_object();
	assert(c->by_room != NULL);
	json_array_foreach(rooms, i, room) {
		const char *id = json_string_value(json_object_get(room, "id"));
		json_t *known = id == NULL ? NULL : json_object_get(old, id);
		if (known != NULL && is_void)
			(void)json_object_set_new(c->by_room, id, json_integer(void_seq));
		else if (known != NULL)
			(void)json_object_set(c->by_room, id, known);
		else if (id != NULL)
			client_cursors_set(c, id, (uint64_t)json_integer_value(json_object_get(room, "last_seq")));
	}
	json_decref(old);
}

bool client_cursors_advance(struct client_cursors *c, const char *room, uint64_t seq)
{
	json_t *last = json_object_get(c->by_room, room);

	if (last == NULL) {
		client_cursors_set(c, room, seq);
		return true;
	}
	if ((uint64_t)json_integer_value(last) >= seq)
		return false;
	(void)json_integer_set(last, (json_int_t)seq);
	return true;
}

void client_cursors_resume(const struct client_cursors *c, json_t *data)
{
	if (json_object_size(c->by_room) == 0)
		return;
	(void)json_object_set_new(data, "resume", json_deep_copy(c->by_room));
	if (c->epoch != NULL)
		(void)json_object_set_new(data, "epoch", json_string(c->epoch));
}
