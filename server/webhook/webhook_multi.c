#include "webhook/webhook_multi.h"

#include "base/clock.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_MAX = 64, NO_DESCRIPTOR = -1 };

struct webhook_multi {
	CURLM *multi;
	int epoll_fd;
	int watched_fd;
	bool has_deadline;
	uint64_t deadline_ms;
	struct epoll_event events[EVENTS_MAX]; /* of this turn; those from `at` on are not handled yet */
	int n_events, at;
	struct list running; /* webhook_exchange.link */
	void (*ended)(void *arg, struct webhook_exchange *x);
	void *arg;
};

/* libcurl's multi interface fails when memory runs out, and when it is called in a way that it forbids. */
static void must(CURLMcode result)
{
	if (result != CURLM_OK)
		abort();
}

/* A descriptor that libcurl closes may be given to the next connection at once. What was reported of the first one is not for the second. */
static void forget_events(struct webhook_multi *m, int fd)
{
	for (int i = m->at; i < m->n_events; i++) {
		if (m->events[i].data.fd == fd)
			m->events[i].data.fd = NO_DESCRIPTOR;
	}
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct webhook_multi *m = arg;
	struct epoll_event e = {.data.fd = fd};
	(void)easy;
	(void)known;
	if (what == CURL_POLL_REMOVE) {
		forget_events(m, fd);
		(void)epoll_ctl(m->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* it is out already when it was closed before */
		return 0;
	}
	e.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) | (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
	if (!epoll_ctl(m->epoll_fd, EPOLL_CTL_MOD, fd, &e))
		return 0;
	return errno == ENOENT && !epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, fd, &e) ? 0 : -1;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct webhook_multi *m = arg;
	(void)multi;
	m->has_deadline = ms >= 0;
	m->deadline_ms = ms >= 0 ? clock_mono_ms() + (uint64_t)ms : 0;
	return 0;
}

struct webhook_multi *webhook_multi_new(size_t connections_max, void (*ended)(void *arg, struct webhook_exchange *x), void *arg)
{
	struct webhook_multi *m = mem_new(struct webhook_multi);
	list_init(&m->running);
	m->ended = ended;
	m->arg = arg;
	m->watched_fd = NO_DESCRIPTOR;
	m->multi = curl_multi_init();
	m->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!m->multi || m->epoll_fd < 0)
		abort();
	must(curl_multi_setopt(m->multi, CURLMOPT_SOCKETFUNCTION, on_socket));
	must(curl_multi_setopt(m->multi, CURLMOPT_SOCKETDATA, m));
	must(curl_multi_setopt(m->multi, CURLMOPT_TIMERFUNCTION, on_timer));
	must(curl_multi_setopt(m->multi, CURLMOPT_TIMERDATA, m));
	must(curl_multi_setopt(m->multi, CURLMOPT_MAXCONNECTS, (long)connections_max));
	return m;
}

void webhook_multi_destroy(struct webhook_multi *m)
{
	if (!m)
		return;
	assert(list_empty(&m->running));
	must(curl_multi_cleanup(m->multi)); /* calls on_socket() for the connections that it closes */
	close(m->epoll_fd);
	free(m);
}

void webhook_multi_watch(struct webhook_multi *m, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
	m->watched_fd = fd;
	if (epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, fd, &e))
		abort();
}

static void end(struct webhook_multi *m, struct webhook_exchange *x, CURLcode result)
{
	must(curl_multi_remove_handle(m->multi, x->easy));
	webhook_exchange_end(x, result);
	list_remove(&x->link);
	m->ended(m->arg, x);
}

void webhook_multi_add(struct webhook_multi *m, struct webhook_exchange *x)
{
	webhook_exchange_begin(x);
	list_append(&m->running, &x->link);
	must(curl_multi_add_handle(m->multi, x->easy)); /* asks on_timer() for a step at once */
}

void webhook_multi_cancel(struct webhook_multi *m, bool all)
{
	list_for_each_safe(it, &m->running) {
		struct webhook_exchange *x = list_entry(it, struct webhook_exchange, link);
		if (!all && !atomic_load(&x->is_cancelled))
			continue;
		atomic_store(&x->is_cancelled, true);
		end(m, x, CURLE_ABORTED_BY_CALLBACK);
	}
}

/* Takes out what libcurl has finished. */
static void take_finished(struct webhook_multi *m)
{
	int left;
	for (CURLMsg *message; (message = curl_multi_info_read(m->multi, &left));) {
		struct webhook_exchange *x;
		CURLcode result = message->data.result; /* the message goes with the handle */
		if (message->msg != CURLMSG_DONE || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &x) != CURLE_OK)
			abort();
		end(m, x, result);
	}
}

/* Whole milliseconds, rounded up: a wait that ends a little early would be followed by others that end at once. */
static int wait_of(const struct webhook_multi *m, int wait_ms)
{
	if (!m->has_deadline)
		return wait_ms;
	uint64_t now_ms = clock_mono_ms();
	int until_ms = m->deadline_ms > now_ms ? (int)(m->deadline_ms - now_ms) : 0;
	return wait_ms >= 0 && wait_ms < until_ms ? wait_ms : until_ms;
}

bool webhook_multi_run(struct webhook_multi *m, int wait_ms)
{
	int running;
	bool is_readable = false;
	m->at = 0;
	m->n_events = epoll_wait(m->epoll_fd, m->events, EVENTS_MAX, wait_of(m, wait_ms));
	if (m->n_events < 0)
		m->n_events = 0; /* EINTR */
	while (m->at < m->n_events) {
		struct epoll_event e = m->events[m->at++];
		if (e.data.fd == NO_DESCRIPTOR)
			continue;
		if (e.data.fd == m->watched_fd) {
			is_readable = true;
			continue;
		}
		int mask = (e.events & EPOLLIN ? CURL_CSELECT_IN : 0) | (e.events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			   (e.events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
		must(curl_multi_socket_action(m->multi, e.data.fd, mask, &running));
	}
	m->n_events = 0;
	if (m->has_deadline && clock_mono_ms() >= m->deadline_ms) {
		m->has_deadline = false;
		must(curl_multi_socket_action(m->multi, CURL_SOCKET_TIMEOUT, 0, &running));
	}
	take_finished(m);
	return is_readable;
}
