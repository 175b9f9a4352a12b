/*
 * Fresh random ids (RFC 9562 version 4) by the hundred: one call of the kernel for a whole transaction's events, where
 * base/id.h makes several for each. Not thread-safe.
 */
#ifndef PARLEY_STORE_WORK_ID_POOL_H
#define PARLEY_STORE_WORK_ID_POOL_H

#include "codec/uid.h"

enum { ID_POOL_IDS = 256 };

struct id_pool { /* zeroed: empty */
	struct uid ids[ID_POOL_IDS];
	size_t n;
};

struct uid id_pool_take(struct id_pool *p);

#endif
