/*
 * What names look like (work/skeleton.h) is stored beside them, as the libraries of one server made it. `meta.skeletons` says of which version that is. A
 * connection of a server with other libraries makes all of it anew, in one transaction, under the lock of the schema: of several that begin at once one does it. About
 * a second for 100,000 names, in which nobody makes or renames any.
 *
 * Two servers with different libraries (Debian 12 beside 13) can work on one database, as they do while one after the other is upgraded. Each connects, finds the other's version
 * and makes all anew; what it stores after that is of its own version, whatever the note says by then. So a name can get in that looks like another one in the eyes of one of
 * the two only. The next change of versions finds it: the older name keeps its skeleton, and the newer one stays without. The log tells each time.
 */
#ifndef PARLEY_STORE_POSTGRES_POSTGRES_SKELETONS_H
#define PARLEY_STORE_POSTGRES_POSTGRES_SKELETONS_H

#include "base/memory.h"
#include "store/db.h"

/* The writer's connection, outside of a transaction. Where the version is right it takes one round trip. DB_OK, or a failure, after which it is tried again. */
int postgres_skeletons_renew(struct db *db) warn_unused;

#endif
