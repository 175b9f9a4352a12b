/*
 * A connection: one accepted socket, from the callback in which the library first shows it until LWS_CALLBACK_WSI_DESTROY. It is a
 * WebSocket, or a series of HTTP requests, or an event stream. The library's opaque pointer leads to it. Private to net/.
 *
 * Kept small: an idle signed-in WebSocket is this, the library's own 1.2 KiB and the chat's session.
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

/* Ends that no close frame tells of, counted and logged with those of CLOSE_REASON_TABLE. */
/* clang-format off */
#define END_REASON_TABLE(X) \
	X(END_BY_CLIENT, "client")  /* it left, or its last request was answered */ \
	X(END_REFUSED,   "refused") /* an answer after which nothing more is read */ \
	X(END_CROWDED,   "crowded") /* places ran out, and of its network's and address's it was the quietest */ \
	X(END_TOO_LATE,  "too_late") /* a request was not whole in time, or its answer not taken; an idle connection */
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
		in; /* what came and could not be taken yet: a part of a head or frame, or what waits for its turn; freed when it is empty */
	struct buf pieces;           /* fragments of a WebSocket message that is not whole yet */
	struct buf out;              /* outbox: whole frames, or one HTTP response; freed when it is empty */
	uint32_t heard_s;            /* loop's clock when something last came, in seconds */
	uint32_t upgraded_ms;        /* loop's clock when it became a WebSocket, its lower bits */
	uint8_t phase;               /* enum conn_phase */
	uint8_t reason;              /* enum close_reason or end_reason: why it ends, when it does */
	uint16_t close_code;         /* of the close frame that answers the client's; 0: one without a code */
	struct peer_address peer;    /* who connected */
	struct peer_address address; /* the client: behind a trusted proxy the one that the last request came from, else the peer */
	bool is_websocket : 1;
	bool is_stream : 1; /* the event stream's head was sent */
	bool is_tls : 1;
	bool is_operator : 1;
	bool is_ops : 1;            /* of a listener for health and metrics */
	bool is_proxied : 1;        /* the peer is a trusted proxy */
	bool ends_tls : 1;          /* a proxy that took TLS off says so in its PROXY header */
	bool client_tls : 1;        /* the client of the last request spoke TLS: with us, or with a proxy that says so */
	bool has_place : 1;         /* counted by the admission */
	bool counted_address : 1;   /* in the admission's table */
	bool is_closing : 1;        /* will be closed with `reason` once the outbox went out; nothing more is taken from it */
	bool close_came : 1;        /* the client's close frame */
	bool close_sent : 1;        /* ours: nothing may follow it */
	bool is_shut : 1;           /* our side of the socket is closed */
	bool is_broken : 1;         /* nothing can be written any more */
	bool is_heard : 1;          /* something came */
	bool asks_head : 1;         /* HTTP: the request is a HEAD, so that even a refusal has no body */
	bool is_gone : 1;           /* the library said it is closed */
	bool wants_writable : 1;    /* session_writable() is due */
	bool is_full : 1;           /* not to be read from: the outbox is full */
	bool is_held : 1;           /* not to be read from: the chat says so */
	bool is_paused : 1;         /* not read from */
	bool in_message : 1;        /* WebSocket: fragments of a message are under way */
	bool close_after_reply : 1; /* HTTP: no further request on this connection */
};

/* The connection behind a library's callback, or NULL before it was shown to us. */
struct conn *conn_of(struct lws *wsi);
/* A new one for the socket being adopted (server->accepting). */
struct conn *conn_new(struct net_server *s, struct lws *wsi);
/* From LWS_CALLBACK_WSI_DESTROY, the last callback. */
void conn_free(struct conn *c);
/* Whether it holds one of the places for unfinished requests: what a trusted proxy has not finished is not yet known to be anybody's. */
bool conn_is_unfinished(const struct conn *c);
/* Counts no longer as a connection: admission_enter() undone. */
void conn_leave_place(struct conn *c);
/* Whether TLS was taken off on the way here, as far as it is known without a request. */
bool conn_ends_tls(const struct conn *c);
/* Counts no longer as one of its client's connections: admission_enter_address() undone. */
void conn_leave_address(struct conn *c);

/* conn_write.c */
/* Puts it on the list of those with something to do at the end of the turn. */
void conn_mark_dirty(struct conn *c);
/* Whether something is to be taken from it now: not while its outbox is full, the chat has enough of it, or its request is being answered. */
bool conn_reads(const struct conn *c);
/* Hands bytes to the library as they are; on failure the connection is marked to be cut. Writes whole frames, or bytes of an HTTP response. */
bool conn_write_raw(struct conn *c, const uint8_t *bytes, size_t n);
/* Outbox first, then what the session has. */
void conn_flush(struct conn *c);
/* WebSocket: frames into the outbox. code 0: a close frame without a code. */
void conn_pong(struct conn *c, const uint8_t *payload, size_t n);
void conn_append_close(struct conn *c, uint16_t code, const char *text);
/* The socket took what the library had held back. */
void conn_took(struct conn *c);
/* Runs over the dirty ones, at the end of every turn. */
void conn_flush_all(struct net_server *s);

/* conn_read.c */
/* What the socket had, from the library's callback; the bytes are changed (unmasked) where they are. */
void conn_take(struct conn *c, uint8_t *bytes, size_t n);
/* Goes on with what was kept, as far as the connection is read from. */
void conn_read_on(struct conn *c);

/* ws_read.c */
/* Takes one frame from the front of the bytes. How many bytes it had; 0: it is not whole yet. What breaks the protocol closes the connection. */
size_t ws_read(struct conn *c, uint8_t *bytes, size_t n);

/* conn_end.c */
/* Ends the session, if there is one; nothing of the chat refers to the connection afterwards. */
void conn_end_session(struct conn *c);
/* The library closed the socket: the same, and nothing is written or waited for any more. */
void conn_closed(struct conn *c);
/* Ends it without ceremony at the end of the turn: never inside a call of the chat or the library. The reason (of either enum) is counted,
 * unless one was given before. */
void conn_cut(struct conn *c, unsigned reason);
/* The metric's label of a reason of either enum, NULL past the end. */
const char *conn_reason_label(unsigned reason);
/* At the end of the turn, outside the library: when all went out, the close frame follows, then the end of our side. */
void conn_finish_close(struct conn *c);
/* Nothing more is taken from it; it ends when the refusal that was written is out. */
void conn_refused(struct conn *c);
/* The client's close frame: answered by one with this code (0: none) once what is under way is answered. */
void conn_close_came(struct conn *c, uint16_t code);
void conn_cut_dead(struct net_server *s);

/* heartbeat.c */
void conn_set_deadline(struct conn *c, enum conn_phase phase, uint64_t in_ms); /* in_ms 0: none */
void heartbeat_heard(struct conn *c);
/* After an upgrade: the time to sign in begins. */
void heartbeat_begin_websocket(struct conn *c);
void heartbeat_begin_stream(struct conn *c);
/* After an answer: the time in which the next request shall come. */
void heartbeat_begin_idle(struct conn *c);
/* Every NET_TICK_MS. */
void heartbeat_tick(struct net_server *s);

#endif
