/*
 * The commands of one connection that wait for their replies, in order.
 *
 * Owner: a redis_conn. Loop thread only.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_QUEUE_H
#define PARLEY_BUS_REDIS_REDIS_QUEUE_H

#include "bus/redis/redis_conn.h"

/* RESP2 answers these with an array for each channel, which begins with the command's own name. */
enum redis_verb { REDIS_VERB_OTHER, REDIS_VERB_SUBSCRIBE, REDIS_VERB_UNSUBSCRIBE, REDIS_VERB_SSUBSCRIBE, REDIS_VERB_SUNSUBSCRIBE };

struct redis_waiting {
	redis_reply_fn *fn;
	void *arg;
	uint64_t since_ms;
	enum redis_verb verb;
	uint32_t n_left; /* confirmations that are still to come */
};

struct redis_queue {
	struct redis_waiting *ring;
	size_t first, n, n_slots; /* n_slots is 0 or a power of two */
};

void redis_queue_finish(struct redis_queue *q);
void redis_queue_add(struct redis_queue *q, const struct redis_waiting *w);
/* The oldest, or NULL. Valid until the queue changes. */
struct redis_waiting *redis_queue_first(const struct redis_queue *q);
void redis_queue_pop(struct redis_queue *q);
/* The verb of a name in small or capital letters. */
enum redis_verb redis_verb_of(const char *name, size_t n);

#endif
