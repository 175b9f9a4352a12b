/*
 * Does in the client what room_feed does in the server. An event at cursor+1 is handed over. One at or below the cursor is dropped. For one beyond it, the
 * hole is read first.
 */
#include "client/parley_follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_EVENTS = 200 };

static void read_on(struct parley_follow *f);

static void hand_over(struct parley_follow *f, const struct parley_event *event)
{
	f->cursor = event->seq;
	f->on_event(f->arg, event);
}

static void take_page(void *arg, json_t *reply)
{
	struct parley_follow *f = arg;
	json_t *data = parley_reply_data(reply), *events = json_object_get(data, "events"), *event;
	size_t i;

	f->reading = false;
	if (f->outdated) {
		f->outdated = false;
		read_on(f);
		return;
	}
	if (!parley_reply_ok(reply)) {
		(void)snprintf(f->fault, sizeof f->fault, "%s (%s)", parley_reply_message(reply), parley_reply_code(reply));
		return;
	}
	json_array_foreach(events, i, event) {
		struct parley_event e = {.json = event, .room = f->room};
		e.type = json_string_value(json_object_get(event, "type"));
		e.seq = (uint64_t)json_integer_value(json_object_get(event, "seq"));
		if (e.type == NULL || e.seq <= f->cursor)
			continue;
		char *text = json_dumps(event, JSON_COMPACT);
		e.text = text;
		e.n = text == NULL ? 0 : strlen(text);
		if (text != NULL)
			hand_over(f, &e);
		free(text);
	}
	/* Live events that arrived while the page was read were dropped as too new, so reading goes on to the end. */
	if (json_array_size(events) > 0 && (uint64_t)json_integer_value(json_object_get(data, "last_seq")) > f->cursor)
		read_on(f);
}

static void read_on(struct parley_follow *f)
{
	if (f->reading || f->fault[0] != '\0')
		return;
	f->reading = true;
	json_t *data = json_pack("{s:s, s:I, s:i}", "room", f->room, "after", (json_int_t)f->cursor, "limit", PAGE_EVENTS);
	parley_client_request(f->client, "history.read", data, take_page, f);
}

void parley_follow_init(struct parley_follow *f, struct parley_client *client, const char *room, uint64_t cursor, bool behind,
			void (*on_event)(void *arg, const struct parley_event *event), void *arg)
{
	*f = (struct parley_follow){.client = client, .cursor = cursor, .on_event = on_event, .arg = arg};
	(void)snprintf(f->room, sizeof f->room, "%s", room);
	if (behind)
		read_on(f);
}

/* The next events cannot be read: the history does not have them either. */
static bool is_damage_next(const struct parley_follow *f, const struct parley_event *gap)
{
	const json_t *data = json_object_get(gap->json, "data");
	const char *reason = json_string_value(json_object_get(data, "reason"));

	return reason != NULL && strcmp(reason, "damaged") == 0 &&
	       (uint64_t)json_integer_value(json_object_get(data, "from")) == f->cursor + 1;
}

static void take_gap(struct parley_follow *f, const struct parley_event *event)
{
	if (!parley_gap_is_void(event) && !is_damage_next(f, event)) {
		read_on(f);
		return;
	}
	f->cursor = (uint64_t)json_integer_value(json_object_get(json_object_get(event->json, "data"), "to"));
	f->outdated = f->reading;
	f->on_event(f->arg, event);
}

static void end_membership(struct parley_follow *f)
{
	(void)snprintf(f->fault, sizeof f->fault, "this account is no longer a member of the room");
}

void parley_follow_resume(struct parley_follow *f)
{
	json_t *rooms = json_object_get(parley_client_session(f->client), "rooms"), *room;
	size_t i;

	json_array_foreach(rooms, i, room) {
		const char *id = json_string_value(json_object_get(room, "id"));
		if (id != NULL && strcmp(id, f->room) == 0)
			return;
	}
	end_membership(f);
}

void parley_follow_take(struct parley_follow *f, const struct parley_event *event)
{
	if (event->room == NULL || strcmp(event->room, f->room) != 0)
		return;
	if (strcmp(event->type, "room.gap") == 0)
		take_gap(f, event);
	else if (strcmp(event->type, "room.removed") == 0)
		end_membership(f);
	else if (event->seq == 0)
		f->on_event(f->arg, event);
	else if (event->seq == f->cursor + 1)
		hand_over(f, event);
	else if (event->seq > f->cursor)
		read_on(f);
}
