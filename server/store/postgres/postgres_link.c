#include "store/postgres/postgres_link.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/secret.h"
#include "store/postgres/postgres_hosts.h"
#include "store/postgres/postgres_pipe.h"
#include "store/postgres/postgres_schema.h"
#include "store/postgres/postgres_server.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct postgres_link {
	struct db_postgres_options options; /* its texts are ours */
	struct uid epoch;
	struct postgres_hosts hosts;
	unsigned n_failures; /* since the last connection that lasted */
	uint64_t connected_ms;
	char logged_reason[DB_POSTGRES_REASON_BYTES];
	int stop_fd;

	pthread_mutex_t lock; /* guards what follows */
	struct db_postgres_status status;
	uint64_t next_try_ms; /* clock_mono_ms() */
};

static int usual(int given, int otherwise)
{
	return given > 0 ? given : otherwise;
}

struct postgres_link *postgres_link_new(const struct db_postgres_options *options)
{
	struct postgres_link *link = mem_new(struct postgres_link);
	struct db_postgres_options *o = &link->options;

	*o = *options;
	o->address = mem_strndup(options->address, strlen(options->address));
	o->password = options->password ? mem_strndup(options->password, strlen(options->password)) : NULL;
	o->connect_ms = usual(options->connect_ms, 5000);
	o->statement_ms = usual(options->statement_ms, 10000);
	o->lock_ms = usual(options->lock_ms, 3000);
	o->idle_ms = usual(options->idle_ms, 15000);
	o->answer_ms = usual(options->answer_ms, o->statement_ms + 5000);
	o->long_ms = usual(options->long_ms, 3600000);
	o->migrate_ms = usual(options->migrate_ms, 600000);
	link->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&link->lock, NULL);
	link->status.since_ms = clock_wall_ms();
	snprintf(link->status.reason, sizeof link->status.reason, "not tried yet");
	return link;
}

void postgres_link_free(struct postgres_link *link)
{
	if (!link)
		return;
	free((char *)link->options.address);
	free((char *)link->options.password);
	postgres_hosts_finish(&link->hosts);
	if (link->stop_fd >= 0)
		close(link->stop_fd);
	pthread_mutex_destroy(&link->lock);
	free(link);
}

void postgres_link_stop(struct postgres_link *link)
{
	(void)!write(link->stop_fd, &(uint64_t){1}, sizeof(uint64_t)); /* it is full only when it is set already */
}

int postgres_link_stop_fd(const struct postgres_link *link)
{
	return link->stop_fd;
}

const struct db_postgres_options *postgres_link_options(const struct postgres_link *link)
{
	return &link->options;
}

struct uid *postgres_link_epoch(struct postgres_link *link)
{
	return &link->epoch;
}

void postgres_link_status(struct postgres_link *link, struct db_postgres_status *out)
{
	uint64_t now_ms = clock_mono_ms();

	pthread_mutex_lock(&link->lock);
	*out = link->status;
	out->next_try_in_ms = out->is_connected || link->next_try_ms <= now_ms ? 0 : link->next_try_ms - now_ms;
	pthread_mutex_unlock(&link->lock);
}

/* --- states ------------------------------------------------------------------------------------------------------------------------------ */

/* A random part of a time that doubles: servers that lost the database together do not come back together. */
static uint64_t next_pause_ms(unsigned n_failures)
{
	uint64_t most = POSTGRES_LINK_PAUSE_FIRST_MS;
	for (unsigned i = 0; i < n_failures && most < POSTGRES_LINK_PAUSE_MOST_MS; i++)
		most *= 2;
	if (most > POSTGRES_LINK_PAUSE_MOST_MS)
		most = POSTGRES_LINK_PAUSE_MOST_MS;
	return secret_random_below((uint32_t)most + 1);
}

static void now_away(struct postgres_link *link, const char *reason)
{
	struct db_postgres_status *status = &link->status;

	/* A server that takes connections and loses them at once is not asked again at once. */
	if (status->is_connected && clock_mono_ms() - link->connected_ms >= POSTGRES_LINK_LASTS_MS)
		link->n_failures = 0;
	uint64_t pause_ms = next_pause_ms(link->n_failures++);
	/* Each of several hosts may have its own reason: one line when all were tried. */
	bool is_news = status->is_connected || (postgres_hosts_is_first(&link->hosts) && strcmp(link->logged_reason, reason) != 0);
	pthread_mutex_lock(&link->lock);
	if (status->is_connected)
		status->since_ms = clock_wall_ms();
	status->is_connected = false;
	link->next_try_ms = clock_mono_ms() + pause_ms;
	snprintf(status->reason, sizeof status->reason, "%s", reason);
	pthread_mutex_unlock(&link->lock);
	if (!is_news)
		return;
	snprintf(link->logged_reason, sizeof link->logged_reason, "%s", reason);
	LOG_WARN("store.not_connected", LOG_S("database", status->place), LOG_S("reason", status->reason),
		 LOG_U("next_try_in_ms", pause_ms));
}

static void now_connected(struct postgres_link *link, const PGconn *conn)
{
	struct db_postgres_status *status = &link->status;

	link->connected_ms = clock_mono_ms();
	pthread_mutex_lock(&link->lock);
	status->is_connected = true;
	status->since_ms = clock_wall_ms();
	status->n_connects++;
	status->server_version = PQserverVersion(conn);
	status->reason[0] = link->logged_reason[0] = '\0';
	pthread_mutex_unlock(&link->lock);
	if (link->options.metrics)
		metric_add(&link->options.metrics->store_connects_total, 1);
	LOG_INFO("store.connected", LOG_S("database", status->place), LOG_I("server_version", status->server_version));
}

