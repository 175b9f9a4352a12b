/*
 * One HTTP request and its answer: from LWS_CALLBACK_HTTP until the answer was written. A connection has at most one; while it waits for its answer
 * the connection is not read from, so that pipelined requests keep their order. Private to net/.
 *
 * Requests sent ahead (pipelined) are served in order, except for one: a POST with a body that the library has kept for later. Both versions would give us
 * its own head as its body, or never return (the loop at the end of lws_http_action()). It is refused, `retryable`, and the connection closed. 4.3.5 moreover
 * takes what follows a body for more of it: the connection is closed after that answer.
 *
 * The response gathers in conn.out and is written by http_exchange_write() in one piece; what the socket does not take the library keeps.
 */
#ifndef PARLEY_NET_HTTP_EXCHANGE_H
#define PARLEY_NET_HTTP_EXCHANGE_H

#include "codec/request_decode.h"
#include "net/conn.h"
#include "net/credentials.h"
#include "net/http_head.h"

struct http_exchange {
	struct conn *conn;
	struct list probe_link; /* net_server.probe_waiters, or of its own */
	enum http_method method;
	enum command command;   /* http_api.c */
	int64_t content_length; /* HTTP_NO_LENGTH: none */
	struct buf body;
	size_t body_read; /* of content_length, kept or not */
	char *token;      /* or NULL */
	bool token_is_cookie;
	bool cookie_is_secure;
	bool sets_cookie;
	char cookie[TOKEN_BYTES_MAX]; /* "" deletes it */
	bool awaits_body;             /* the answer may be written only when the body was read */
	bool is_refused;              /* the answer is made; a body that comes is dropped */
	bool is_lingering;            /* the answer was written; the rest of the body is dropped for a moment */
	bool is_ready;                /* the answer is in conn.out */
	bool is_written;              /* the library has the answer, and holds some of it back */
};

/* From the head of a request. The callback's answer: 0, or -1 to close. */
int http_exchange_begin(struct conn *c);
int http_exchange_body(struct conn *c, const uint8_t *bytes, size_t n);
int http_exchange_body_complete(struct conn *c);
/* The answer is in conn.out: written at the end of the turn (or of the callback), once the body was read. */
void http_exchange_ready(struct conn *c);
/* A refusal as the answer. */
void http_exchange_refuse(struct conn *c, enum wire_error code, int status, const char *message, const char *headers);
/* The chat's answer (conn_append). */
void http_exchange_reply(struct conn *c, const void *json, size_t n, enum wire_error code, uint32_t retry_after_ms);
/* The end of the turn. */
void http_exchange_flush(struct conn *c);
/* The socket took what the library held back. The callback's answer. */
int http_exchange_writable(struct conn *c);
/* Stops reading until the answer is written. */
void http_exchange_wait(struct conn *c);
void http_exchange_free(struct conn *c); /* nothing when there is none */

#endif
