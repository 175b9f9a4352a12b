/*
 * The header that a TCP proxy puts before a connection's first byte to name the connection's client: versions 1 (a line) and 2 (binary) of
 * HAProxy's "The PROXY protocol" (proxy-protocol.txt). Pure; any thread.
 *
 * The reader is strict: a header that the specification does not allow is refused, because a wrong guess gives one client the address of
 * another. Of the extensions (TLV) of version 2 it reads PP2_TYPE_SSL. It skips the others when their lengths are right.
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
	size_t n_bytes;              /* of the header itself; the client's bytes follow */
	bool has_address;            /* false for LOCAL, UNKNOWN and other than IP addresses: only the socket's peer is known then */
	struct peer_address address; /* the client's */
	bool ends_tls;               /* the client speaks TLS with the proxy, and the proxy decrypts it */
};

enum proxy_header_result {
	PROXY_HEADER_WHOLE, /* *out is filled */
	PROXY_HEADER_MORE,  /* all n bytes belong to a header that is not whole yet; never for n = PROXY_HEADER_BYTES_MAX */
	PROXY_HEADER_BAD,
};

enum proxy_header_result proxy_header_read(const uint8_t *bytes, size_t n, struct proxy_header *out);

#endif
