#include "store_on_postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MOST = 20 };

static struct postgres_server server;

static void end(void)
{
	postgres_server_remove(&server);
}

const char *store_on_postgres_database(const char *name)
{
	size_t n = strlen(name);
	return n > NAME_BYTES_MOST ? name + n - NAME_BYTES_MOST : name;
}

static void make_database(const char *name)
{
	char sql[100], found[8];
	snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_database WHERE datname = '%s'", name);
	postgres_server_sql(&server, "postgres", sql, found, sizeof found);
	snprintf(sql, sizeof sql, "CREATE DATABASE \"%s\"", name);
	if (found[0] == '0')
		postgres_server_sql(&server, "postgres", sql, NULL, 0);
}

struct store *store_on_postgres_open(struct loop *l, struct metrics *m, const char *name, size_t queue_max,
				     char fault[STORE_POSTGRES_FAULT_BYTES])
{
	char address[160], mark_path[300];
	snprintf(mark_path, sizeof mark_path, "%s/parley.mark", name);
	name = store_on_postgres_database(name);
	if (!server.folder[0]) {
		postgres_server_make(&server);
		atexit(end);
	}
	make_database(name);
	postgres_server_address(&server, name, address, sizeof address);
	struct store_postgres_config config = {.database = {.address = address, .may_lose_commits = true, .connect_ms = 60000},
					       .queue_max = queue_max,
					       .mark_path = mark_path};
	return store_postgres_open(l, m, &config, fault);
}

void store_on_postgres_change(const char *name, const char *sql)
{
	postgres_server_sql(&server, store_on_postgres_database(name), sql, NULL, 0);
}

struct postgres_server *store_on_postgres_server(void)
{
	return &server;
}
