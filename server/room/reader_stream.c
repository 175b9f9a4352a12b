/*
 * Server-sent events (WHATWG HTML, section 9.2): the same frames as for a WebSocket, in the form of the stream. The id of an event names the cursors of all rooms of
 * the stream and their epoch, so Last-Event-ID alone resumes it.
 */
#include "room/reader.h"

#include "codec/ws_frame.h"

#include <assert.h>
#include <string.h>

/* `current` (NULL: none) is at seq; each other reader is at the last event it was given. */
static void append_cursors(struct buf *b, const struct follower *f, const struct reader *current, uint64_t seq)
{
	const struct list *readers = &f->readers;
	list_for_each(it, readers) {
		const struct reader *other = list_entry(it, struct reader, in_follower);
		char id[UID_TEXT_BYTES + 1];
		uid_format(&other->room->id, id);
		if (it != readers->next)
			buf_append_byte(b, ',');
		buf_append(b, id, UID_TEXT_BYTES);
		buf_append_byte(b, ':');
		buf_append_u64(b, other == current ? seq : other->next_seq - 1);
	}
	buf_append_byte(b, '@');
	buf_append_str(b, f->rooms->epoch);
}

/* The `type` of our own encoding: {"type":"…", always first. */
static void append_type(struct buf *b, const uint8_t *json, size_t n)
{
	static const char head[] = "{\"type\":\"";
	size_t at = sizeof(head) - 1;
	assert(n > at && memcmp(json, head, at) == 0);
	const uint8_t *end = memchr(json + at, '"', n - at);
	assert(end);
	buf_append(b, json + at, (size_t)(end - json) - at);
}

static void append_event(struct buf *b, const uint8_t *json, size_t n)
{
	buf_append_str(b, "event: ");
	append_type(b, json, n);
	buf_append_str(b, "\ndata: ");
	buf_append(b, json, n); /* one line: our encoding has no line breaks */
	buf_append_str(b, "\n\n");
}

/* Remembered events carry `"seq":` directly behind the head; the others have none. The encoding is our own, so the search is exact. */
static bool is_remembered(const uint8_t *json, size_t n)
{
	static const char id_member[] = "\",\"id\":\"";
	const uint8_t *end = memchr(json + 9, '"', n - 9);
	return end && (size_t)(json + n - end) > sizeof(id_member) && memcmp(end, id_member, sizeof(id_member) - 1) == 0;
}

/* The id beside an event takes about 60 bytes for each room of the stream; the event itself takes at least about 250. */
size_t reader_write_bytes(const struct follower *f)
{
	size_t n_rooms = 0;
	uint32_t most = f->rooms->config.write_bytes;
	if (f->transport != TRANSPORT_STREAM)
		return most;
	list_for_each(it, &f->readers) {
		n_rooms++;
	}
	return most / (2 + n_rooms / 4) + 1;
}

void reader_stream_frames(struct reader *reader, const uint8_t *frames, size_t n)
{
	struct buf *b = &reader->room->rooms->stream_scratch;
	buf_clear(b);
	uint64_t seq = reader->next_seq;
	for (size_t at = 0; at < n;) {
		struct ws_frame f;
		int whole = ws_frame_read_header(frames + at, n - at, &f);
		assert(whole == 1);
		const uint8_t *json = frames + at + f.header_bytes;
		if (is_remembered(json, f.payload_bytes)) {
			buf_append_str(b, "id: ");
			append_cursors(b, reader->follower, reader, seq++);
			buf_append_byte(b, '\n');
		}
		append_event(b, json, f.payload_bytes);
		at += f.header_bytes + f.payload_bytes;
	}
	conn_write(reader->follower->conn, b->data, b->len);
}

void reader_stream_place(const struct follower *f, struct buf *out)
{
	buf_append_str(out, ": ok\n\nid: ");
	append_cursors(out, f, NULL, 0);
	buf_append_str(out, "\n\n");
}

void reader_stream_event(struct follower *f, const void *json, size_t n)
{
	struct buf *b = &f->rooms->stream_scratch;
	buf_clear(b);
	append_event(b, json, n);
	conn_write(f->conn, b->data, b->len);
}
