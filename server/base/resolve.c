/* The thread owns its question and one end of a socket pair, into which it writes the answer as bytes. It shares nothing else with the loop. */
#include "base/resolve.h"

#include "base/memory.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct resolve {
	struct loop_watch *watch; /* on fd */
	int fd;
	void (*done)(void *arg, const struct resolve_answer *answer);
	void *arg;
};

struct question {
	int fd;
	char port[8];
	char host[];
};

static void ask(const char *host, const char *port, int flags, struct resolve_answer *out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV}, *found = NULL;
	*out = (struct resolve_answer){.fault = getaddrinfo(host, port, &hints, &found)};
	if (out->fault)
		return;
	for (struct addrinfo *a = found; a && out->n < RESOLVE_ADDRESSES_MAX; a = a->ai_next) {
		if (a->ai_addrlen > sizeof(out->addresses[0].address))
			continue;
		memcpy(&out->addresses[out->n].address, a->ai_addr, a->ai_addrlen);
		out->addresses[out->n++].n_bytes = a->ai_addrlen;
	}
	freeaddrinfo(found);
	if (!out->n)
		out->fault = EAI_NONAME;
}

bool resolve_number(const char *host, uint16_t port, struct resolve_answer *out)
{
	char text[8];
	snprintf(text, sizeof(text), "%u", port);
	ask(host, text, AI_NUMERICHOST, out);
	return !out->fault;
}

static void *answer(void *arg)
{
	struct question *q = arg;
	struct resolve_answer out;
	ask(q->host, q->port, AI_ADDRCONFIG, &out);
	/* Whoever asked may be gone. A socket pair takes this many bytes whole. */
	ssize_t sent = send(q->fd, &out, sizeof(out), MSG_NOSIGNAL);
	(void)sent;
	close(q->fd);
	free(q);
	return NULL;
}

static void on_answer(void *arg)
{
	struct resolve *r = arg;
	struct resolve_answer out;
	ssize_t n = recv(r->fd, &out, sizeof(out), MSG_DONTWAIT);
	if (n != (ssize_t)sizeof(out))
		out = (struct resolve_answer){.fault = EAI_SYSTEM};
	loop_watch_pause(r->watch, true);
	r->done(r->arg, &out);
}

/* Signals are for the loop's thread. */
static int start_thread(struct question *q)
{
	pthread_t thread;
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&thread, NULL, answer, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failed)
		pthread_detach(thread);
	return failed;
}

struct resolve *resolve_new(struct loop *l, const char *host, uint16_t port, void (*done)(void *arg, const struct resolve_answer *answer),
			    void *arg)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return NULL;
	size_t n = strlen(host) + 1;
	struct question *q = mem_zalloc(sizeof(*q) + n);
	q->fd = pair[1];
	snprintf(q->port, sizeof(q->port), "%u", port);
	memcpy(q->host, host, n);
	if (start_thread(q) != 0) {
		close(pair[0]);
		close(pair[1]);
		free(q);
		return NULL;
	}
	struct resolve *r = mem_new(struct resolve);
	*r = (struct resolve){.fd = pair[0], .done = done, .arg = arg};
	r->watch = loop_watch_readable(l, r->fd, on_answer, r);
	return r;
}

void resolve_destroy(struct resolve *r)
{
	if (!r)
		return;
	loop_watch_destroy(r->watch);
	close(r->fd);
	free(r);
}