void postgres_link_lost(struct postgres_link *link, const char *reason)
{
	now_away(link, reason);
}

static bool is_stopped(const struct postgres_link *link)
{
	struct pollfd polled = {.fd = link->stop_fd, .events = POLLIN};
	return poll(&polled, 1, 0) > 0;
}

/* --- one try ----------------------------------------------------------------------------------------------------------------------------- */

/* What comes first gives way to the address; what comes after it takes its place, unless it is NULL. libpq expands `dbname`, be it a URI or keywords. */
static PGconn *start(const struct db_postgres_options *o, const struct postgres_hosts *hosts)
{
	const char *keywords[] = {"fallback_application_name",
				  "keepalives_idle",
				  "keepalives_interval",
				  "keepalives_count",
				  "tcp_user_timeout",
				  "dbname",
				  "client_encoding",
				  "password",
				  "host",
				  "hostaddr",
				  "port",
				  NULL};
	char idle_ms[16];
	snprintf(idle_ms, sizeof idle_ms, "%d", o->answer_ms);
	const char *values[] = {"parleyd",       "10",        "5", "3", idle_ms, o->address, "UTF8", o->password, hosts->host,
				hosts->hostaddr, hosts->port, NULL};
	return PQconnectStartParams(keywords, values, 1);
}

/* Every address has the whole time to be reached. One whose time is over is given up, and libpq goes on to the next one. */
static int finish(const struct postgres_link *link, PGconn *conn, uint64_t *deadline_ms, char *reason, size_t n)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	if (!conn || PQstatus(conn) == CONNECTION_BAD)
		status = PGRES_POLLING_FAILED;
	while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
		short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		if (postgres_pipe_wait_socket(PQsocket(conn), link->stop_fd, events, *deadline_ms) == DB_OK) {
			status = PQconnectPoll(conn);
		} else if (!is_stopped(link) && PQstatus(conn) == CONNECTION_STARTED) {
			shutdown(PQsocket(conn), SHUT_RDWR);
			*deadline_ms = clock_mono_ms() + (uint64_t)link->options.connect_ms;
			status = PQconnectPoll(conn);
		} else {
			snprintf(reason, n, "%s", is_stopped(link) ? "stopped" : "no connection within the time");
			return DB_AWAY;
		}
	}
	if (status == PGRES_POLLING_OK)
		return DB_OK;
	return postgres_query_failure(&(struct postgres_session){.conn = conn}, NULL, reason, n);
}

static void note_place(struct postgres_link *link, PGconn *conn)
{
	const char *host = PQhost(conn), *port = PQport(conn), *name = PQdb(conn), *user = PQuser(conn);

	pthread_mutex_lock(&link->lock);
	snprintf(link->status.place, sizeof link->status.place, "%s:%s/%s as %s", host ? host : "", port ? port : "", name ? name : "",
		 user ? user : "");
	pthread_mutex_unlock(&link->lock);
}

static int try_once(struct postgres_link *link, PGconn **out, char *reason, size_t n)
{
	const struct db_postgres_options *o = &link->options;
	PQconninfoOption *parsed = strchr(o->address, '=') || strstr(o->address, "://") ? PQconninfoParse(o->address, NULL) : NULL;

	/* libpq's own sentence may repeat the password. */
	if (!parsed && *o->address && (strchr(o->address, '=') || strstr(o->address, "://"))) {
		snprintf(reason, n, "the database's address is neither a URI (postgresql://…) nor a list of keywords that libpq can read");
		return DB_FAILED;
	}
	PQconninfoFree(parsed);
	struct postgres_session session = {
		.conn = start(o, &link->hosts), .stop_fd = link->stop_fd, .deadline_ms = clock_mono_ms() + (uint64_t)o->connect_ms};
	if (session.conn)
		note_place(link, session.conn);
	int rc = finish(link, session.conn, &session.deadline_ms, reason, n);
	if (rc == DB_OK)
		note_place(link, session.conn); /* of several hosts it may be another one */
	if (rc == DB_OK)
		rc = postgres_server_check(&session, o, reason, n);
	if (rc == DB_OK)
		rc = postgres_schema_take(&session, o, link->status.n_connects == 0, &link->epoch, reason, n);
	if (rc == DB_OK) {
		*out = session.conn;
		return DB_OK;
	}
	if (session.conn)
		postgres_hosts_next(&link->hosts, session.conn);
	PQfinish(session.conn);
	return rc == DB_FAILED ? DB_FAILED : DB_AWAY;
}

int postgres_link_connect(struct postgres_link *link, PGconn **out)
{
	char reason[DB_POSTGRES_REASON_BYTES] = "stopped";

	/* Nothing but a stop ends this wait early: there is no socket to look at. */
	if (!is_stopped(link))
		postgres_pipe_wait_socket(-1, link->stop_fd, 0, link->next_try_ms);
	int rc = is_stopped(link) ? DB_AWAY : try_once(link, out, reason, sizeof reason);
	if (rc == DB_OK)
		now_connected(link, *out);
	else
		now_away(link, reason);
	return rc;
}
