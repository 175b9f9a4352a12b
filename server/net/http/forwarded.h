/*
 * What trusted proxies tell of the client: its address (X-Forwarded-For), and whether it spoke TLS (X-Forwarded-Proto). Pure. Private to net/.
 *
 * All lines of a header are one list (RFC 9110 sections 5.3 and 5.6.1). Each proxy appends what it knows of the peer that connects to it. So our peer
 * wrote the last element. An element can be believed only if the address in the element behind it is a trusted proxy's. The client is the first
 * element, counted from the end, that is no trusted proxy. When both lists have the same length, the element of X-Forwarded-Proto at the same
 * place counts. When they have not, some proxy passed the header on unchanged or replaced it, and the first element counts. A client can then lie
 * only about itself, because no page can make another person's browser send the header.
 *
 * A comma always separates, in quotes too. Otherwise a quote that a client opens would take in what the proxy appends. After "unknown", an
 * obfuscated name ("_x", RFC 7239 section 6.3) or anything else that is no address, the client is unknown: the proxy that wrote it counts as the
 * client.
 *
 * Forwarded, X-Forwarded-Host, X-Real-IP and similar headers are not read. A proxy that writes X-Forwarded-… passes them on as the client sent them,
 * so they are the client's own words. The host is the one of the Host header.
 */
#ifndef PARLEY_NET_HTTP_FORWARDED_H
#define PARLEY_NET_HTTP_FORWARDED_H

#include "net/accept/address.h"
#include "net/http/http_request.h"

enum { FORWARDED_HOPS_MAX = 32 }; /* a proxy beyond these counts as the client */

enum forwarded_proto { FORWARDED_UNTOLD, FORWARDED_PLAIN, FORWARDED_TLS };

struct forwarded {
	struct peer_address address; /* the peer's own when it names none */
	enum forwarded_proto proto;  /* between the client and the first of the trusted proxies */
};

/* `peer` is the trusted proxy that sent the request. */
void forwarded_read(const struct http_request *r, const struct peer_address *peer, const struct net_network *trusted, size_t n_trusted,
		    struct forwarded *out);

#endif
