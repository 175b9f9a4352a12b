/*
 * The chat itself, as the transports see it: they open a session for each connection or request, hand in what they read (command/requests.h), and are
 * called back through conn_port.h. Loop thread only.
 */
#ifndef PARLEY_CHAT_CHAT_H
#define PARLEY_CHAT_CHAT_H

#include "base/loop.h"
#include "base/metrics.h"
#include "codec/limits.h"
#include "codec/request_decode.h"
#include "room/conn_port.h"
#include "store/store.h"

struct chat;
struct session;

struct chat_config {
	struct limits limits;
	bool guests;
	bool accounts_closed;     /* only the operator makes accounts */
	uint32_t heartbeat_ms;    /* told in hello: the server pings this often */
	uint32_t sweep_slice;     /* readers written to per slice (0: default) */
	uint32_t sweep_rest;      /* in percent of what a pass costs; 0: none */
	uint32_t write_bytes;     /* most bytes in one write (0: default 65536) */
	uint32_t room_tail_bytes; /* most bytes of recent frames kept per room, each twice (0: default 1 MiB) */
	uint32_t room_idle_ms;    /* an unused room leaves memory after this (0: default 5 min) */
	const char *server_name;  /* "parley/0.1.0" */
};

struct chat *chat_new(struct loop *l, struct store *s, struct metrics *m, const struct chat_config *config);
/* The store is about to be destroyed: what still comes back asks it for nothing more, and is refused as by a busy one. */
void chat_lose_store(struct chat *c);
void chat_destroy(struct chat *c); /* no session may be open; accepts NULL */

/* While nobody owns the server: what account.create takes as `owner_code`, once, from whoever makes the owner's account. A secret of this process, new with
 * each start; for the one who started it. NULL: there is an owner. */
const char *chat_owner_code(const struct chat *c);

/* Asked before a request becomes a WebSocket: 0, or the milliseconds that its address has to wait. */
uint32_t chat_admit_upgrade(struct chat *c, const struct conn *conn);

struct session_config {
	enum transport transport;
	const char *token; /* from the Authorization header or the session cookie (Origin checked by net), or NULL; copied */
	bool token_is_cookie;
	bool token_may_be_anothers; /* a cookie that another server on this host may have set: what nobody here was given is none */
	bool operator_socket;       /* came in over the operator's Unix socket: may use admin.* */
};

/* A new session for this conn; a WebSocket is told `hello`. Never NULL. */
struct session *session_open(struct chat *c, struct conn *conn, const struct session_config *config);
/* The conn is gone (or about to be): the session leaves everything. No conn_* call follows. */
void session_close(struct session *s);
/* The socket takes more: writes what the session's readers are behind by. */
void session_writable(struct session *s);
bool session_signed_in(const struct session *s);
/* Requests are under way; conn_all_answered() tells when there are none any more. */
bool session_awaits_answers(const struct session *s);

/* Promise 10. Every WebSocket is told `server.leaving` with retry_after_ms spread over spread_ms. */
void chat_announce_leaving(struct chat *c, uint32_t spread_ms);
/* Requests whose answers are still under way. */
size_t chat_pending(const struct chat *c);

/* /readyz: sends a signal through the publish path of a room nobody sees and a commit through the store; done(arg, ok, what) within timeout_ms. What
 * was found less than a second ago is told at once, from inside. */
void chat_probe(struct chat *c, uint32_t timeout_ms, void (*done)(void *arg, bool ok, const char *what), void *arg);

#endif
