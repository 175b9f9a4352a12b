#include "room/follower.h"

#include "base/clock.h"
#include "room/reader.h"

void follower_init(struct follower *f, struct rooms *rooms, struct conn *conn, enum transport transport)
{
	f->rooms = rooms;
	f->conn = conn;
	f->transport = transport;
	list_init(&f->readers);
	list_init(&f->in_log_wait);
}

void follower_finish(struct follower *f)
{
	f->conn = NULL;
	list_for_each_safe(it, &f->readers) {
		reader_detach(list_entry(it, struct reader, in_follower));
	}
	list_remove(&f->in_log_wait);
}

void follower_writable(struct follower *f)
{
	if (f->starting)
		return;
	list_for_each(it, &f->readers) {
		struct reader *reader = list_entry(it, struct reader, in_follower);
		if (reader->place == READER_IN_TAIL && reader->offset == reader->room->tail.head)
			continue;
		if (!conn_writable(f->conn)) {
			/* The next turn begins with this reader. */
			list_remove(&f->readers);
			list_insert_before(it, &f->readers);
			conn_want_writable(f->conn);
			return;
		}
		reader_serve(reader);
	}
}

void follower_tell(struct follower *f, const void *json, size_t n)
{
	if (f->transport == TRANSPORT_STREAM) {
		if (conn_writable(f->conn))
			reader_stream_event(f, json, n);
	} else if (f->transport == TRANSPORT_WEBSOCKET) {
		conn_tell(f->conn, json, n);
	}
}

void follower_tell_event(struct follower *f, enum event_type type, const struct uid *room, const void *data, size_t n)
{
	auto_buf json = BUF_INIT;
	event_encode(&json, type, NULL, clock_wall_ms(), room, 0, data, n);
	follower_tell(f, json.data, json.len);
}
