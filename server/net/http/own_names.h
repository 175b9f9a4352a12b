/*
 * The names that a server takes for its own without --origin: names of the loopback, literal addresses, and the machine's own names. Any other name may
 * be a foreign one that points here (DNS rebinding), and its pages would then count as ours. Pure except own_names_init(). Private to net/.
 */
#ifndef PARLEY_NET_HTTP_OWN_NAMES_H
#define PARLEY_NET_HTTP_OWN_NAMES_H

#include "net/http/http_request.h"

enum { OWN_NAME_BYTES = 72 };

struct own_names {
	char machine[OWN_NAME_BYTES]; /* gethostname(2), in lower case */
	char first[OWN_NAME_BYTES];   /* its first label */
	char local[OWN_NAME_BYTES];   /* the first label in the domain of multicast DNS (RFC 6762) */
};

/* Asks the machine for its name. */
void own_names_init(struct own_names *names);
/* host[:port], as http_request.h gives it. */
bool own_names_hold(const struct own_names *names, struct http_text host);

#endif
