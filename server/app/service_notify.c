#include "app/service_notify.h"

#include "base/memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct service_notify {
	int fd;
	struct sockaddr_un to;
	socklen_t to_bytes;
	struct loop_timer *watchdog;
};

static void feed_watchdog(void *arg)
{
	service_notify_send(arg, "WATCHDOG=1");
}

/* Returns half of the time that the manager allows, in ms, or 0 for no watchdog. */
static uint64_t watchdog_interval(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (usec == NULL || (pid != NULL && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return strtoull(usec, NULL, 10) / 2000;
}

struct service_notify *service_notify_new(struct loop *l)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path != NULL ? strlen(path) : 0;

	if (n == 0 || (path[0] != '/' && path[0] != '@'))
		return NULL;
	struct service_notify *notify = mem_new(struct service_notify);
	if (n >= sizeof notify->to.sun_path) {
		free(notify);
		return NULL;
	}
	notify->to.sun_family = AF_UNIX;
	memcpy(notify->to.sun_path, path, n);
	if (path[0] == '@')
		notify->to.sun_path[0] = '\0'; /* an address in the abstract namespace */
	notify->to_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	uint64_t interval_ms = watchdog_interval();
	if (interval_ms > 0) {
		notify->watchdog = loop_timer_new(l, feed_watchdog, notify);
		loop_timer_start(notify->watchdog, interval_ms, interval_ms);
	}
	return notify;
}

void service_notify_send(struct service_notify *n, const char *state)
{
	if (n == NULL || n->fd < 0)
		return;
	/* Ignores errors: nothing follows from a manager that does not listen. */
	(void)sendto(n->fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&n->to, n->to_bytes);
}

void service_notify_destroy(struct service_notify *n)
{
	if (n == NULL)
		return;
	loop_timer_destroy(n->watchdog);
	if (n->fd >= 0)
		close(n->fd);
	free(n);
}
