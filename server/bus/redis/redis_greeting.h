/*
 * The first commands on a connection: it signs in and asks what the server is. HELLO tells it (Redis 6 and later); INFO does elsewhere, or where a user may
 * not say HELLO.
 *
 * Owner: a redis_conn. Loop thread only. Source: the commands AUTH, HELLO, INFO (redis.io).
 */
#ifndef PARLEY_BUS_REDIS_REDIS_GREETING_H
#define PARLEY_BUS_REDIS_REDIS_GREETING_H

#include "bus/redis/redis_conn.h"

enum { REDIS_GREETING_FAULT_BYTES = 160 };

struct redis_greeting {
	struct redis_conn *conn;
	void (*done)(void *arg, const char *fault); /* NULL: it is made. Called once */
	void *arg;
	enum redis_kind kind;
	bool is_replica;
};

/* password "": none is sent. */
void redis_greeting_begin(struct redis_greeting *g, struct redis_conn *conn, const char *password,
			  void (*done)(void *arg, const char *fault), void *arg);
/* Whether the reply to HELLO is that of a replica; false for an error. */
bool redis_greeting_is_replica(const struct redis_reply *hello);

#endif
