#include "postgres_server.h"

#include "cmocka_wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_TRIES = 600, TRY_NS = 100000000 }; /* a minute */

static void pause_a_little(void)
{
	nanosleep(&(struct timespec){.tv_nsec = TRY_NS}, NULL);
}

static const struct passwd *find_user(void)
{
	const struct passwd *user = getpwnam("postgres");
	return user ? user : getpwnam("nobody");
}

static void find_programs(struct postgres_server *s)
{
	const char *given = getenv("POSTGRES_BIN");
	glob_t found = {0};

	if (given) {
		snprintf(s->bin, sizeof s->bin, "%s", given);
		return;
	}
	if (glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) != 0)
		fail_msg("PostgreSQL's server is missing: deploy/install-deps test brings it");
	snprintf(s->bin, sizeof s->bin, "%s", found.gl_pathv[found.gl_pathc - 1]);
	*strrchr(s->bin, '/') = '\0';
	globfree(&found);
}

/* In a child: runs as the server's user, in its folder, without the test's open files; it ends with the test. */
static void become_server(const struct postgres_server *s)
{
	pid_t parent = getppid();
	if (geteuid() == 0) {
		const struct passwd *user = find_user();
		if (!user || initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
			_exit(126);
	}
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	if (getppid() != parent || chdir(s->folder) != 0)
		_exit(126);
	int log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (log < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
		_exit(126);
	setenv("SOCKET", s->folder, 1);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
}

int postgres_server_run(const struct postgres_server *s, const char *command)
{
	char whole[1024];
	snprintf(whole, sizeof whole, "exec \"%s\"/%s", s->bin, command);
	pid_t pid = fork();
	if (pid == 0) {
		become_server(s);
		execl("/bin/sh", "sh", "-c", whole, (char *)NULL);
		_exit(127);
	}
	int status = -1;
	assert_true(pid > 0);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void postgres_server_set(const struct postgres_server *s, const char *line)
{
	char path[128];
	snprintf(path, sizeof path, "%s/data/postgresql.conf", s->folder);
	FILE *conf = fopen(path, "a");
	assert_non_null(conf);
	fprintf(conf, "%s\n", line);
	fclose(conf);
}

void postgres_server_folder(struct postgres_server *s)
{
	const char *place = getenv("TMPDIR");
	snprintf(s->folder, sizeof s->folder, "%s/parley-postgres-XXXXXX", place ? place : "/tmp");
	assert_non_null(mkdtemp(s->folder));
	if (geteuid() == 0) {
		const struct passwd *user = find_user();
		assert_non_null(user);
		assert_int_equal(chown(s->folder, user->pw_uid, user->pw_gid), 0);
	}
}

/* Runs a command of a shell: true when it works. $KEPT is the cluster that is kept for this version, $NEW this server's. */
static bool shell(const struct postgres_server *s, const char *command)
{
	char whole[1024];
	snprintf(
		whole, sizeof whole,
		"KEPT=$(dirname \"$(readlink /proc/%d/exe)\")/postgres-template-$(\"%s\"/postgres --version | cut -d' ' -f3); NEW=%s/data; %s",
		(int)getpid(), s->bin, s->folder, command);
	return system(whole) == 0;
}

/* initdb takes a second of a processor, a copy a tenth of that. So one cluster is kept beside the tests' programs. It gets its name when it is complete. */
static void make_data(const struct postgres_server *s)
{
	if (shell(s, "[ -d \"$KEPT\" ] && cp -r --reflink=auto \"$KEPT\" $NEW && chown -R --reference=$NEW/.. $NEW && chmod -R go= $NEW"))
		return;
	if (postgres_server_run(s, "initdb -D data -U parley -A trust -E UTF8 --locale=C --wal-segsize=1 --no-sync") != 0)
		fail_msg("initdb fails; see %s/log", s->folder);
	assert_true(shell(s, "mine=\"$KEPT.$$\"; cp -r $NEW \"$mine\" && mv -T \"$mine\" \"$KEPT\" 2>/dev/null || rm -rf \"$mine\""));
}

void postgres_server_make(struct postgres_server *s)
{
	*s = (struct postgres_server){0};
	find_programs(s);
	postgres_server_folder(s);
	make_data(s);
	char line[256];
	snprintf(
		line, sizeof line,
		"listen_addresses = ''\nunix_socket_directories = '%s'\ndeadlock_timeout = 50ms\nfsync = off\nshared_buffers = 32MB\nmax_wal_size = 64MB",
		s->folder);
	postgres_server_set(s, line);
	postgres_server_start(s);
}

void postgres_server_address(const struct postgres_server *s, const char *name, char *out, size_t n)
{
	snprintf(out, n, "host=%s dbname=%s user=parley", s->folder, name);
}

static bool runs(struct postgres_server *s)
{
	int status;
	if (waitpid(s->pid, &status, WNOHANG) == s->pid)
		s->pid = 0;
	return s->pid != 0;
}

void postgres_server_start(struct postgres_server *s)
{
	char program[160], address[160];
	snprintf(program, sizeof program, "%s/postgres", s->bin);
	postgres_server_address(s, "postgres", address, sizeof address);
	for (int i = 0; i < START_TRIES; i++) {
		/* After a SIGKILL the old one's children may still hold its memory; it refuses to start until they are gone. */
		if (s->pid == 0 && (s->pid = fork()) == 0) {
			become_server(s);
			execl(program, program, "-D", "data", (char *)NULL);
			_exit(127);
		}
		pause_a_little();
		if (runs(s) && PQping(address) == PQPING_OK)
			return;
	}
	fail_msg("the server does not start; see %s/log", s->folder);
}

static void end(struct postgres_server *s, int signal_number)
{
	if (s->pid == 0)
		return;
	kill(s->pid, signal_number);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	s->pid = 0;
}

void postgres_server_kill(struct postgres_server *s)
{
	end(s, SIGKILL);
}

void postgres_server_stop(struct postgres_server *s)
{
	end(s, SIGINT); /* "fast": clients are sent away */
}

void postgres_server_remove(struct postgres_server *s)
{
	char command[128];

	end(s, SIGQUIT);
	snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
	assert_int_equal(system(command), 0);
}

void postgres_server_sql(const struct postgres_server *s, const char *name, const char *sql, char *out, size_t n)
{
	char address[160];
	postgres_server_address(s, name, address, sizeof address);
	PGconn *conn = PQconnectdb(address);
	PGresult *result = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	if (out)
		snprintf(out, n, "%s", PQntuples(result) > 0 ? PQgetvalue(result, PQntuples(result) - 1, 0) : "");
	PQclear(result);
	PQfinish(conn);
}
