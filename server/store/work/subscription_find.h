/* What the reads about subscriptions share. A reader's thread. */
#ifndef PARLEY_STORE_WORK_SUBSCRIPTION_FIND_H
#define PARLEY_STORE_WORK_SUBSCRIPTION_FIND_H

#include "store/work/store_reader.h"

/* DB_ROW, and *out is filled; DB_DONE: there is none; or a failure. */
int subscription_find(struct store_reader *r, const struct subscription_ref *which, struct store_subscription *out);

#endif
