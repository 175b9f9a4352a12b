#include "bus/redis/redis_dial.h"

#include "base/memory.h"
#include "base/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { WHY_BYTES = 160 };

struct redis_dial {
	struct loop *loop;
	struct redis_address to;
	struct resolve *resolve;
	struct resolve_answer found;
	size_t n_tried;
	int fd;
	struct loop_watch *watch;
	struct loop_timer *timer; /* the end of this try; or of the first turn */
	uint64_t deadline_ms;     /* of all tries */
	char why[WHY_BYTES];      /* of the last address that failed */
	void (*done)(void *arg, int fd, const char *why);
	void *arg;
};

static void try_next(struct redis_dial *d);

static void hang_up(struct redis_dial *d)
{
	loop_watch_destroy(d->watch);
	d->watch = NULL;
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

static void note(struct redis_dial *d, const char *what)
{
	snprintf(d->why, sizeof(d->why), "%s", what);
}

static void set_options(int fd)
{
	const struct {
		int level, name, value;
	} options[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},   {IPPROTO_TCP, TCP_NODELAY, 1}, {IPPROTO_TCP, TCP_KEEPIDLE, 15},
		{IPPROTO_TCP, TCP_KEEPINTVL, 5}, {IPPROTO_TCP, TCP_KEEPCNT, 3},
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int)); /* it works without */
}

static void connected(struct redis_dial *d)
{
	int fd = d->fd;
	d->fd = -1;
	hang_up(d);
	loop_timer_stop(d->timer);
	if (!d->to.is_unix)
		set_options(fd);
	d->done(d->arg, fd, NULL);
}

static void on_watch(void *arg)
{
	struct redis_dial *d = arg;
	int fault = 0;
	socklen_t n = sizeof(fault);
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &fault, &n) < 0)
		fault = errno;
	if (!fault) {
		connected(d);
		return;
	}
	note(d, strerror(fault));
	hang_up(d);
	try_next(d);
}

/* Begins a connection. Returns false when this address fails at once. */
static bool begin(struct redis_dial *d, const struct sockaddr_storage *address, socklen_t n)
{
	d->fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd >= 0 && (connect(d->fd, (const struct sockaddr *)address, n) == 0 || errno == EINPROGRESS)) {
		d->watch = loop_watch_readable(d->loop, d->fd, on_watch, d);
		loop_watch_writable(d->watch, true);
		return true;
	}
	note(d, strerror(errno));
	hang_up(d);
	return false;
}

static void try_next(struct redis_dial *d)
{
	uint64_t now = loop_now_ms(d->loop);
	while (d->n_tried < d->found.n) {
		size_t i = d->n_tried++;
		uint64_t left = d->deadline_ms > now ? d->deadline_ms - now : 1;
		if (begin(d, &d->found.addresses[i].address, d->found.addresses[i].n_bytes)) {
			loop_timer_start(d->timer, left / (d->found.n - i) + 1, 0);
			return;
		}
	}
	loop_timer_stop(d->timer);
	d->done(d->arg, -1, d->why);
}

static void on_found(void *arg, const struct resolve_answer *answer)
{
	struct redis_dial *d = arg;
	resolve_destroy(d->resolve);
	d->resolve = NULL;
	d->found = *answer;
	if (answer->fault) {
		d->found.n = 0;
		snprintf(d->why, sizeof(d->why), "its name is not found: %s", gai_strerror(answer->fault));
	}
	try_next(d);
}

static void start(struct redis_dial *d)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	loop_timer_start(d->timer, REDIS_DIAL_MS, 0);
	if (d->to.is_unix) {
		memcpy(path.sun_path, d->to.path, strlen(d->to.path) + 1);
		memcpy(&d->found.addresses[0].address, &path, sizeof(path));
		d->found.addresses[0].n_bytes = sizeof(path);
		d->found.n = 1;
		try_next(d);
	} else if (resolve_number(d->to.host, d->to.port, &d->found)) {
		try_next(d);
	} else {
		note(d, "its name is not found in time");
		d->resolve = resolve_new(d->loop, d->to.host, d->to.port, on_found, d);
	}
}

/* The first call starts: done() is never called from within redis_dial_new(). Later ones are the end of a try. */
static void on_timer(void *arg)
{
	struct redis_dial *d = arg;
	if (!d->deadline_ms) {
		d->deadline_ms = loop_now_ms(d->loop) + REDIS_DIAL_MS;
		start(d);
		return;
	}
	if (d->fd >= 0)
		note(d, "it does not answer in time");
	resolve_destroy(d->resolve);
	d->resolve = NULL;
	hang_up(d);
	try_next(d);
}

struct redis_dial *redis_dial_new(struct loop *l, const struct redis_address *to, void (*done)(void *arg, int fd, const char *why),
				  void *arg)
{
	struct redis_dial *d = mem_new(struct redis_dial);
	*d = (struct redis_dial){.loop = l, .to = *to, .fd = -1, .done = done, .arg = arg};
	d->timer = loop_timer_new(l, on_timer, d);
	loop_timer_start(d->timer, 0, 0);
	return d;
}

void redis_dial_destroy(struct redis_dial *d)
{
	if (!d)
		return;
	resolve_destroy(d->resolve);
	hang_up(d);
	loop_timer_destroy(d->timer);
	free(d);
}
