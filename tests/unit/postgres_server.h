/*
 * A real PostgreSQL server of a test's own: a new cluster in a temporary folder, reachable by a Unix socket there only. It runs as the user `postgres`
 * or `nobody`, because it refuses to run as root. It ends with the test. fsync is off: a kill loses nothing that the operating system has.
 *
 * Where the server's programs are missing the test fails: deploy/install-deps test brings them. POSTGRES_BIN names their folder; otherwise the newest
 * version of /usr/lib/postgresql is taken.
 */
#ifndef PARLEY_TESTS_POSTGRES_SERVER_H
#define PARLEY_TESTS_POSTGRES_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct postgres_server {
	char folder[64]; /* the socket is in it, and the cluster */
	char bin[128];
	pid_t pid; /* 0: it does not run */
};

/* An empty folder for a cluster, in TMPDIR or /tmp, owned by the server's user. */
void postgres_server_folder(struct postgres_server *s);
/* Makes the cluster and starts it. */
void postgres_server_make(struct postgres_server *s);
void postgres_server_start(struct postgres_server *s);
void postgres_server_kill(struct postgres_server *s); /* SIGKILL: what a power cut leaves */
void postgres_server_stop(struct postgres_server *s); /* in order */
/* Stops it and removes the cluster. */
void postgres_server_remove(struct postgres_server *s);
/* "host=… dbname=NAME user=parley" */
void postgres_server_address(const struct postgres_server *s, const char *name, char *out, size_t n);
/* Runs SQL as the owner of the cluster. The first column of the last row is in out (NULL: not wanted). Fails the test when it does not work. */
void postgres_server_sql(const struct postgres_server *s, const char *name, const char *sql, char *out, size_t n);
/* A line of postgresql.conf, for the next start. */
void postgres_server_set(const struct postgres_server *s, const char *line);
/* Runs a program of the server's folder as its user, to its end: its exit code. `command` is the program and its arguments, for a shell; $SOCKET is the
 * folder. */
int postgres_server_run(const struct postgres_server *s, const char *command);

#endif
