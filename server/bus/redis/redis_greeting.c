#include "bus/redis/redis_greeting.h"

#include <stdio.h>
#include <string.h>

static void end(struct redis_greeting *g, const char *fault)
{
	void (*done)(void *arg, const char *fault) = g->done;
	g->done = NULL;
	if (done)
		done(g->arg, fault);
}

static bool is_error(const struct redis_reply *r, const char *beginning)
{
	return r->kind == REDIS_IS_ERROR && !strncmp(r->text, beginning, strlen(beginning));
}

static void refuse(struct redis_greeting *g, const struct redis_reply *r)
{
	char fault[REDIS_GREETING_FAULT_BYTES];
	snprintf(fault, sizeof(fault), "it refuses: %.120s", r->text);
	if (is_error(r, "WRONGPASS") || is_error(r, "ERR invalid password"))
		end(g, "it refuses the user or the password");
	else if (is_error(r, "NOAUTH") || is_error(r, "ERR operation not permitted"))
		end(g, "it asks for a password, and none is given");
	else
		end(g, fault);
}

/* A server that has no password says so to one that sends it. It lets everybody in, and so do we go in. */
static void on_auth(void *arg, const struct redis_reply *r)
{
	struct redis_greeting *g = arg;
	if (r->kind == REDIS_IS_ERROR && !strstr(r->text, "without any password configured") && !strstr(r->text, "no password is set"))
		refuse(g, r);
}

static void note_mode(struct redis_greeting *g, const char *mode, size_t n)
{
	if (n >= 8 && !memcmp(mode, "sentinel", 8))
		g->kind = REDIS_SENTINEL;
	else if (n >= 7 && !memcmp(mode, "cluster", 7))
		g->kind = REDIS_CLUSTER;
}

/* A user that may not ask is taken at its word that this is a usual master. */
static void on_info(void *arg, const struct redis_reply *r)
{
	struct redis_greeting *g = arg;
	if (is_error(r, "NOAUTH")) {
		refuse(g, r);
		return;
	}
	const char *mode = strstr(r->text, "redis_mode:");
	if (mode)
		note_mode(g, mode + strlen("redis_mode:"), strlen(mode + strlen("redis_mode:")));
	g->is_replica = strstr(r->text, "\nrole:slave") || strstr(r->text, "\nrole:replica");
	end(g, NULL);
}

bool redis_greeting_is_replica(const struct redis_reply *hello)
{
	const struct redis_reply *role = redis_reply_field(hello, "role");
	return redis_reply_is(role, "replica") || redis_reply_is(role, "slave");
}

static void on_hello(void *arg, const struct redis_reply *r)
{
	static const char *const info[] = {"INFO", NULL};
	struct redis_greeting *g = arg;
	if (!g->done)
		return;
	bool has_no_hello = is_error(r, "NOPERM") || is_error(r, "ERR unknown command");
	if (r->kind == REDIS_IS_ERROR && !has_no_hello) {
		refuse(g, r);
		return;
	}
	const struct redis_reply *mode = redis_reply_field(r, "mode");
	if (!mode || mode->kind != REDIS_IS_STRING) {
		redis_conn_command_words(g->conn, on_info, g, info);
		redis_conn_flush(g->conn);
		return;
	}
	note_mode(g, mode->text, mode->n);
	g->is_replica = redis_greeting_is_replica(r);
	end(g, NULL);
}

void redis_greeting_begin(struct redis_greeting *g, struct redis_conn *conn, const char *password,
			  void (*done)(void *arg, const char *fault), void *arg)
{
	static const char *const hello[] = {"HELLO", "2", "SETNAME", "parley", NULL};
	const char *user = redis_conn_address(conn)->user;
	*g = (struct redis_greeting){.conn = conn, .done = done, .arg = arg};
	if (user[0])
		redis_conn_command_words(conn, on_auth, g, (const char *const[]){"AUTH", user, password, NULL});
	else if (password[0])
		redis_conn_command_words(conn, on_auth, g, (const char *const[]){"AUTH", password, NULL});
	redis_conn_command_words(conn, on_hello, g, hello);
}
