#include "store/postgres/postgres_server.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

/* Only warnings: that a commit reached no standby, and the like. */
static void log_notice(void *nothing, const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	(void)nothing;
	if (severity && text && strcmp(severity, "WARNING") == 0)
		LOG_WARN("store.server_warning", LOG_S("text", text));
}

static bool is_on(const PGconn *conn, const char *parameter)
{
	const char *value = PQparameterStatus(conn, parameter);
	return value && strcmp(value, "on") == 0;
}

/* What the server says without being asked. */
static int check_reports(const PGconn *conn, char *reason, size_t n)
{
	int version = PQserverVersion(conn);
	const char *encoding = PQparameterStatus(conn, "server_encoding");

	if (version < DB_POSTGRES_VERSION_LEAST * 10000) {
		snprintf(reason, n, "the server is PostgreSQL %d.%d, and %d is the least: upgrade it", version / 10000, version % 10000,
			 DB_POSTGRES_VERSION_LEAST);
		return DB_FAILED;
	}
	if (!encoding || strcmp(encoding, "UTF8") != 0) {
		snprintf(reason, n, "the database is encoded in %s: make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
			 encoding ? encoding : "an unknown way");
		return DB_FAILED;
	}
	if (is_on(conn, "in_hot_standby")) {
		snprintf(reason, n, "the server is a standby, which is read only: it is tried again until it is promoted");
		return DB_AWAY;
	}
	if (is_on(conn, "default_transaction_read_only")) {
		snprintf(reason, n, "the server is read only (default_transaction_read_only): set it off for this role");
		return DB_FAILED;
	}
	return DB_OK;
}

/* What a role or a database may have set otherwise. jit: compiling a plan takes longer than any of ours runs. transaction_timeout: since PostgreSQL 17.
 * tcp_keepalives: where the network ends within a group, the server counts the session busy, and nothing else ends what it has locked; usual are two hours. */
#define SETTINGS_SQL \
	"SET statement_timeout = %d; SET lock_timeout = %d; SET idle_in_transaction_session_timeout = %d;" \
	"SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;" \
	"SET default_transaction_isolation = 'read committed'; SET client_min_messages = warning; SET jit = off;" \
	"SET idle_session_timeout = 0; SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout';" \
	"SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_schema()"

int postgres_server_check(const struct postgres_session *s, const struct db_postgres_options *options, char *reason, size_t n)
{
	int rc = check_reports(s->conn, reason, n);
	if (rc != DB_OK)
		return rc;
	char sql[sizeof SETTINGS_SQL + 48];
	snprintf(sql, sizeof sql, SETTINGS_SQL, options->statement_ms, options->lock_ms, options->idle_ms);
	PQsetNoticeReceiver(s->conn, log_notice, NULL);
	auto_result *result = postgres_query(s, sql);
	if (!result || PQresultStatus(result) != PGRES_TUPLES_OK)
		return postgres_query_failure(s, result, reason, n);
	static const char *const settings[] = {"synchronous_commit", "fsync"};
	for (int i = 0; i < 2; i++) {
		if (options->may_lose_commits || strcmp(PQgetvalue(result, 0, i), "off") != 0)
			continue;
		snprintf(reason, n, "the server acknowledges what is not on disk (%s = off): set it on, or allow that commits are lost",
			 settings[i]);
		return DB_FAILED;
	}
	if (PQgetisnull(result, 0, 2)) {
		snprintf(reason, n, "no schema of the search_path exists: make one with CREATE SCHEMA … AUTHORIZATION the role");
		return DB_FAILED;
	}
	return DB_OK;
}
