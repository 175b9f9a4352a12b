/*
 * One HTTP request and its answer, from a whole head until the socket has taken the answer. A connection has at most one. It is not read from while
 * the answer is made and written, so pipelined requests are served one after the other. Private to net/.
 *
 * A connection is kept for the next request (RFC 9112 section 9.3) unless the client or the server ends it. A request whose head is wrong or whose
 * body is too large is the last one of its connection, because the beginning of the next one is not known.
 *
 * The response gathers in conn.out and is written in one piece. The library keeps what the socket does not take.
 */
#ifndef PARLEY_NET_HTTP_HTTP_EXCHANGE_H
#define PARLEY_NET_HTTP_HTTP_EXCHANGE_H

#include "codec/request_decode.h"
#include "hook/hook_request.h"
#include "hook/slack_api.h"
#include "net/conn/conn.h"
#include "net/http/credentials.h"
#include "net/http/http_request.h"

struct http_exchange {
	struct conn *conn;
	struct list probe_link; /* net_server.probe_waiters; otherwise it is an empty list */
	enum http_method method;
	enum command command;      /* http_api.c */
	struct hook_request *hook; /* http_hook.c; owned. NULL: it is a command */
	struct slack_call *slack;  /* http_slack.c; owned, with `hook`. NULL: the answer is not Slack's */
	size_t body_left;          /* bytes that have not arrived yet */
	struct buf body;
	char *token; /* or NULL */
	bool token_is_cookie;
	struct session_cookie cookie;
	bool sets_cookie;
	char new_token[TOKEN_BYTES_MAX]; /* "" deletes the cookie */
	bool expects_go_on;              /* 100-continue: the client sends the body when it is asked to */
	bool awaits_body;                /* the answer is written only after the body was read */
	bool is_refused;                 /* the answer is made; a body that arrives is dropped */
	bool is_ready;                   /* the answer is in conn.out, or the library has it */
};

/* Asks for the body, or goes on without one, when the chat holds the connection back no more. */
void http_exchange_go_on(struct conn *c);
/* Takes a whole head, or some of the body, from the front of the bytes. Returns how many bytes it took, or 0 when it needs more. */
size_t http_exchange_read(struct conn *c, const uint8_t *bytes, size_t n);
/* Returns whether a request was read and its answer is not out yet. */
bool http_exchange_answers(const struct conn *c);
/* Sets the credentials with which the request's session is opened. */
void http_exchange_sign_in_with(struct http_exchange *e, const struct credentials *credentials);
/* Appends the headers that set or delete the session cookie, if the chat asked for that. */
void http_exchange_append_cookie(const struct http_exchange *e, struct buf *headers);
/* Called when the answer is in conn.out. It is written at the end of the turn, after the body was read. */
void http_exchange_ready(struct conn *c);
/* Makes a refusal the answer. */
void http_exchange_refuse(struct conn *c, enum wire_error code, int status, const char *message, const char *headers);
/* Refuses a request of a page of a foreign Origin. */
void http_refuse_origin(struct conn *c, const struct http_request *r);
/* Makes the chat's reply the answer (conn_append). */
void http_exchange_reply(struct conn *c, const void *json, size_t n, enum wire_error code, uint32_t retry_after_ms);
/* Makes a text the answer (conn_append_text). */
void http_exchange_reply_text(struct conn *c, int status, const char *text, uint32_t retry_after_ms);
/* The same for one that net/ refuses; see http_exchange_refuse(). */
void http_exchange_refuse_text(struct conn *c, int status, const char *text, const char *headers);
/* Called at the end of the turn, and when the socket has taken what the library held back. */
void http_exchange_flush(struct conn *c);
void http_exchange_free(struct conn *c); /* does nothing when there is none */

#endif
