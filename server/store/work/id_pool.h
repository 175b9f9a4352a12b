/*
 * Fresh random ids in stock, for the events of a transaction: made singly they cost a call of the kernel each (codec/uid.h). Not
 * thread-safe.
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
