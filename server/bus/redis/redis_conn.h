/*
 * One connection to a Redis, a Sentinel or a node of a Cluster: it connects, signs in, asks what the server is, sends commands and takes replies. Nothing
 * here waits, and nothing here connects again: a connection that is lost stays so, and its owner makes another.
 *
 * - Replies come in the order of the commands. A command whose reply does not come within REDIS_ANSWER_MS ends the connection.
 * - Messages and the confirmations of subscriptions go to one callback (`pushed`); RESP2 sends a confirmation for each channel of a command.
 * - What is to be sent waits in memory, at most REDIS_OUTPUT_BYTES_MAX: more ends the connection. A reply larger than REDIS_REPLY_BYTES_MAX ends it, too.
 * - Passwords are read from their file at each connect, so that they can be changed without a restart.
 *
 * Owner: whoever makes it. Any callback may destroy it; it is freed when the callback has returned. No callback comes from within a function of this header.
 * Loop thread only. Source: RESP2 and the commands AUTH, HELLO, INFO, SUBSCRIBE (redis.io).
 */
#ifndef PARLEY_BUS_REDIS_REDIS_CONN_H
#define PARLEY_BUS_REDIS_REDIS_CONN_H

#include "base/loop.h"
#include "bus/redis/redis_address.h"
#include "bus/redis/redis_layer.h"
#include "bus/redis/redis_reply.h"

struct redis_conn;

/* REDIS_FAULT_BYTES: an address, a colon and why. */
enum { REDIS_ANSWER_MS = 5000, REDIS_OUTPUT_BYTES_MAX = 8 << 20, REDIS_FAULT_BYTES = REDIS_SHOWN_BYTES + REDIS_WHY_BYTES + 2 };

enum redis_kind { REDIS_PLAIN, REDIS_SENTINEL, REDIS_CLUSTER };

struct redis_conn_config {
	struct loop *loop;
	struct redis_address address;
	const char *password_file; /* NULL: none. Lives as long as the connection */
	const char *ca_file;       /* for TLS; NULL: the system's authorities. Lives as long as the connection */
};

struct redis_conn_events {
	void (*ready)(void *arg); /* it is signed in, and what the server is is known */
	void (*pushed)(void *arg,
		       const struct redis_reply *r); /* an array that begins with "message", "subscribe", …; NULL: none is wanted */
	void (*lost)(void *arg);                     /* redis_conn_why() tells why. No other callback follows */
	void *arg;
};

struct redis_part {
	const void *bytes;
	size_t n;
};

/* The reply is valid during the call, which does not come when the connection is lost. */
typedef void redis_reply_fn(void *arg, const struct redis_reply *r);

struct redis_conn *redis_conn_new(const struct redis_conn_config *config, const struct redis_conn_events *events);
void redis_conn_destroy(struct redis_conn *c); /* accepts NULL */

bool redis_conn_is_ready(const struct redis_conn *c); /* accepts NULL */
const struct redis_address *redis_conn_address(const struct redis_conn *c);
/* What the server is; when it is ready. */
enum redis_kind redis_conn_kind(const struct redis_conn *c);
bool redis_conn_is_replica(const struct redis_conn *c);
/* In words for an operator, without a secret; when it is lost. */
const char *redis_conn_why(const struct redis_conn *c);

/*
 * A command of n_parts words (SENTINEL get-master-addr-by-name NAME has three), written at redis_conn_flush() or with what leaves before. Only while the
 * connection is ready. For SUBSCRIBE, UNSUBSCRIBE, SSUBSCRIBE and SUNSUBSCRIBE (with at least one channel each), fn is called with an error only: the
 * confirmations go to `pushed`.
 */
void redis_conn_command(struct redis_conn *c, redis_reply_fn *fn, void *arg, const struct redis_part *parts, size_t n_parts);
/* The same with words that end in NUL; the list ends with NULL. */
void redis_conn_command_words(struct redis_conn *c, redis_reply_fn *fn, void *arg, const char *const *words);
void redis_conn_flush(struct redis_conn *c);
/* Bytes that wait to be written, and commands that wait for their reply. */
size_t redis_conn_unsent(const struct redis_conn *c);
size_t redis_conn_unanswered(const struct redis_conn *c);

#endif
