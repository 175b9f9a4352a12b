/* One connection, whose other end the test plays. */
#include "cmocka_wrap.h"

#include "bus/redis/redis_conn.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	LIMIT_MS = 60000, /* for what has to happen */
	PART_BYTES = 256 << 10,
	BEHIND_BYTES = 1 << 20, /* wait to be sent at each moment */
	N_PARTS = 256,
};

struct world {
	struct loop *loop;
	struct loop_timer *limit;
	char path[64];
	int listener, server; /* server: the other end */
	struct redis_conn *conn;
	bool is_ready, is_lost;
};

static void too_late(void *arg)
{
	(void)arg;
	fail_msg("it has not happened in time");
}

static void on_ready(void *arg)
{
	((struct world *)arg)->is_ready = true;
}

static void on_lost(void *arg)
{
	((struct world *)arg)->is_lost = true;
}

/* What the client sent, up to n bytes; 0 when nothing is there now. */
static size_t take(struct world *w, size_t n)
{
	static char bytes[PART_BYTES];
	ssize_t got = recv(w->server, bytes, n < sizeof(bytes) ? n : sizeof(bytes), MSG_DONTWAIT);
	assert_true(got > 0 || errno == EAGAIN);
	return got > 0 ? (size_t)got : 0;
}

static void say(struct world *w, const char *text)
{
	assert_int_equal(send(w->server, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void wait_for_command(struct world *w)
{
	while (!take(w, PART_BYTES))
		loop_run_once(w->loop);
}

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct redis_conn_config config = {0};
	struct redis_conn_events events = {.ready = on_ready, .lost = on_lost, .arg = w};
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	w->loop = config.loop = loop_new();
	w->limit = loop_timer_new(w->loop, too_late, w);
	loop_timer_start(w->limit, LIMIT_MS, 0);
	snprintf(w->path, sizeof(w->path), "/tmp/parley-test-redis-%d", (int)getpid());
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", w->path);
	w->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(w->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(w->listener, 1), 0);
	config.address.is_unix = true;
	memcpy(config.address.path, w->path, sizeof(w->path));
	w->conn = redis_conn_new(&config, &events);
	loop_run_once(w->loop);
	w->server = accept(w->listener, NULL, NULL);
	assert_true(w->server >= 0);
	wait_for_command(w); /* HELLO */
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;
	redis_conn_destroy(w->conn);
	loop_timer_destroy(w->limit);
	loop_destroy(w->loop);
	close(w->server);
	close(w->listener);
	unlink(w->path);
	free(w);
	return 0;
}

static void become_ready(struct world *w)
{
	say(w, "*2\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n");
	while (!w->is_ready)
		loop_run_once(w->loop);
}

static void nothing(void *arg, const struct redis_reply *r)
{
	(void)arg, (void)r;
}

static size_t allocated(void)
{
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

static void a_server_that_is_always_a_little_behind_costs_no_more_memory(void **state)
{
	struct world *w = *state;
	static char bytes[PART_BYTES];
	const struct redis_part parts[] = {{"PUBLISH", 7}, {"x", 1}, {bytes, sizeof(bytes)}};
	become_ready(w);
	size_t before = allocated();
	for (size_t i = 0; i < N_PARTS; i++) {
		redis_conn_command(w->conn, nothing, NULL, parts, 3);
		say(w, ":1\r\n");
		while (redis_conn_unsent(w->conn) > BEHIND_BYTES) {
			take(w, PART_BYTES / 4);
			redis_conn_flush(w->conn);
		}
		loop_run_once(w->loop);
	}
	assert_true(redis_conn_unsent(w->conn) > BEHIND_BYTES / 2);
	assert_false(w->is_lost);
	assert_true(allocated() < before + 8 * BEHIND_BYTES);
}

static void a_server_may_not_say_what_it_is_in_another_form(void **state)
{
	struct world *w = *state;
	say(w, "*2\r\n$4\r\nmode\r\n*8\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n");
	wait_for_command(w); /* INFO */
	say(w, "$22\r\nredis_mode:standalone\n\r\n");
	while (!w->is_ready)
		loop_run_once(w->loop);
	assert_int_equal(redis_conn_kind(w->conn), REDIS_PLAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_server_that_is_always_a_little_behind_costs_no_more_memory, begin, end),
		cmocka_unit_test_setup_teardown(a_server_may_not_say_what_it_is_in_another_form, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
