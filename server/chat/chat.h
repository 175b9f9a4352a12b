/*
 * The chat itself, as the transports see it: they open a session for each connection or request, hand in what they read (command/requests.h), and are called back
 * through conn_port.h. Loop thread only.
 */
#ifndef PARLEY_CHAT_CHAT_H
#define PARLEY_CHAT_CHAT_H

#include "base/loop.h"
#include "base/metrics.h"
#include "codec/limits.h"
#include "codec/request_decode.h"
#include "room/conn_port.h"
#include "store/store.h"

struct bus;
struct chat;
struct session;

struct chat_config {
	struct limits limits;
	bool guests;
	bool accounts_closed;     /* only the operator makes accounts */
	uint32_t heartbeat_ms;    /* told in hello: the server pings this often */
	uint32_t sweep_slice;     /* readers written to per slice (0: default) */
	uint32_t sweep_rest;      /* at most, in percent of what a pass costs; 0: none */
	uint32_t write_bytes;     /* most bytes in one write (0: default 65536) */
	uint32_t room_tail_bytes; /* most bytes of recent frames kept per room, each twice (0: default 1 MiB) */
	uint32_t room_idle_ms;    /* an unused room leaves memory after this (0: default 5 min) */
	const char *server_name;  /* "parley/0.1.0" */
	struct bus *bus;          /* the caller's, who ends it after the chat; NULL: none */
};

struct chat *chat_new(struct loop *l, struct store *s, struct metrics *m, const struct chat_config *config);
/* The server ends: passwords whose hashing has not begun are not hashed any more, and what waits for that fails. */
void chat_drop_hashing(struct chat *c);
/* The store is about to be destroyed. From now on every operation is refused, the same way a busy store refuses it. */
void chat_lose_store(struct chat *c);
void chat_destroy(struct chat *c); /* no session may be open; accepts NULL */

/* The secret that account.create takes as `owner_code` to make the owner's account, once (owner_link.h). It is for the person who started the server, and each start makes a
 * new one. NULL when the server has an owner. */
const char *chat_owner_code(const struct chat *c);

/* Asked before a request becomes a WebSocket: 0, or the milliseconds that its address has to wait. */
uint32_t chat_admit_upgrade(struct chat *c, const struct conn *conn);

struct session_config {
	enum transport transport;
	const char *token; /* from the Authorization header or the session cookie (net has checked the Origin), or NULL; copied */
	bool token_is_cookie;
	bool token_may_be_anothers; /* a cookie that another server on this host may have set: an unknown one counts as none */
	bool operator_socket;       /* came in over the operator's Unix socket: may use admin.* */
};

/* A new session for this conn; a WebSocket is told `hello`. Never NULL. */
struct session *session_open(struct chat *c, struct conn *conn, const struct session_config *config);
/* The conn is gone, or is about to be: the session leaves everything. No conn_* call follows. */
void session_close(struct session *s);
/* The socket takes more: writes what the session's readers lack. */
void session_writable(struct session *s);
bool session_signed_in(const struct session *s);
/* It asked to sign in, and the answer is not made yet. */
bool session_is_starting(const struct session *s);
/* Whether requests are under way; conn_all_answered() tells when none are left. */
bool session_awaits_answers(const struct session *s);

/* Promise 10. Every WebSocket is told `server.leaving` with retry_after_ms spread over spread_ms. */
void chat_announce_leaving(struct chat *c, uint32_t spread_ms);
/* Requests whose answers are still under way. */
size_t chat_pending(const struct chat *c);

/* Backs /readyz: publishes a signal in a room that nobody sees and commits through the store, then calls done(arg, ok, what) within timeout_ms. A result that is
 * less than a second old is told again, before this returns. */
void chat_probe(struct chat *c, uint32_t timeout_ms, void (*done)(void *arg, bool ok, const char *what), void *arg);
/* Why the server, which can serve, is worse than it should be: the bus is away. NULL when nothing is. Valid until the next turn. */
const char *chat_degraded(const struct chat *c);

#endif
