/*
 * Finds the addresses of a host's name without delaying the loop. The system's resolver may take half a minute and cannot be stopped, so each question has
 * a thread of its own that nobody waits for: an answer that is no longer wanted is dropped. Whoever asks again and again bounds the threads by the pause
 * between two questions.
 *
 * Owner: whoever asks. Loop thread only.
 */
#ifndef PARLEY_BASE_RESOLVE_H
#define PARLEY_BASE_RESOLVE_H

#include "loop.h"

#include <stddef.h>
#include <sys/socket.h>

struct resolve;

enum { RESOLVE_ADDRESSES_MAX = 16 };

struct resolve_answer {
	int fault; /* 0, or a number for gai_strerror(3) */
	size_t n;  /* at least 1 when there is no fault; further addresses than RESOLVE_ADDRESSES_MAX are left out */
	struct {
		struct sockaddr_storage address;
		socklen_t n_bytes;
	} addresses[RESOLVE_ADDRESSES_MAX];
};

/* Returns true when the host is an address in numbers and *out has it. */
bool resolve_number(const char *host, uint16_t port, struct resolve_answer *out);
/* Calls done(arg, answer) once, from the loop. The call may destroy the question. Returns NULL when no thread or descriptor is to be had. */
struct resolve *resolve_new(struct loop *l, const char *host, uint16_t port, void (*done)(void *arg, const struct resolve_answer *answer),
			    void *arg);
/* Done is not called any more. Accepts NULL. */
void resolve_destroy(struct resolve *r);

#endif
