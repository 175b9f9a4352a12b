/*
 * Makes a connected socket: finds the host's addresses and tries one after the other, each with its part of the time. Nothing here waits.
 *
 * Owner: a redis_conn. Loop thread only.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_DIAL_H
#define PARLEY_BUS_REDIS_REDIS_DIAL_H

#include "base/loop.h"
#include "bus/redis/redis_address.h"

struct redis_dial;

enum { REDIS_DIAL_MS = 5000 };

/* Calls done(arg, fd, NULL) or done(arg, -1, why) once, from the loop. The descriptor is then the caller's. The call may destroy the dial. */
struct redis_dial *redis_dial_new(struct loop *l, const struct redis_address *to, void (*done)(void *arg, int fd, const char *why),
				  void *arg);
/* Done is not called any more. Accepts NULL. */
void redis_dial_destroy(struct redis_dial *d);

#endif
