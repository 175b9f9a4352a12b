/*
 * Where a server is: http://host:port (host:port alone means the same), https://host:port, ws and wss in the same way, [v6] addresses in brackets, or
 * unix:/path. Pure, no allocation.
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
	char host_header[280]; /* as the Host header wants it */
};

/* 0, or -EINVAL with *fault filled. */
int client_url_parse(const char *text, struct client_url *out, struct client_fault *fault);

#endif
