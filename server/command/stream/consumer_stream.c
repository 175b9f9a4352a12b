#include "command/stream/consumer_stream.h"

#include "command/consumer/consumer.h"
#include "room/reader.h"

#include <stdlib.h>
#include <string.h>

struct consumer_stream {
	struct session_call call; /* first: the part that the session knows */
	struct session *session;
	uint64_t up_to;
	struct buf text;   /* to go out */
	struct wait *wait; /* paused until it has gone out; NULL: none is */
	wait_done *go_on;  /* then */
	bool has_begun;
};

static struct consumer_stream *of_call(struct session_call *call)
{
	return (struct consumer_stream *)(void *)call;
}

/* Whole events: to the first end of one behind what may be written at once. */
static size_t piece(const struct consumer_stream *stream)
{
	const struct buf *text = &stream->text;
	size_t most = reader_write_bytes(&stream->session->follower);
	if (text->len <= most)
		return text->len;
	const uint8_t *end = memmem(text->data + most, text->len - most, "\n\n", 2);
	return end ? (size_t)(end - text->data) + 2 : text->len;
}

static void resume(struct consumer_stream *stream)
{
	struct wait *w = stream->wait;
	stream->wait = NULL;
	wait_resume(w, stream->go_on);
}

/* Writes what the connection takes, and goes on when that is all. */
static void write_on(struct session_call *call)
{
	struct consumer_stream *stream = of_call(call);
	struct conn *conn = stream->session->follower.conn;
	while (stream->text.len > 0 && conn_writable(conn)) {
		size_t n = piece(stream);
		conn_write(conn, stream->text.data, n);
		buf_consume(&stream->text, n);
	}
	if (stream->text.len > 0)
		conn_want_writable(conn);
	else if (stream->wait)
		resume(stream);
}

static void ended(struct wait *w)
{
	(void)w;
}

static void drop(struct session_call *call)
{
	struct consumer_stream *stream = of_call(call);
	stream->go_on = ended;
	if (stream->wait)
		resume(stream);
	buf_finish(&stream->text);
	free(stream);
}

void consumer_stream_start(struct session *s, uint64_t up_to)
{
	struct consumer_stream *stream = mem_new(struct consumer_stream);
	stream->call = (struct session_call){.drop = drop, .writable = write_on};
	stream->session = s;
	stream->up_to = up_to;
	s->call = &stream->call;
}

struct consumer_stream *consumer_stream_of(const struct session *s)
{
	return s && s->call && s->call->drop == drop ? of_call(s->call) : NULL;
}

uint64_t consumer_stream_take_done(struct consumer_stream *stream)
{
	uint64_t up_to = stream->up_to;
	stream->up_to = 0;
	return up_to;
}

void consumer_stream_add(struct consumer_stream *stream, const struct event *e, uint64_t delivery, uint64_t tries)
{
	buf_appendf(&stream->text, "id: %llu\nevent: delivery\ndata: ", (unsigned long long)delivery);
	consumer_encode_event(&stream->text, e, delivery, tries, NULL);
	buf_append_str(&stream->text, "\n\n");
}

void consumer_stream_begin(struct consumer_stream *stream)
{
	static const char first[] = ": ok\n\n";
	if (!stream->has_begun)
		conn_start_stream(stream->session->follower.conn, (const uint8_t *)first, sizeof(first) - 1);
	stream->has_begun = true;
}

void consumer_stream_send(struct consumer_stream *stream, struct wait *w, wait_done *then)
{
	consumer_stream_begin(stream);
	stream->wait = w;
	stream->go_on = then;
	wait_pause(w);
	write_on(&stream->call);
}

void consumer_stream_end(struct consumer_stream *stream)
{
	if (stream->has_begun)
		conn_close(stream->session->follower.conn, CLOSE_DONE);
}
