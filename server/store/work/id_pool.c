#include "store/work/id_pool.h"

#include <stdlib.h>
#include <sys/random.h>

static void refill(struct id_pool *p)
{
	/* Up to 256 bytes a call is whole or fails, and it fails only on a machine without randomness (getrandom(2)). */
	enum { AT_ONCE = 256 / sizeof(struct uid) };
	for (size_t i = 0; i < ID_POOL_IDS; i += AT_ONCE)
		if (getrandom(&p->ids[i], sizeof(struct uid[AT_ONCE]), 0) != (ssize_t)sizeof(struct uid[AT_ONCE]))
			abort();
	p->n = ID_POOL_IDS;
}

struct uid id_pool_take(struct id_pool *p)
{
	if (p->n == 0)
		refill(p);
	struct uid id = p->ids[--p->n];
	id.b[6] = (uint8_t)((id.b[6] & 0x0f) | 0x40);
	id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
	return id;
}
