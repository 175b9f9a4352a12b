#include "base/outlet.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert((int)OUTLET_LINE_BYTES <= PIPE_BUF, "a pipe takes a line whole or not at all");

/* Puts an open file description of our own in the descriptor's place. */
static bool open_again(int fd)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0)
		return false;
	bool moved = dup2(own, fd) >= 0;
	close(own);
	return moved;
}

void outlet_init(struct outlet *o, int fd)
{
	struct stat st;

	*o = (struct outlet){.fd = fd};
	if (fstat(fd, &st) < 0)
		return;
	if (S_ISSOCK(st.st_mode))
		o->kind = OUTLET_SOCKET;
	else if (!S_ISFIFO(st.st_mode) && !isatty(fd))
		o->kind = OUTLET_FREE;
	else if (open_again(fd))
		o->kind = OUTLET_FREE;
}

static ssize_t write_some(const struct outlet *o, const char *bytes, size_t n)
{
	if (o->kind == OUTLET_SOCKET)
		return send(o->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (o->kind == OUTLET_ASK && !outlet_wait(o, 0)) {
		errno = EAGAIN;
		return -1;
	}
	return write(o->fd, bytes, n);
}

/* Writes n > 0 bytes. Returns how many are out, or a negative errno when none is. */
static ssize_t write_all(const struct outlet *o, const char *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t written = write_some(o, bytes + done, n - done);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return done > 0 ? (ssize_t)done : written < 0 ? -errno : -EIO;
		done += (size_t)written;
	}
	return (ssize_t)done;
}

int outlet_flush(struct outlet *o)
{
	if (o->n_rest == 0)
		return 0;
	ssize_t done = write_all(o, o->rest, o->n_rest);
	if (done < 0)
		return (int)done;
	o->n_rest -= (size_t)done;
	memmove(o->rest, o->rest + done, o->n_rest);
	return o->n_rest > 0 ? -EAGAIN : 0;
}

int outlet_write(struct outlet *o, const char *line, size_t n)
{
	assert(n > 0 && n <= sizeof o->rest);
	int failed = outlet_flush(o);
	if (failed)
		return failed;
	ssize_t done = write_all(o, line, n);
	if (done < 0)
		return (int)done;
	o->n_rest = n - (size_t)done;
	memcpy(o->rest, line + done, o->n_rest);
	return 0;
}

bool outlet_wait(const struct outlet *o, int timeout_ms)
{
	struct pollfd polled = {.fd = o->fd, .events = POLLOUT};

	return poll(&polled, 1, timeout_ms) > 0; /* the next write reports a reader that has gone */
}
