/*
 * Where a Redis is: redis://[USER@]HOST[:PORT], rediss://… (TLS), unix:/PATH. Passwords are in files, never in an address. Pure.
 *
 * An IPv6 address stands in brackets. What a server announces (Sentinel, Cluster) becomes an address with redis_address_at().
 */
#ifndef PARLEY_BUS_REDIS_REDIS_ADDRESS_H
#define PARLEY_BUS_REDIS_REDIS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REDIS_HOST_BYTES = 256, REDIS_USER_BYTES = 128, REDIS_PATH_BYTES = 108, REDIS_PORT = 6379, REDIS_SHOWN_BYTES = 280 };

struct redis_address {
	bool is_unix, is_tls;
	uint16_t port;
	char host[REDIS_HOST_BYTES]; /* without brackets; also what a certificate has to name */
	char user[REDIS_USER_BYTES]; /* "": the default user */
	char path[REDIS_PATH_BYTES]; /* of a Unix socket */
};

/* Returns NULL, or what the text has to be: the end of "VALUE is not …". */
const char *redis_address_parse(const char *text, struct redis_address *out);
/* The server at host and port (of TCP) that another one told of. User and TLS are as in `like`. Returns false when the host is too long or empty. */
bool redis_address_at(const struct redis_address *like, const char *host, size_t n, uint64_t port, struct redis_address *out);
/* Whether both lead to the same server by the same way. */
bool redis_address_equal(const struct redis_address *a, const struct redis_address *b);
/* As an operator writes it, without the user. */
void redis_address_show(const struct redis_address *a, char out[REDIS_SHOWN_BYTES]);

#endif
