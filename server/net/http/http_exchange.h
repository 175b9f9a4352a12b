/*
 * One HTTP request and its answer: from a whole head until the socket has taken the answer. A connection has at most one; while the answer is made and
 * written the connection is not read from, so pipelined requests are served one after the other. Private to net/.
 *
 * A connection is kept for the next request (RFC 9112 section 9.3) unless the client or the server wants no more. A request that is refused before it
 * is understood (its head, a body that is too large) is the last one of its connection: where the next one begins is not known.
 *
 * The response gathers in conn.out and is written in one piece; what the socket does not take the library keeps.
 */
#ifndef PARLEY_NET_HTTP_HTTP_EXCHANGE_H
#define PARLEY_NET_HTTP_HTTP_EXCHANGE_H

#include "codec/request_decode.h"
#include "net/conn/conn.h"
#include "net/http/credentials.h"
#include "net/http/http_request.h"

struct http_exchange {
	struct conn *conn;
	struct list probe_link; /* net_server.probe_waiters, or of its own */
	enum http_method method;
	enum command command; /* http_api.c */
	size_t body_left;     /* bytes that are still to come */
	struct buf body;
	char *token; /* or NULL */
	bool token_is_cookie;
	struct session_cookie cookie;
	bool sets_cookie;
	char new_token[TOKEN_BYTES_MAX]; /* "" deletes the cookie */
	bool expects_go_on;              /* 100-continue: the body comes when it was asked for */
	bool awaits_body;                /* the answer may be written only when the body was read */
	bool is_refused;                 /* the answer is made; a body that comes is dropped */
	bool is_ready;                   /* the answer is in conn.out, or with the library */
};

/* Takes a whole head, or some of the body, from the front of the bytes. How many bytes that were; 0: more is needed. */
size_t http_exchange_read(struct conn *c, const uint8_t *bytes, size_t n);
/* Whether a request was read and its answer is not out yet. */
bool http_exchange_answers(const struct conn *c);
/* What the request's session is to be opened with. */
void http_exchange_sign_in_with(struct http_exchange *e, const struct credentials *credentials);
/* The headers that set or delete the session cookie, where the chat wants that. */
void http_exchange_append_cookie(const struct http_exchange *e, struct buf *headers);
/* The answer is in conn.out: written at the end of the turn, once the body was read. */
void http_exchange_ready(struct conn *c);
/* A refusal as the answer. */
void http_exchange_refuse(struct conn *c, enum wire_error code, int status, const char *message, const char *headers);
/* The refusal of a page of a foreign Origin. */
void http_refuse_origin(struct conn *c, const struct http_request *r);
/* The chat's answer (conn_append). */
void http_exchange_reply(struct conn *c, const void *json, size_t n, enum wire_error code, uint32_t retry_after_ms);
/* The end of the turn, also when the socket took what the library held back. */
void http_exchange_flush(struct conn *c);
void http_exchange_free(struct conn *c); /* nothing when there is none */

#endif
