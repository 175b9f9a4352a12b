/*
 * The header that a TCP proxy puts before a connection's first byte, to tell whose connection it is: versions 1 (a line) and 2 (binary) of
 * HAProxy's "The PROXY protocol" (proxy-protocol.txt). Pure; any thread.
 *
 * Strict: what the text does not allow is refused, for a guess would give a stranger's address to somebody. Of the extensions (TLV) of version 2
 * only PP2_TYPE_SSL is read, the others are passed over when their lengths are right.
 */
#ifndef PARLEY_NET_ACCEPT_PROXY_HEADER_H
#define PARLEY_NET_ACCEPT_PROXY_HEADER_H

#include "net/accept/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Version 1 has 107 bytes at most. Version 2 announces its length behind 16 bytes; more than this is refused. */
enum { PROXY_HEADER_BYTES_MAX = 16 + 536 };

struct proxy_header {
	size_t n_bytes;              /* of the header itself: what follows is the client's */
	bool has_address;            /* false: LOCAL, UNKNOWN, or no IP address; the socket's peer is all that is known */
	struct peer_address address; /* the client's */
	bool ends_tls;               /* the client spoke TLS with the proxy, which took it off */
};

enum proxy_header_result {
	PROXY_HEADER_WHOLE, /* *out is filled */
	PROXY_HEADER_MORE,  /* all n bytes belong to a header that is not whole yet; never for n = PROXY_HEADER_BYTES_MAX */
	PROXY_HEADER_BAD,
};

enum proxy_header_result proxy_header_read(const uint8_t *bytes, size_t n, struct proxy_header *out);

#endif
