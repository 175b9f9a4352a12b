/*
 * A connection is one accepted socket. It exists from the callback in which the library first shows the socket until LWS_CALLBACK_WSI_DESTROY. It is
 * a WebSocket, a series of HTTP requests, or an event stream. The library's opaque pointer leads to it. Private to net/.
 *
 * The struct is small: an idle signed-in WebSocket takes this struct, the library's own 1.2 KiB and the chat's session.
 */
#ifndef PARLEY_NET_CONN_CONN_H
#define PARLEY_NET_CONN_CONN_H

#include "base/list.h"
#include "base/wheel.h"
#include "codec/buf.h"
#include "net/accept/address.h"
#include "net/net_state.h"
#include "room/conn_port.h"

struct http_exchange;

/* Reasons without a close frame. They are counted and logged with those of CLOSE_REASON_TABLE. */
/* clang-format off */
#define END_REASON_TABLE(X) \
	X(END_BY_CLIENT, "client")  /* it left, or its last request was answered */ \
	X(END_REFUSED,   "refused") /* by an answer after which nothing more is read */ \
	X(END_CROWDED,   "crowded") /* places ran out (pressure.h) */ \
	X(END_TOO_LATE,  "too_late") /* a request was not whole in time, its answer was not taken, or the connection was idle */
/* clang-format on */

enum end_reason {
	END_BEFORE_FIRST = CLOSE_REASON_COUNT - 1,
#define X(symbol, label) symbol,
	END_REASON_TABLE(X)
#undef X
		END_REASON_COUNT
};

struct conn {
	struct lws *wsi;
	struct net_server *server;
	struct session *session;    /* NULL before session_open() and after session_close() */
	struct http_exchange *http; /* the request being served, or NULL */
	struct list link;           /* net_server.conns */
	struct list dirty;          /* net_server.dirty or .dead */
	struct wheel_timer timer;   /* its deadline, see phase */
	struct buf
		in; /* bytes that could not be taken yet: a part of a head or frame, or what waits for its turn; freed when it is empty */
	struct buf pieces;        /* fragments of a WebSocket message that is not whole yet */
	struct buf out;           /* outbox: whole frames, or one HTTP response; freed when it is empty */
	uint32_t heard_s;         /* loop's clock when something last arrived, in seconds */
	uint32_t sign_in_from_ms; /* loop's clock when its time to sign in begins: when it became a WebSocket, or later; its lower bits */
	uint8_t phase;            /* enum conn_phase */
	uint8_t reason;           /* enum close_reason or end_reason: why it ends */
	uint16_t close_code;      /* of the close frame that answers the client's; 0: one without a code */
	struct peer_address peer; /* who connected */
	struct peer_address address; /* the client of the last request behind a trusted proxy, otherwise the peer */
	bool is_websocket : 1;
	bool is_stream : 1; /* the event stream's head was sent */
	bool is_tls : 1;
	bool is_operator : 1;
	bool is_ops : 1;            /* of a listener for health and metrics */
	bool is_proxied : 1;        /* the peer is a trusted proxy */
	bool ends_tls : 1;          /* the PROXY header says that the proxy decrypted TLS */
	bool client_tls : 1;        /* the client of the last request spoke TLS, with us or with a trusted proxy */
	bool has_place : 1;         /* counted by the admission */
	bool counted_address : 1;   /* in the admission's table */
	bool is_closing : 1;        /* it is closed with `reason` when the outbox has gone out; nothing more is taken from it */
	bool close_came : 1;        /* the client's close frame arrived */
	bool close_sent : 1;        /* our close frame is out: nothing may follow it */
	bool is_shut : 1;           /* our side of the socket is closed */
	bool is_broken : 1;         /* writing has failed: nothing more can be written */
	bool is_heard : 1;          /* something has arrived */
	bool asks_head : 1;         /* HTTP: the request is a HEAD, so that even a refusal has no body */
	bool is_gone : 1;           /* the library has closed it */
	bool wants_writable : 1;    /* session_writable() is due */
	bool is_full : 1;           /* the outbox is full: the connection is not read from */
	bool is_held : 1;           /* the chat holds the connection back: it is not read from */
	bool is_paused : 1;         /* the library does not read from the socket */
	bool in_message : 1;        /* WebSocket: some fragments of a message have arrived */
	bool close_after_reply : 1; /* HTTP: no further request on this connection */
};

