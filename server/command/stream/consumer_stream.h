/*
 * An event stream of what a consumer hands out: consumer.read (command/consumer/handle_consumer_read.c), again and again, as server-sent events. The next events are read when the connection has
 * taken the ones before, so a client that does not read costs one page. It ends when the consumer or the token is gone, and with the session.
 *
 * Owned by its session, as session_call. Loop thread only.
 */
#ifndef PARLEY_COMMAND_STREAM_CONSUMER_STREAM_H
#define PARLEY_COMMAND_STREAM_CONSUMER_STREAM_H

#include "command/wait_store.h"

struct consumer_stream;

/* In place of the session's call, which has ended: a consumer.read of the session goes into the stream from now on. up_to: the delivery up to which its worker has done its events; 0: none. */
void consumer_stream_start(struct session *s, uint64_t up_to);
/* The stream of the session; NULL: it has none, or it is of rooms. */
struct consumer_stream *consumer_stream_of(const struct session *s);
/* The delivery that is to be acknowledged first; 0 from the second call on. */
uint64_t consumer_stream_take_done(struct consumer_stream *stream);
/* Appends an event, which goes out with consumer_stream_send(). */
void consumer_stream_add(struct consumer_stream *stream, const struct event *e, uint64_t delivery, uint64_t tries);
/* Begins the response, unless it has begun. */
void consumer_stream_begin(struct consumer_stream *stream);
/* Goes on with then() when all that was appended has gone out. */
void consumer_stream_send(struct consumer_stream *stream, struct wait *w, wait_done *then);
/* The reading has ended: so does a response that has begun. */
void consumer_stream_end(struct consumer_stream *stream);

#endif
