/*
 * What lies between a connection's bytes and its socket: nothing, or TLS. Nothing here waits.
 *
 * Owner: the redis_conn. The descriptor stays the connection's, and it is closed after the layer is destroyed. Loop thread only.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_LAYER_H
#define PARLEY_BUS_REDIS_REDIS_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { REDIS_WHY_BYTES = 200 };

struct redis_layer {
	const struct redis_layer_methods *methods;
	bool wants_writable;       /* the last call was -EAGAIN and goes on when the socket can be written; else when it can be read */
	char why[REDIS_WHY_BYTES]; /* after another fault: in words, "" for the errno's own */
};

struct redis_layer_methods {
	/* Both return how many bytes they took (> 0), 0 for the end of the connection (read), -EAGAIN, or another negative errno. A handshake is made on the way.
	 * What read has in memory it returns before -EAGAIN. */
	ssize_t (*read)(struct redis_layer *l, void *bytes, size_t n);
	ssize_t (*write)(struct redis_layer *l, const void *bytes, size_t n);
	void (*destroy)(struct redis_layer *l);
};

#endif
