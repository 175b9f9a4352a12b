/*
 * A network of a certain length: delay_proxy PORT MICROSECONDS listens on a free port of 127.0.0.1, prints it, and passes connections on to PORT there. What it
 * reads is written so many microseconds later, each way: a round trip takes twice that. What is on its way is not bounded.
 * A process for each connection. All of them end with the one that was started, and that one with its parent.
 */
#include "base/clock.h"
#include "codec/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 16, N_PIECES = 1 << 14, FULL_NS = 50000 };

/* One direction: what is on its way, and when each piece of it arrives. */
struct way {
	int from, to;
	bool is_ended, is_told; /* no more comes; the other side knows */
	struct buf pieces[N_PIECES];
	uint64_t due_ns[N_PIECES];
	size_t first, n, n_written; /* of the first piece */
};

static void check(bool is_done, const char *what)
{
	if (is_done)
		return;
	perror(what);
	exit(1);
}

static int loopback_socket(uint16_t port, int (*use)(int fd, const struct sockaddr *address, socklen_t n_bytes), const char *what)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(fd >= 0, "socket");
	check(use(fd, (struct sockaddr *)&address, sizeof address) == 0, what);
	return fd;
}

/* False: the connection is lost. */
static bool take(struct way *w, uint64_t delay_ns)
{
	char bytes[PIECE_BYTES];
	ssize_t n = read(w->from, bytes, sizeof bytes);
	if (n < 0)
		return errno == EAGAIN;
	size_t at = (w->first + w->n) % N_PIECES;
	w->is_ended = n == 0;
	if (n > 0) {
		buf_append(&w->pieces[at], bytes, (size_t)n);
		w->due_ns[at] = clock_mono_ns() + delay_ns;
		w->n++;
	}
	return true;
}

/* Writes what has arrived by now. False: the connection is lost. */
static bool deliver(struct way *w)
{
	for (; w->n > 0 && w->due_ns[w->first] <= clock_mono_ns(); w->n--) {
		struct buf *piece = &w->pieces[w->first];
		ssize_t n = send(w->to, piece->data + w->n_written, piece->len - w->n_written, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return false;
		w->n_written += n > 0 ? (size_t)n : 0;
		if (w->n_written < piece->len) {
			w->due_ns[w->first] = clock_mono_ns() + FULL_NS;
			return true;
		}
		piece->len = w->n_written = 0;
		w->first = (w->first + 1) % N_PIECES;
	}
	if (w->n == 0 && w->is_ended && !w->is_told)
		w->is_told = shutdown(w->to, SHUT_WR) == 0;
	return true;
}

static void wait_for_any(struct way ways[2], struct pollfd polled[2])
{
	uint64_t next_ns = UINT64_MAX, now_ns = clock_mono_ns();
	for (int i = 0; i < 2; i++) {
		polled[i] = (struct pollfd){.fd = ways[i].is_ended || ways[i].n == N_PIECES ? -1 : ways[i].from, .events = POLLIN};
		if (ways[i].n > 0 && ways[i].due_ns[ways[i].first] < next_ns)
			next_ns = ways[i].due_ns[ways[i].first];
	}
	uint64_t rest_ns = next_ns > now_ns ? next_ns - now_ns : 0;
	struct timespec rest = {.tv_sec = (time_t)(rest_ns / 1000000000u), .tv_nsec = (long)(rest_ns % 1000000000u)};
	ppoll(polled, 2, next_ns == UINT64_MAX ? NULL : &rest, NULL);
}

static void carry(int client, int server, uint64_t delay_ns)
{
	struct way *ways = calloc(2, sizeof *ways);
	struct pollfd polled[2];
	bool goes_on = ways != NULL;
	check(goes_on, "memory");
	ways[0].from = ways[1].to = client;
	ways[0].to = ways[1].from = server;
	for (int i = 0; i < 2; i++) {
		setsockopt(ways[i].from, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		fcntl(ways[i].from, F_SETFL, O_NONBLOCK);
	}
	while (goes_on && !(ways[0].is_told && ways[1].is_told)) {
		wait_for_any(ways, polled);
		for (int i = 0; i < 2 && goes_on; i++)
			goes_on = (polled[i].revents == 0 || take(&ways[i], delay_ns)) && deliver(&ways[i]);
	}
	exit(0); /* the process was for this connection */
}

static void end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_TIMERSLACK, 1);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address;
	socklen_t n_bytes = sizeof address;
	if (argc != 3) {
		fprintf(stderr, "usage: delay_proxy PORT MICROSECONDS\n");
		return 2;
	}
	uint16_t port = (uint16_t)atoi(argv[1]);
	uint64_t delay_ns = strtoull(argv[2], NULL, 10) * 1000;
	end_with_parent();
	signal(SIGCHLD, SIG_IGN);
	int listener = loopback_socket(0, bind, "bind");
	check(listen(listener, 100) == 0, "listen");
	getsockname(listener, (struct sockaddr *)&address, &n_bytes);
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		check(client >= 0, "accept");
		if (fork() == 0) {
			end_with_parent();
			carry(client, loopback_socket(port, connect, "connect"), delay_ns);
		}
		close(client);
	}
}