/* Returns the connection of a callback of the library, or NULL before the library has shown it. */
struct conn *conn_of(struct lws *wsi);
/* Makes a connection for the socket that is being adopted (server->accepting). */
struct conn *conn_new(struct net_server *s, struct lws *wsi);
/* Called from LWS_CALLBACK_WSI_DESTROY, the last callback. */
void conn_free(struct conn *c);
/* Returns whether it holds one of the places for unfinished requests. A trusted proxy's unfinished request holds none, because its client is not
 * known yet. */
bool conn_is_unfinished(const struct conn *c);
/* Undoes admission_enter(): it no longer counts as a connection. */
void conn_leave_place(struct conn *c);
/* Returns whether the client speaks TLS, with us or with a proxy, as far as that is known without a request. */
bool conn_ends_tls(const struct conn *c);
/* Undoes admission_enter_address(): it no longer counts as one of its client's connections. */
void conn_leave_address(struct conn *c);

/* conn_write.c */
/* Puts it on the list of connections with something to do at the end of the turn. */
void conn_mark_dirty(struct conn *c);
/* Returns whether requests are taken from it now. They are not while its outbox is full, while the chat holds it back, and while its request is
 * being answered. */
bool conn_reads(const struct conn *c);
/* Hands whole frames, or bytes of an HTTP response, to the library as they are. On failure it marks the connection to be cut and returns
 * false. */
bool conn_write_raw(struct conn *c, const uint8_t *bytes, size_t n);
/* Writes the outbox first, then what the session has. */
void conn_flush(struct conn *c);
/* WebSocket: these put frames into the outbox. A close frame with code 0 has no code. */
void conn_pong(struct conn *c, const uint8_t *payload, size_t n);
void conn_append_close(struct conn *c, uint16_t code, const char *text);
/* Called when the socket has taken what the library had held back. */
void conn_took(struct conn *c);
/* Flushes the dirty connections, at the end of every turn. */
void conn_flush_all(struct net_server *s);

/* conn_read.c */
/* Takes the bytes that the library has read. They are unmasked in place. */
void conn_take(struct conn *c, uint8_t *bytes, size_t n);
/* Takes bytes that were kept, as far as the connection is read from. */
void conn_read_on(struct conn *c);

/* ws_read.c */
/* Takes one frame from the front of the bytes. Returns its number of bytes, or 0 when it is not whole yet. A frame that breaks the protocol closes
 * the connection. */
size_t ws_read(struct conn *c, uint8_t *bytes, size_t n);

/* conn_end.c */
/* Ends the session, if there is one. Afterwards nothing of the chat refers to the connection. */
void conn_end_session(struct conn *c);
/* Called when the library has closed the socket. Ends the session; nothing more is written or waited for. */
void conn_closed(struct conn *c);
/* Closes the socket at the end of the turn without a close frame. That is never inside a call of the chat or the library. The reason (of either
 * enum) is counted, unless the connection has one already. */
void conn_cut(struct conn *c, unsigned reason);
/* Returns the metric's label of a reason of either enum, or NULL past the end. */
const char *conn_reason_label(unsigned reason);
/* Called at the end of the turn, outside the library. When everything has gone out, it sends the close frame and then closes our side. */
void conn_finish_close(struct conn *c);
/* Takes nothing more from the connection. It ends when the refusal that was written is out. */
void conn_refused(struct conn *c);
/* Called for the client's close frame. When the requests under way are answered, a close frame with this code (0: none) answers it. */
void conn_close_came(struct conn *c, uint16_t code);
void conn_cut_dead(struct net_server *s);

/* heartbeat.c */
void conn_set_deadline(struct conn *c, enum conn_phase phase, uint64_t in_ms); /* in_ms 0: no deadline */
void heartbeat_heard(struct conn *c);
/* Called after an upgrade. The time to sign in begins. */
void heartbeat_begin_websocket(struct conn *c);
void heartbeat_begin_stream(struct conn *c);
/* Called after an answer. The time for the next request begins. */
void heartbeat_begin_idle(struct conn *c);
/* Called every NET_TICK_MS. */
void heartbeat_tick(struct net_server *s);

#endif
