/*
 * The tables of a PostgreSQL database, and the epoch.
 *
 * The tables stand in the first schema of the search_path that exists (current_schema()): `public` of a database of one's own, or the schema that
 * the role, the database or the address names (options=-csearch_path=…). A role needs no more than CREATE and USAGE on that schema. Nothing is named
 * with its schema anywhere, so that a dump may be restored into another one.
 *
 * Migrations (store/migrations.h) are made in one transaction each, under an advisory lock of the schema: of several instances that start
 * at once, one makes the tables and the others wait. The number is `meta.schema`.
 *
 * The epoch follows the database. With each connect it is asked what the database stands on: the cluster (system_identifier), its timeline, the
 * database and the table `event` (their OIDs). `meta.ground` says on what the epoch was made. A restored dump has other OIDs or another cluster; a
 * point-in-time recovery and a promoted standby have another timeline. Any difference makes a new epoch, in the database, under the same lock: all
 * instances read the same one, and clients get room.gap with the newest page in place of a seq that means something else now.
 *
 * A promoted standby that lost nothing gets a new epoch too. An instance can tell that its own last commits are there, but not that those of an
 * instance are there that is lost together with the old primary: clients of that one may hold seqs that were never replicated. Only the
 * server's own settings of the time of the commit could tell, and nobody has them. A gap after a failover is a page read again; a seq that two
 * different events had is a hole for ever.
 *
 * A copy of the cluster's files from an earlier moment (a snapshot of the disk) stands on the same ground, and so does a dump that is restored into the same
 * tables. Who finds that what was told is missing calls postgres_schema_renew_epoch(): the writer by its mark (postgres_mark.h), a reader by a room that ends too early
 * (STORE_ROOM_TOPS). Whoever stays connected meanwhile is told by the same question that the epoch is another one.
 */
#ifndef PARLEY_STORE_POSTGRES_POSTGRES_SCHEMA_H
#define PARLEY_STORE_POSTGRES_POSTGRES_SCHEMA_H

#include "store/postgres/db_postgres.h"
#include "store/postgres/postgres_query.h"

/* Of several servers one makes, migrates or changes all of the tables. The lock's number: ours in the upper half, the schema's in the lower. */
#define POSTGRES_LOCK_SQL \
	"pg_advisory_xact_lock(1348564089::bigint << 32 | (SELECT oid::bigint FROM pg_namespace WHERE nspname = current_schema()))"

/* Makes or migrates the tables, if that is to be done, and reads the epoch. Where nothing is to be done it takes two round trips and no lock.
 * DB_OK, DB_AWAY, or DB_FAILED (a newer version, no rights, half a copy, moved elsewhere) with a sentence in reason. options->migrate_ms: added to the
 * deadline where something is to be done. is_first: else the tables were there before, and are not made anew. */
int postgres_schema_take(const struct postgres_session *s, const struct db_postgres_options *options, bool is_first, struct uid *epoch,
			 char *reason, size_t n);
/* Puts a new epoch in the place of *epoch, unless another instance has done so, and reads it. */
int postgres_schema_renew_epoch(const struct postgres_session *s, const char *why, struct uid *epoch, char *reason, size_t n);

#endif
