/*
 * A descriptor to which lines are written without waiting for its reader: standard error for the log, standard output for what the server
 * prints there.
 *
 * O_NONBLOCK belongs to the open file description. The parent and its other children share that description, and their writes would fail as
 * well. So a pipe or a terminal is opened once more (/proc/self/fd, proc(5)), and a description of our own with O_NONBLOCK takes the
 * descriptor's place. Then nothing that is printed there waits, the message of an assertion included. A socket cannot be opened again: each
 * call passes MSG_DONTWAIT. Other files have no reader. A pipe or a terminal of another user may not be opened again: poll(2) is asked before
 * each write, and a write of at most PIPE_BUF bytes then waits only if another process has filled the pipe in between.
 *
 * Lines are whole: the rest of a line that was taken in part goes out before anything else.
 *
 * The struct that embeds it owns it. There is nothing to free, and the descriptor stays open. Not thread-safe. The process ignores SIGPIPE and
 * SIGXFSZ.
 */
#ifndef PARLEY_BASE_OUTLET_H
#define PARLEY_BASE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

enum { OUTLET_LINE_BYTES = 4096 }; /* PIPE_BUF: a pipe takes a line of this size as a whole or not at all */

enum outlet_kind {
	OUTLET_ASK, /* of a zeroed outlet: poll(2), then write(2) */
	OUTLET_SOCKET,
	OUTLET_FREE, /* write(2) does not wait */
};

struct outlet {
	int fd;
	enum outlet_kind kind;
	size_t n_rest; /* bytes of a line whose beginning was written */
	char rest[OUTLET_LINE_BYTES];
};

/* Examines the descriptor and makes writing to it not wait. */
void outlet_init(struct outlet *o, int fd);
/* Writes a line of at most OUTLET_LINE_BYTES. Returns 0 when the line, or its beginning, is written. Returns a negative errno when nothing of it
 * is; -EAGAIN means that there is no room now. */
int outlet_write(struct outlet *o, const char *line, size_t n);
/* Writes the rest of a line whose beginning was written. Returns 0 when no rest is left, otherwise a negative errno. */
int outlet_flush(struct outlet *o);
/* Waits at most timeout_ms for room. Returns false when there is none. */
bool outlet_wait(const struct outlet *o, int timeout_ms);

#endif
