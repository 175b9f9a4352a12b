#include "command/stream/stream_start.h"

#include "command/answer.h"
#include "command/http_call.h"
#include "command/room_lookup.h"
#include "room/reader.h"
#include "room/stream_cursor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refuse(struct session *s, enum wire_error error, const char *message)
{
	struct answer a = {.chat = s->chat, .session_id = s->id};
	answer_error(&a, error, message, 0);
}

/* Cuts the epoch off "…@<epoch>". True when it is not the store's; cursors without an epoch are trusted. */
static bool cut_foreign_epoch(const struct chat *c, struct http_call *h)
{
	char *at = h->cursors ? strchr(h->cursors, '@') : NULL;
	if (!at)
		return false;
	*at++ = '\0';
	return !chat_epoch_is(c, (struct text){at, strlen(at)});
}

static struct room_ref ref_of(const struct text *t)
{
	struct room_ref ref = {.given = true, .name = *t};
	ref.is_id = uid_parse(t->s, t->n, &ref.id);
	return ref;
}

/* The caller's membership in each room of the stream, or NULL when the request was refused. */
static struct member **members_of_stream(struct session *s)
{
	const struct http_call *h = http_call_of(s);
	struct member **members = mem_zalloc((h->n_rooms + 1) * sizeof(struct member *));
	char message[100];
	for (size_t i = 0; i < h->n_rooms; i++) {
		struct room_ref ref = ref_of(&h->rooms[i]);
		uint64_t seq;
		members[i] = room_lookup_member(s->user, &ref);
		if (!members[i]) {
			/* The message does not repeat what was asked for, which may not be UTF-8. */
			snprintf(message, sizeof(message), "room: you are not a member of room %zu of %zu; join it first", i + 1,
				 h->n_rooms);
			refuse(s, WIRE_NOT_FOUND, message);
		} else if (stream_cursor_find(h->cursors, &members[i]->room->id, h->n_rooms == 1, &seq) < 0) {
			refuse(s, WIRE_INVALID_REQUEST, "Last-Event-ID or after: must be a seq (one room) or <room id>:<seq>,…@<epoch>");
		} else {
			continue;
		}
		free(members);
		return NULL;
	}
	return members;
}

void stream_start(struct session *s)
{
	struct http_call *h = http_call_of(s);
	if (h->n_rooms == 0) {
		refuse(s, WIRE_INVALID_REQUEST, "room: required");
		return;
	}
	if (h->n_rooms > s->chat->config.limits.stream_rooms) {
		refuse(s, WIRE_LIMIT_REACHED, "room: more rooms than limit stream_rooms");
		return;
	}
	bool restored = cut_foreign_epoch(s->chat, h);
	struct member **members = members_of_stream(s);
	if (!members)
		return;
	for (size_t i = 0; i < h->n_rooms; i++) {
		struct room *r = members[i]->room;
		uint64_t seq = r->feed.last_seq;
		if (reader_of(&s->follower, r))
			continue; /* named twice */
		bool named = stream_cursor_find(h->cursors, &r->id, h->n_rooms == 1, &seq) == 1;
		reader_attach(&s->follower, r, &members[i]->readers, named && restored ? READER_SEQ_RESTORED : seq + 1);
	}
	free(members);
	http_call_end(s);
	auto_buf first = BUF_INIT;
	reader_stream_place(&s->follower, &first);
	conn_start_stream(s->follower.conn, first.data, first.len);
}
