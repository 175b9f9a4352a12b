/*
 * What chat asks of a connection; server/net/ implements it. A conn is one WebSocket, one HTTP request or one event stream. Loop thread only. net owns the conn.
 * chat and the engine hold the pointer from session_open() to session_close() and never across a wait; across a wait they hold the session's id.
 *
 * Nothing here frees or closes at once. The end comes through session_close(), never from inside these calls.
 */
#ifndef PARLEY_ROOM_CONN_PORT_H
#define PARLEY_ROOM_CONN_PORT_H

#include "codec/wire_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;

enum transport {
	TRANSPORT_WEBSOCKET,
	TRANSPORT_HTTP,   /* one request, one reply */
	TRANSPORT_STREAM, /* server-sent events */
};

/* Why a connection ends: one table with the close code (RFC 6455 section 7.4), the metric's label and the text. */
/* clang-format off */
#define CLOSE_REASON_TABLE(X) \
	X(CLOSE_GOING_AWAY,    1001, "going_away",    "the server is leaving; come back") \
	X(CLOSE_PROTOCOL,      1002, "protocol",      "the WebSocket protocol was broken") \
	X(CLOSE_NOT_TEXT,      1003, "not_text",      "only text frames are understood") \
	X(CLOSE_NOT_UTF8,      1007, "not_utf8",      "the text is not UTF-8") \
	X(CLOSE_TOO_BIG,       1009, "too_big",       "the message is larger than the limit") \
	X(CLOSE_NO_SIGN_IN,    4001, "no_sign_in",    "no session.start in time") \
	X(CLOSE_SILENT,        4002, "silent",        "nothing was heard for too long") \
	X(CLOSE_SIGNED_OUT,    4003, "signed_out",    "the session has ended") \
	X(CLOSE_TOO_SLOW,      4004, "too_slow",      "what there is to tell piles up; come back") \
	X(CLOSE_RESTORED,      4005, "restored",      "the server's data was set back to an earlier state; come back") \
	X(CLOSE_DONE,          1000, "done",          "goodbye")
/* clang-format on */

enum close_reason {
#define X(symbol, code, label, text) symbol,
	CLOSE_REASON_TABLE(X)
#undef X
		CLOSE_REASON_COUNT
};

/* A reply: n bytes of JSON. Framed and put in the outbox; written at the end of the turn.
 * For HTTP this is the whole response: `code` gives the status, retry_after_ms a Retry-After header. */
void conn_append(struct conn *c, const void *json, size_t n, enum wire_error code, uint32_t retry_after_ms);
/* HTTP: the whole response where the client expects no JSON: a text. */
void conn_append_text(struct conn *c, int status, const char *text, uint32_t retry_after_ms);
/* WebSocket: a personal event, through the outbox too. Other users cause these, and without a limit. So while the outbox is full and the socket takes nothing,
 * the connection is closed instead, and its client comes back for the whole state. */
void conn_tell(struct conn *c, const void *json, size_t n);

/* WebSocket: more replies wait for the socket than limits.outbox_bytes. */
bool conn_is_full(const struct conn *c);
/* Whether events may be written now: not closing, outbox empty, and the library holds back nothing. */
bool conn_writable(const struct conn *c);
/* Writes whole frames (WebSocket) or whole chunks of text (event stream). The memory is only read, and may go away after the call. Only when conn_writable(). The
 * library keeps what the socket does not take, at most n bytes: callers cut at --write-bytes. */
void conn_write(struct conn *c, const uint8_t *bytes, size_t n);
/* It will be written to in a moment: brings what that touches into the processor's cache. Accepts NULL. */
void conn_prefetch(const struct conn *c);
/* Asks for one session_writable() when the socket takes more. */
void conn_want_writable(struct conn *c);

/* Sends the response head of an event stream (200, text/event-stream) and its first text; afterwards conn_write() is allowed. */
void conn_start_stream(struct conn *c, const uint8_t *first, size_t n);
/* HTTP: the response will set the session cookie, or delete it with token NULL. No-op on other transports. */
void conn_set_cookie(struct conn *c, const char *token);
/* HTTP: the request was signed in. If the session cookie did that, the response sets it again, so that it lasts as long as its token, which use prolongs. */
void conn_renew_cookie(struct conn *c);

/* Stops reading from a WebSocket, which has as many requests under way as are allowed, or the body of an HTTP request; or goes on reading. */
void conn_hold_reading(struct conn *c, bool held);
/* The session has no request under way any more (session_awaits_answers()): a connection that is being closed may end. */
void conn_all_answered(struct conn *c);

/* The client was told to sign in in_ms from now: a WebSocket's time to do so begins then. */
void conn_await_sign_in(struct conn *c, uint32_t in_ms);

/* Ends it with a reason, after the outbox went out; session_close() follows later. */
void conn_close(struct conn *c, enum close_reason reason);

/* The peer's address as text (the client's when it comes through a trusted proxy), and 16 bytes that stand for it in limits (IPv6: its /64). Valid until the next
 * call. */
const char *conn_address(const struct conn *c);
const uint8_t *conn_address_key(const struct conn *c);
/* The user whose process is at the other end of a Unix socket; -1: not known. */
int64_t conn_peer_uid(const struct conn *c);

#endif
