/*
 * What trusted proxies say of the client: its address (X-Forwarded-For), and whether it spoke TLS (X-Forwarded-Proto). Pure. Private to net/.
 *
 * Each is one list over all of its lines (RFC 9110 sections 5.3 and 5.6.1), to which every proxy appends what it sees of the one that connects to it. So the
 * last element is the word of our peer, and what stands before an element is true only while the address in that element is a trusted proxy's as well.
 * The element of X-Forwarded-For at which this ends is the client. Its neighbour counts in X-Forwarded-Proto when both lists are of one length. When
 * they are not, some proxy passed the header on unchanged or set it anew, and the first element counts: with it a client can lie about itself only, since no
 * page can make somebody else's browser send the header.
 *
 * A comma separates always, in quotes too: else a quote that a client opens would swallow what the proxy appends. "unknown", obfuscated names ("_x", RFC 7239
 * section 6.3) and whatever is no address leave the client unknown, and the proxy that says so counts as the client.
 *
 * The headers Forwarded, X-Forwarded-Host, X-Real-IP and their like are not read. Proxies that write X-Forwarded-… pass them on as the client sent them, so
 * believing both would be believing the client. The host is Host.
 */
#ifndef PARLEY_NET_HTTP_FORWARDED_H
#define PARLEY_NET_HTTP_FORWARDED_H

#include "net/accept/address.h"
#include "net/http/http_request.h"

enum { FORWARDED_HOPS_MAX = 32 }; /* further proxies count as the client */

enum forwarded_proto { FORWARDED_UNTOLD, FORWARDED_PLAIN, FORWARDED_TLS };

struct forwarded {
	struct peer_address address; /* the peer's own where it tells none */
	enum forwarded_proto proto;  /* between the client and the first of the trusted proxies */
};

/* peer: who sent the request, a trusted proxy. */
void forwarded_read(const struct http_request *r, const struct peer_address *peer, const struct net_network *trusted, size_t n_trusted,
		    struct forwarded *out);

#endif
