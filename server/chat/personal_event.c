#include "chat/personal_event.h"

#include "base/clock.h"
#include "room/reader.h"

void personal_event_send(struct session *s, const void *json, size_t n)
{
	if (s->transport == TRANSPORT_STREAM) {
		if (conn_writable(s->conn))
			reader_stream_event(s, json, n);
	} else if (s->transport == TRANSPORT_WEBSOCKET) {
		conn_tell(s->conn, json, n);
	}
}

void personal_event_tell(struct session *s, enum event_type type, const struct uid *room, const void *data, size_t n)
{
	auto_buf json = BUF_INIT;
	event_encode(&json, type, NULL, clock_wall_ms(), room, 0, data, n);
	personal_event_send(s, json.data, json.len);
}

void personal_event_gap(struct reader *reader, uint64_t from, uint64_t to, const char *reason)
{
	struct session *s = reader->session;
	auto_buf data = BUF_INIT;
	buf_appendf(&data, "{\"from\":%llu,\"to\":%llu,\"reason\":\"%s\"}", (unsigned long long)from, (unsigned long long)to, reason);
	metric_add(&s->chat->metrics->gaps_total, 1);
	personal_event_tell(s, EVENT_ROOM_GAP, &reader->room->id, data.data, data.len);
}
