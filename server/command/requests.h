/*
 * What the transports hand in for a session: frames, requests, the start of a stream. The answers come through room/conn_port.h. Loop thread only.
 */
#ifndef PARLEY_COMMAND_REQUESTS_H
#define PARLEY_COMMAND_REQUESTS_H

#include "chat/chat.h"

/* One whole frame of a WebSocket. */
void session_frame(struct session *s, const uint8_t *bytes, size_t n);
/* The one request of an HTTP session; the reply comes through conn_append(), now or later. */
void session_http_request(struct session *s, enum command command, const uint8_t *body, size_t n);
/* The start of an event stream. rooms: ids or names. cursors: NULL, or what Last-Event-ID / ?after= said (PROTOCOL.md). A refusal comes through conn_append();
 * otherwise conn_start_stream() and events follow. */
void session_stream_request(struct session *s, const struct text *rooms, size_t n_rooms, struct text last_event_id);

/* Which consumer is streamed. */
struct consumer_stream_request {
	struct text consumer, worker; /* worker.s NULL: it has no name */
	bool acknowledges;            /* what came to this worker, up to last_event_id */
	struct text last_event_id;    /* s NULL: none */
};

/* The same of what a consumer hands out. */
void session_consumer_stream_request(struct session *s, const struct consumer_stream_request *request);

#endif
