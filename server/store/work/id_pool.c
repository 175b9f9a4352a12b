#include "store/work/id_pool.h"

struct uid id_pool_take(struct id_pool *p)
{
	if (p->n == 0) {
		uid_random(p->ids, ID_POOL_IDS);
		p->n = ID_POOL_IDS;
	}
	return p->ids[--p->n];
}
