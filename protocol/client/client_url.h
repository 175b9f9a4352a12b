/*
 * The address of a server: http://host:port, https://host:port, ws and wss in the same way, or unix:/path. host:port alone means http. A v6 address is in
 * brackets. Pure, no allocation.
 */
#ifndef PARLEY_CLIENT_URL_H
#define PARLEY_CLIENT_URL_H

#include "client/client_fault.h"

#include <stdbool.h>

struct client_url {
	bool is_unix;
	bool is_tls;
	char path[4096];       /* of the Unix socket */
	char host[256];        /* without brackets */
	char port[8];          /* decimal */
	char host_header[280]; /* for the Host header */
};

/* Returns 0, or -EINVAL with *fault filled. */
int client_url_parse(const char *text, struct client_url *out, struct client_fault *fault);

#endif
