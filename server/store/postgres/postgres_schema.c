#include "store/postgres/postgres_schema.h"

#include "base/clock.h"
#include "base/log.h"
#include "codec/buf.h"
#include "store/migrations.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_SQL "BEGIN; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SELECT " POSTGRES_LOCK_SQL ";"

/* Not to_regclass(): it may remember from before the lock that there was none. */
#define TABLE_SQL(name) \
	"SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relname = '" name \
	"'"

static const char has_tables_sql[] = "SELECT EXISTS (" TABLE_SQL("meta") ")";

/* pg_control_checkpoint() knows a new timeline only after the first checkpoint on it. The name of the file that is written now has it at once. */
#define GROUND_SQL \
	"concat_ws('/', (SELECT system_identifier FROM pg_control_system()), substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)," \
	" (SELECT oid FROM pg_database WHERE datname = current_database()), (" TABLE_SQL("event") "))"

static const char state_sql[] = "SELECT (SELECT value FROM meta WHERE key = 'schema'), " GROUND_SQL ","
				" (SELECT convert_from(bytes, 'UTF8') FROM meta WHERE key = 'ground'),"
				" (SELECT encode(bytes, 'hex') FROM meta WHERE key = 'epoch'),"
				" EXISTS (SELECT 1 FROM meta WHERE key = 'copy_of'),"
				" (SELECT convert_from(bytes, 'UTF8') FROM meta WHERE key = 'moved_to'),"
				" has_table_privilege((" TABLE_SQL("writer") "), 'INSERT')"; /* NULL: there is none */

static const char put_epoch_sql[] =
	"INSERT INTO meta (key, bytes) VALUES ('epoch', decode($1, 'hex')), ('ground', convert_to(" GROUND_SQL ", 'UTF8'))"
	" ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes";

struct state {
	int number; /* of the last migration; 0: there are no tables */
	bool has_epoch, is_same_ground;
	struct uid epoch;
	bool is_half_copied;
	bool may_not_write;
	char moved_to[120]; /* "": it is here */
};

struct taking {
	struct postgres_session session;
	char *reason;
	size_t n;
};

static bool is_good(const PGresult *result)
{
	return result && (PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK);
}

static int failure(struct taking *t, const PGresult *result)
{
	return postgres_query_failure(&t->session, result, t->reason, t->n);
}

static int run(struct taking *t, const char *sql)
{
	auto_result *result = postgres_query(&t->session, sql);
	return is_good(result) ? DB_OK : failure(t, result);
}

