#include "chat/personal_event.h"

#include "base/clock.h"
#include "chat/reader.h"

void personal_event_tell(struct session *s, enum event_type type, const struct uid *room, const void *data, size_t n)
{
	auto_buf json = BUF_INIT;
	event_encode(&json, type, NULL, clock_wall_ms(), room, 0, data, n);
	if (s->transport == TRANSPORT_STREAM) {
		if (conn_writable(s->conn))
			reader_stream_event(s, json.data, json.len);
	} else if (s->transport == TRANSPORT_WEBSOCKET) {
		conn_tell(s->conn, json.data, json.len);
	}
}

void personal_event_tell_user(struct user *u, const struct session *except, enum event_type type, const struct uid *room, const void *data,
			      size_t n)
{
	list_for_each(it, &u->sessions) {
		struct session *s = list_entry(it, struct session, in_user);
		if (s != except)
			personal_event_tell(s, type, room, data, n);
	}
}

void personal_event_gap(struct reader *reader, uint64_t from, uint64_t to, const char *reason)
{
	struct session *s = reader->session;
	auto_buf data = BUF_INIT;
	buf_appendf(&data, "{\"from\":%llu,\"to\":%llu,\"reason\":\"%s\"}", (unsigned long long)from, (unsigned long long)to, reason);
	metric_add(&s->chat->metrics->gaps_total, 1);
	personal_event_tell(s, EVENT_ROOM_GAP, &reader->room->id, data.data, data.len);
}
