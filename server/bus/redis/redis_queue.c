#include "bus/redis/redis_queue.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_MIN = 16 };

void redis_queue_finish(struct redis_queue *q)
{
	free(q->ring);
	*q = (struct redis_queue){0};
}

static void grow(struct redis_queue *q)
{
	size_t n_slots = q->n_slots ? q->n_slots * 2 : SLOTS_MIN;
	struct redis_waiting *ring = mem_alloc(n_slots * sizeof(*ring));
	for (size_t i = 0; i < q->n; i++)
		ring[i] = q->ring[(q->first + i) & (q->n_slots - 1)];
	free(q->ring);
	*q = (struct redis_queue){.ring = ring, .n = q->n, .n_slots = n_slots};
}

void redis_queue_add(struct redis_queue *q, const struct redis_waiting *w)
{
	if (q->n == q->n_slots)
		grow(q);
	q->ring[(q->first + q->n++) & (q->n_slots - 1)] = *w;
}

struct redis_waiting *redis_queue_first(const struct redis_queue *q)
{
	return q->n ? &q->ring[q->first] : NULL;
}

void redis_queue_pop(struct redis_queue *q)
{
	q->first = (q->first + 1) & (q->n_slots - 1);
	q->n--;
}

enum redis_verb redis_verb_of(const char *name, size_t n)
{
	static const char *const names[] = {[REDIS_VERB_SUBSCRIBE] = "subscribe",
					    [REDIS_VERB_UNSUBSCRIBE] = "unsubscribe",
					    [REDIS_VERB_SSUBSCRIBE] = "ssubscribe",
					    [REDIS_VERB_SUNSUBSCRIBE] = "sunsubscribe"};
	for (unsigned v = REDIS_VERB_SUBSCRIBE; v <= REDIS_VERB_SUNSUBSCRIBE; v++) {
		if (strlen(names[v]) == n && !strncasecmp(names[v], name, n))
			return (enum redis_verb)v;
	}
	return REDIS_VERB_OTHER;
}