static bool read_epoch(const char *hex, struct uid *out)
{
	if (strlen(hex) != 2 * sizeof out->b)
		return false;
	for (size_t i = 0; i < sizeof out->b; i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
		out->b[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}

/* What was asked does not fit the columns: class 42 is of names and types, but for the right to read; 22 is of values. */
static bool is_of_other_columns(const PGresult *result)
{
	const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	return sqlstate && (strncmp(sqlstate, "22", 2) == 0 || strncmp(sqlstate, "42", 2) == 0) && strcmp(sqlstate, "42501") != 0;
}

static int read_state(struct taking *t, struct state *out)
{
	*out = (struct state){0};
	auto_result *has_tables = postgres_query(&t->session, has_tables_sql);
	if (!is_good(has_tables))
		return failure(t, has_tables);
	if (PQgetvalue(has_tables, 0, 0)[0] != 't')
		return DB_OK;
	auto_result *state = postgres_query(&t->session, state_sql);
	long long number = is_good(state) ? strtoll(PQgetvalue(state, 0, 0), NULL, 10) : 0; /* NULL is "" here */
	if (is_good(state) ? number < 1 : is_of_other_columns(state)) {
		snprintf(t->reason, t->n, "the schema has a table \"meta\" that Parley did not make: give Parley a schema of its own");
		return DB_FAILED;
	}
	if (!is_good(state))
		return failure(t, state);
	out->number = number < INT_MAX ? (int)number : INT_MAX;
	out->is_same_ground = strcmp(PQgetvalue(state, 0, 1), PQgetvalue(state, 0, 2)) == 0;
	out->has_epoch = read_epoch(PQgetvalue(state, 0, 3), &out->epoch);
	out->is_half_copied = PQgetvalue(state, 0, 4)[0] == 't';
	snprintf(out->moved_to, sizeof out->moved_to, "%s", PQgetvalue(state, 0, 5));
	out->may_not_write = PQgetvalue(state, 0, 6)[0] == 'f';
	return DB_OK;
}

static int refuse_newer(struct taking *t, int number)
{
	snprintf(
		t->reason, t->n,
		"the database was migrated to step %d by a newer parleyd, and this one knows %d: start the newer parleyd, or restore a dump"
		" from before",
		number, store_migrations_newest);
	return DB_FAILED;
}

/* A history that goes on in two places is two histories with the same seqs. */
static int refuse_copied(struct taking *t, const struct state *state)
{
	if (state->is_half_copied)
		snprintf(t->reason, t->n,
			 "the database is an unfinished copy: finish it with the parley admin copy that was begun, or empty it");
	else if (state->moved_to[0])
		snprintf(t->reason, t->n,
			 "moved to %s: start parleyd on that, or for a history of its own DELETE FROM meta WHERE key"
			 " IN ('moved_to', 'epoch')",
			 state->moved_to);
	return state->is_half_copied || state->moved_to[0] ? DB_FAILED : DB_OK;
}

static int refuse_reading(struct taking *t)
{
	snprintf(
		t->reason, t->n,
		"the role may read the tables and not write them: connect as their owner, or ALTER TABLE … OWNER TO the role, for each of them");
	return DB_FAILED;
}

/* Tables that are made now would be an empty server for all who are connected, and in the way of a dump that is about to be restored. */
static int refuse_gone(struct taking *t)
{
	snprintf(
		t->reason, t->n,
		"the tables are gone: another schema is the first of the search_path, or the database was made anew. Put back what was there,"
		" or start parleyd anew to begin with empty tables");
	return DB_FAILED;
}

/* Within the transaction that holds the lock. why: for the log; NULL: the database is new. */
static int put_new_epoch(struct taking *t, const char *why)
{
	struct uid epoch;
	char hex[2 * sizeof epoch.b + 1];

	uid_random(&epoch, 1);
	for (size_t i = 0; i < sizeof epoch.b; i++)
		snprintf(hex + 2 * i, 3, "%02x", epoch.b[i]);
	auto_result *result = postgres_query_with(&t->session, put_epoch_sql, 1, (const char *const[]){hex});
	if (!is_good(result))
		return failure(t, result);
	if (why)
		LOG_WARN("store.new_epoch", LOG_S("why", why));
	return DB_OK;
}

static int migrate_step(struct taking *t, const struct store_migration *step)
{
	auto_buf sql = BUF_INIT;

	buf_append_str(&sql, step->postgres);
	buf_appendf(&sql, ";INSERT INTO meta (key, value) VALUES ('schema', %d) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
		    step->number);
	buf_append_byte(&sql, '\0');
	auto_result *result = postgres_query(&t->session, (const char *)sql.data);
	int rc = is_good(result) ? run(t, "COMMIT") : failure(t, result);
	if (rc == DB_FAILED) {
		const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
		size_t used = strlen(t->reason);
		snprintf(
			t->reason + used, t->n - used, "; migration %d fails%s", step->number,
			sqlstate && strcmp(sqlstate, "42501") == 0 /* insufficient_privilege */
				? ": make a schema in which the role may create (CREATE SCHEMA … AUTHORIZATION the role), and name it in the search_path"
				: "");
	}
	if (rc == DB_OK)
		LOG_INFO("store.migrated", LOG_I("number", step->number), LOG_S("name", step->name));
	return rc;
}

/* One step under the lock; *is_done: there was none left, and the epoch is right. */
static int step_locked(struct taking *t, bool *is_done)
{
	struct state state;
	int rc = run(t, LOCK_SQL);

	if (rc == DB_OK)
		rc = read_state(t, &state);
	if (rc != DB_OK)
		return rc;
	if (state.number > store_migrations_newest)
		return refuse_newer(t, state.number);
	if (state.number < store_migrations_newest)
		return migrate_step(t, &store_migrations[state.number]);
	*is_done = true;
	if (!state.has_epoch || !state.is_same_ground)
		rc = put_new_epoch(t, state.has_epoch ? "the database is restored, recovered or promoted: it may lack what was told before"
						      : NULL);
	return rc == DB_OK ? run(t, "COMMIT") : rc;
}

static void abandon(struct taking *t)
{
	if (PQtransactionStatus(t->session.conn) != PQTRANS_IDLE && PQstatus(t->session.conn) == CONNECTION_OK)
		PQclear(postgres_query(&t->session, "ROLLBACK"));
}

int postgres_schema_take(const struct postgres_session *s, const struct db_postgres_options *options, bool is_first, struct uid *epoch,
			 char *reason, size_t n)
{
	struct taking t = {*s, reason, n};
	struct state state = {0};
	int rc = read_state(&t, &state);

	if (rc == DB_OK && state.number > store_migrations_newest)
		return refuse_newer(&t, state.number);
	if (rc == DB_OK && !options->is_for_copy)
		rc = refuse_copied(&t, &state);
	if (rc == DB_OK && state.may_not_write)
		rc = refuse_reading(&t);
	if (rc == DB_OK && state.number == 0 && !is_first)
		rc = refuse_gone(&t);
	if (rc == DB_OK && (state.number < store_migrations_newest || !state.has_epoch || !state.is_same_ground)) {
		bool is_done = false;
		t.session.deadline_ms += (uint64_t)options->migrate_ms;
		while (rc == DB_OK && !is_done)
			rc = step_locked(&t, &is_done);
		if (rc == DB_OK)
			rc = read_state(&t, &state);
		else
			abandon(&t);
	}
	*epoch = state.epoch;
	return rc;
}

int postgres_schema_renew_epoch(const struct postgres_session *s, const char *why, struct uid *epoch, char *reason, size_t n)
{
	struct taking t = {*s, reason, n};
	struct state state = {0};
	int rc = run(&t, LOCK_SQL);

	if (rc == DB_OK)
		rc = read_state(&t, &state);
	if (rc == DB_OK && uid_equal(&state.epoch, epoch))
		rc = put_new_epoch(&t, why);
	if (rc == DB_OK)
		rc = run(&t, "COMMIT");
	if (rc == DB_OK)
		rc = read_state(&t, &state);
	else
		abandon(&t);
	*epoch = state.epoch;
	return rc;
}
