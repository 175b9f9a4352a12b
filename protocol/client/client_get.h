/*
 * One HTTP GET of a short text, such as a health check: over TCP, TLS or a Unix socket. Waits.
 */
#ifndef PARLEY_CLIENT_GET_H
#define PARLEY_CLIENT_GET_H

#include "client/client_fault.h"
#include "client/client_url.h"
#include "codec/buf.h"

#include <stdint.h>

enum { CLIENT_GET_BYTES_MAX = 65536 }; /* of head and body */

/* Appends the body to *body. Returns the status, or a negative errno with *fault filled, within timeout_ms. ca_file is that of client_tls_create(), for https. */
int client_get(const struct client_url *url, const char *path, const char *ca_file, uint32_t timeout_ms, struct buf *body,
	       struct client_fault *fault);

#endif
