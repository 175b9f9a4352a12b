/*
 * A descriptor that lines go out to without ever waiting for whoever reads it: standard error for the log, standard output for what
 * the server says there.
 *
 * O_NONBLOCK belongs to the open file description, which the parent and its other children share, and would have them fail as well. So a
 * pipe or a terminal is opened once more (/proc/self/fd, proc(5)), and a description of our own with O_NONBLOCK takes the descriptor's place: then
 * nothing that is printed there waits, an assertion's last words included. A socket cannot be opened again; each call says MSG_DONTWAIT. Other
 * files have no reader to wait for. Where a pipe or a terminal may not be opened again (another user's), poll(2) is asked before each write,
 * and one of at most PIPE_BUF bytes does not wait after it unless another process was faster.
 *
 * Lines are whole: what was taken of a line only in part goes out to its end before anything else does.
 *
 * Owner: whoever embeds it; nothing to free, the descriptor stays open. Not thread-safe. SIGPIPE and SIGXFSZ are to be ignored.
 */
#ifndef PARLEY_BASE_OUTLET_H
#define PARLEY_BASE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

enum { OUTLET_LINE_BYTES = 4096 }; /* PIPE_BUF: a pipe takes such a line whole or not at all */

enum outlet_kind {
	OUTLET_ASK, /* what zeros are: poll(2), then write(2) */
	OUTLET_SOCKET,
	OUTLET_FREE, /* write(2) does not wait */
};

struct outlet {
	int fd;
	enum outlet_kind kind;
	size_t n_rest; /* bytes of a line whose beginning is out */
	char rest[OUTLET_LINE_BYTES];
};

/* Looks at the descriptor and sees to it that writing does not wait. */
void outlet_init(struct outlet *o, int fd);
/* Writes a line of at most OUTLET_LINE_BYTES. 0, or a negative errno when nothing of it is out; -EAGAIN: there is no room now. */
int outlet_write(struct outlet *o, const char *line, size_t n);
/* Goes on with a line that is out in part. 0, or a negative errno while there is still something of it. */
int outlet_flush(struct outlet *o);
/* Waits until there may be room, or for timeout_ms. False: in vain. */
bool outlet_wait(const struct outlet *o, int timeout_ms);

#endif
