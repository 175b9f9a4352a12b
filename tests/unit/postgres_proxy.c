#include "postgres_proxy.h"

#include "cmocka_wrap.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 16 };

static int socket_of(const char *folder, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof address->sun_path, "%s/.s.PGSQL.5432", folder);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	return fd;
}

/* The whole piece, or false. */
static bool pass(struct postgres_proxy *p, int from, int to)
{
	char piece[PIECE_BYTES];
	ssize_t n = read(from, piece, sizeof piece), sent = 0;
	int delay_ms = atomic_load(&p->delay_ms);

	if (n > 0 && delay_ms > 0)
		nanosleep(&(struct timespec){.tv_nsec = delay_ms * 1000000L}, NULL);
	while (sent < n) {
		ssize_t more = send(to, piece + sent, (size_t)(n - sent), MSG_NOSIGNAL);
		if (more <= 0)
			return false;
		sent += more;
	}
	return n > 0;
}

/* Copies until one side closes, or an answer is lost. */
static void serve(struct postgres_proxy *p, int client, int server)
{
	struct pollfd polled[] = {
		{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}, {.fd = p->stop_read, .events = POLLIN}};
	bool goes_on = true;

	while (goes_on && poll(polled, 3, -1) >= 0 && polled[2].revents == 0) {
		if (polled[1].revents && atomic_exchange(&p->loses_next, false))
			return;
		if (polled[1].revents)
			goes_on = pass(p, server, client);
		if (goes_on && polled[0].revents)
			goes_on = pass(p, client, server);
	}
}

static void *run(void *proxy)
{
	struct postgres_proxy *p = proxy;
	struct pollfd polled[] = {{.fd = p->listener, .events = POLLIN}, {.fd = p->stop_read, .events = POLLIN}};

	while (poll(polled, 2, -1) >= 0 && polled[1].revents == 0) {
		struct sockaddr_un address;
		int client = accept(p->listener, NULL, NULL), server = socket_of(p->server, &address);
		if (client >= 0 && connect(server, (struct sockaddr *)&address, sizeof address) == 0)
			serve(p, client, server);
		close(client);
		close(server);
	}
	return NULL;
}

void postgres_proxy_make(struct postgres_proxy *p, const char *server_folder)
{
	struct sockaddr_un address;
	int ends[2];

	*p = (struct postgres_proxy){0};
	snprintf(p->server, sizeof p->server, "%s", server_folder);
	snprintf(p->folder, sizeof p->folder, "/tmp/parley-proxy-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	p->listener = socket_of(p->folder, &address);
	assert_int_equal(bind(p->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(p->listener, 8), 0);
	assert_int_equal(pipe(ends), 0);
	p->stop_read = ends[0];
	p->stop_write = ends[1];
	assert_int_equal(pthread_create(&p->thread, NULL, run, p), 0);
}

void postgres_proxy_lose_next_answer(struct postgres_proxy *p)
{
	atomic_store(&p->loses_next, true);
}

void postgres_proxy_remove(struct postgres_proxy *p)
{
	char path[96];

	close(p->stop_write);
	pthread_join(p->thread, NULL);
	close(p->stop_read);
	close(p->listener);
	snprintf(path, sizeof path, "%s/.s.PGSQL.5432", p->folder);
	unlink(path);
	rmdir(p->folder);
}
